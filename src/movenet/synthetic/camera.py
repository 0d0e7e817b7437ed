"""A simulated camera over a photo whose keypoints are known: frames with an exact truth.

Where every keypoint is in every frame follows from the camera's own motion, so nothing is annotated by eye.
Each frame is rendered anew, with the smear of an open shutter and fresh sensor noise, so that an estimator
trembles as on real video. Beyond the photo lie its borders, blurred away; an empty scene is the photo's
colours without the person.

All coordinates are pixels, x right and y down, from the top-left corner of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.errors import DataError, MediaError
from movenet.media.photo import MAX_PHOTO_PIXELS
from movenet.media.picture_file import PictureFile

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]
Light = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Filming:
    """How the camera films.

    Raises:
        DataError: On making one without pixels, or of fewer than three frames.
    """

    width: int = 640
    height: int = 360
    rate_hz: float = 30.0
    seconds: float = 4.0
    shutter: float = 0.5
    """Share of a frame's time in which light comes in: motion smears over it, the truth is its middle."""
    noise: float = 3.0
    """Standard deviation of the sensor's noise, in grey levels of 255."""
    hand: float = 0.003
    """RMS sway of the hand, in picture heights; also its RMS roll, in radians."""

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or self.rate_hz <= 0 or self.frame_count < 3:
            raise DataError(f"expected a picture of at least one pixel and three frames of it, got {self}")

    @property
    def frame_count(self) -> int:
        """How many frames a clip has."""
        return round(self.seconds * self.rate_hz)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is true in one frame."""

    keypoints: NDArray[np.float32]
    """Shape (17, 2): x, y in pixels of the frame, inside it or not; NaN where unlabelled, or nobody there."""
    visible: float
    """Share of the labelled keypoints inside the frame, 0…1; 0 in an empty scene."""
    box: tuple[float, float, float, float]
    """x, y, width, height around the person in pixels, inside the frame or not; NaN in an empty scene."""
    area: float
    """Area of the whole person's segment, in square pixels of the frame; 0 in an empty scene."""

    @property
    def size_px(self) -> float:
        """The longer edge around the labelled keypoints, in pixels; NaN in an empty scene."""
        known = self.keypoints[np.isfinite(self.keypoints).all(axis=1)]
        return float(np.ptp(known, axis=0).max()) if len(known) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A photo of one person, as annotated."""

    path: Path
    keypoints: Floats
    """Shape (17, 2): x, y in pixels of the photo; NaN where unlabelled."""
    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the photo."""
    area: float
    """Of the person's segment, in square pixels of the photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One uninterrupted take: where the camera looks in each of its T frames."""

    scene: Literal["person", "empty"]
    centre: Floats
    """Shape (T, 2): the point of the photo, in its pixels, that stands in the middle of the frame."""
    scale: Floats
    """Shape (T,): pixels of the frame for each of the photo."""
    roll: Floats
    """Shape (T,): by how many radians the picture is turned, clockwise."""

    def __len__(self) -> int:
        return len(self.scale)

    def matrix(self, at: float, filming: Filming) -> Floats:
        """Return the (2, 3) map from the photo's pixels to the frame's at frame `at`, whole or in between."""
        path = np.column_stack([self.centre, self.scale, self.roll])
        x, y, scale, roll = (np.interp(at, np.arange(len(self)), column) for column in path.T)
        turn = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        middle = np.array([filming.width / 2, filming.height / 2])
        return np.column_stack([turn, middle - turn @ (x, y)])


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A short film with its truth; the same clip shows the same frames each time."""

    name: str
    subject: Subject
    shots: tuple[Shot, ...]
    filming: Filming
    seed: int
    """Of the sensor's noise and of what an empty scene looks like."""

    def __len__(self) -> int:
        return sum(len(shot) for shot in self.shots)

    def truths(self) -> list[Truth]:
        """Return what is true in each frame, without rendering any."""
        return [
            _truth(self.subject, shot, at, self.filming) for shot in self.shots for at in range(len(shot))
        ]

    def frames(self) -> Iterator[tuple[Image, float, Truth]]:
        """Yield (image (height, width, 3) uint8 RGB, time in seconds, truth), rendered one by one.

        Raises:
            DataError: If the photo cannot be read.
        """
        rng = np.random.default_rng(self.seed)
        photo = read_stored(self.subject.path)
        plates = {"person": _Plate.around(photo)}
        if any(shot.scene == "empty" for shot in self.shots):
            plates["empty"] = _Plate.around(emptied(photo, self.subject.box, rng))
        moments = ((shot, at) for shot in self.shots for at in range(len(shot)))
        for index, (shot, at) in enumerate(moments):
            light = _exposure(plates[shot.scene], shot, at, self.filming)
            light += rng.standard_normal(light.shape, np.float32) * self.filming.noise
            image = np.clip(np.rint(light), 0, 255).astype(np.uint8)
            yield image, index / self.filming.rate_hz, _truth(self.subject, shot, at, self.filming)


_EXPOSURES: Final = 3
"""Moments averaged into one frame."""


def _truth(subject: Subject, shot: Shot, at: int, filming: Filming) -> Truth:
    if shot.scene == "empty":
        nan = float("nan")
        return Truth(np.full(subject.keypoints.shape, nan, np.float32), 0.0, (nan, nan, nan, nan), 0.0)
    matrix = shot.matrix(at, filming)
    points = _moved(matrix, subject.keypoints)
    known = points[np.isfinite(points).all(axis=1)]
    inside = ((known >= 0) & (known < (filming.width, filming.height))).all(axis=1)
    x, y, width, height = subject.box
    corners = _moved(matrix, np.array([(x, y), (x + width, y), (x, y + height), (x + width, y + height)]))
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = (float(left), float(top), float(right - left), float(bottom - top))
    area = subject.area * float(shot.scale[at]) ** 2
    return Truth(points.astype(np.float32), float(inside.mean()) if len(known) else 0.0, box, area)


def _moved(matrix: Floats, points: Floats) -> Floats:
    """Return `points` (n, 2) moved by the affine `matrix` (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


@dataclass(frozen=True, slots=True, eq=False)
class _Plate:
    """A photo with its surroundings painted on."""

    image: Image
    margin: int
    """How many pixels were added on each side."""

    @classmethod
    def around(cls, photo: Image) -> _Plate:
        """Return the photo, its borders drawn out, and blurred the more the farther they are from it.

        Nothing is mirrored: a mirrored person would be a second one.
        """
        margin = max(2, max(photo.shape) // 2)
        drawn_out = cv2.copyMakeBorder(photo, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        outside = np.ones(drawn_out.shape[:2], np.uint8)
        outside[margin:-margin, margin:-margin] = 0
        share = np.clip(cv2.distanceTransform(outside, cv2.DIST_L2, 3)[:, :, None] / (margin / 4), 0, 1)
        blurred = _blur(drawn_out.astype(np.float32), margin / 4)
        return cls(np.rint(drawn_out + share * (blurred - drawn_out)).clip(0, 255).astype(np.uint8), margin)

    def seen(self, matrix: Floats, size: tuple[int, int]) -> Image:
        """Return what `matrix`, from photo to frame, shows in a frame of `size` (width, height)."""
        # Twice the size, then averaged down, so that shrinking does not alias. OpenCV counts from the centre
        # of the first pixel, `matrix` from its corner.
        large = 2.0 * matrix
        large[:, 2] += large[:, :2] @ (0.5 - self.margin, 0.5 - self.margin) - 0.5
        double = (2 * size[0], 2 * size[1])
        picture = cv2.warpAffine(self.image, large, double, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _exposure(plate: _Plate, shot: Shot, at: int, filming: Filming) -> Light:
    """Return the light of frame `at`, (H, W, 3): the mean of moments spread over the open shutter."""
    offsets = (np.arange(_EXPOSURES) - (_EXPOSURES - 1) / 2) / _EXPOSURES * filming.shutter
    moments = [plate.seen(shot.matrix(at + o, filming), (filming.width, filming.height)) for o in offsets]
    return np.asarray(np.mean(moments, axis=0, dtype=np.float32))


def emptied(photo: Image, box: tuple[float, float, float, float], rng: np.random.Generator) -> Image:
    """Return the blurred colours of the photo outside the person's box, with a random texture, same size."""
    height, width = photo.shape[:2]
    x, y, w, h = box
    kept = np.ones((height, width, 1), np.float32)
    kept[max(0, int(y - h / 10)) : int(y + 1.1 * h), max(0, int(x - w / 10)) : int(x + 1.1 * w)] = 1e-3
    spread = max(height, width) / 10
    colours = _blur(photo * kept, spread) / np.maximum(_blur(kept, spread), 1e-4)
    for cells, contrast in ((4, 12.0), (12, 8.0), (40, 6.0), (120, 4.0)):
        grid = rng.standard_normal((cells, cells), np.float32) * contrast
        colours += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)[:, :, None]
    return np.asarray(np.rint(colours).clip(0, 255), np.uint8)


def _blur(values: Light, sigma: float) -> Light:
    """Return `values` (H, W, C) blurred by a Gaussian of `sigma` px, reckoned on a smaller copy for speed."""
    height, width = values.shape[:2]
    shrink = max(1.0, sigma / 4)
    small_size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.resize(values, small_size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return np.asarray(cv2.resize(small, (width, height)), np.float32).reshape(values.shape)


def read_stored(path: Path) -> Image:
    """Return a photo, (H, W, 3) uint8 RGB, in the pixels in which it is stored and annotated.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        # Annotations count the stored pixels, so an orientation tag must not turn them.
        return PictureFile.open(path).stored_pixels(MAX_PHOTO_PIXELS)
    except MediaError as error:
        raise DataError(str(error)) from error
