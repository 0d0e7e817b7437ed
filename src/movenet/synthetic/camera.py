"""A simulated camera that moves over an annotated photo: video with exact ground truth.

The position of every keypoint in every frame follows from the annotation and the camera's motion. Each frame is
rendered with motion blur and new sensor noise, so that an estimator shows jitter as on real video. Outside the photo
its borders are extended and blurred; an empty scene shows the colours of the photo without the person.

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

EXPOSURES: Final = 3
"""Instants averaged into one frame."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Format of the video, and imperfections of the camera.

    Raises:
        DataError: if the picture has no pixels, or the video fewer than three frames.
    """

    width: int = 640
    height: int = 360
    rate_hz: float = 30.0
    seconds: float = 4.0
    shutter: float = 0.5
    """Exposure time as a share of the frame's duration, 0…1; the ground truth is the middle of the exposure."""
    noise: float = 3.0
    """Standard deviation of the sensor noise, in grey levels of 0…255."""
    hand_shake: float = 0.003
    """RMS displacement by a hand-held camera, in picture heights; also its RMS roll, in radians."""

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or self.rate_hz <= 0 or self.frame_count < 3:
            raise DataError(f"expected a picture of at least one pixel and three frames of it, got {self}")

    @property
    def frame_count(self) -> int:
        """Number of frames of the video."""
        return round(self.seconds * self.rate_hz)


@dataclass(frozen=True, slots=True, eq=False)
class FrameTruth:
    """Ground truth of one person in one frame."""

    keypoints: NDArray[np.float32]
    """Shape (17, 2): x, y in pixels of the frame, inside it or not; NaN where unlabelled, and in an empty scene."""
    visible: float
    """Share of the labelled keypoints inside the frame, 0…1; 0 in an empty scene."""
    box: tuple[float, float, float, float]
    """x, y, width, height around the person in pixels, inside the frame or not; NaN in an empty scene."""
    area: float
    """Area of the whole person's segment, in square pixels of the frame; 0 in an empty scene."""
    passer_by: FrameTruth | None = None
    """The same of a second person who walks past; None if there is none."""

    @property
    def size_px(self) -> float:
        """The longer edge around the labelled keypoints, in pixels; NaN in an empty scene."""
        known = self.keypoints[np.isfinite(self.keypoints).all(axis=1)]
        return float(np.ptp(known, axis=0).max()) if len(known) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class PersonPhoto:
    """An annotated photo of one person."""

    path: Path
    keypoints: Floats
    """Shape (17, 2): x, y in pixels of the photo; NaN where unlabelled."""
    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the photo."""
    area: float
    """Area of the person's segment, in square pixels of the photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A part of the video without a cut: the camera's path over T frames."""

    scene: Literal["person", "empty"]
    centre: Floats
    """Shape (T, 2): the point of the photo, in its pixels, shown in the middle of the frame."""
    scale: Floats
    """Shape (T,): pixels of the frame per pixel of the photo."""
    roll: Floats
    """Shape (T,): rotation of the picture in radians, clockwise."""

    def __len__(self) -> int:
        return len(self.scale)

    def matrix(self, at: float, camera: CameraSettings) -> Floats:
        """Return the (2, 3) map from the photo's pixels to the frame's at frame `at`, which may be fractional."""
        path = np.column_stack([self.centre, self.scale, self.roll])
        x, y, scale, roll = (np.interp(at, np.arange(len(self)), column) for column in path.T)
        turn = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        middle = np.array([camera.width / 2, camera.height / 2])
        return np.column_stack([turn, middle - turn @ (x, y)])


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A short video of one person with its ground truth; rendering is deterministic."""

    name: str
    person: PersonPhoto
    shots: tuple[Shot, ...]
    camera: CameraSettings
    seed: int
    """Seed of the sensor noise and of the texture of empty scenes."""

    def __len__(self) -> int:
        return sum(len(shot) for shot in self.shots)

    def truths(self) -> list[FrameTruth]:
        """Return the ground truth of each frame, without rendering."""
        return [_truth(self.person, shot, at, self.camera) for shot in self.shots for at in range(len(shot))]

    def frames(self) -> Iterator[tuple[Image, float]]:
        """Yield (image (height, width, 3) uint8 RGB, time in seconds), rendered one by one.

        Raises:
            DataError: If the photo cannot be read.
        """
        rng = np.random.default_rng(self.seed)
        photo = read_annotated_photo(self.person.path)
        photos = {"person": _ExtendedPhoto.of(photo)}
        if any(shot.scene == "empty" for shot in self.shots):
            photos["empty"] = _ExtendedPhoto.of(without_person(photo, self.person.box, rng))
        steps = ((shot, at) for shot in self.shots for at in range(len(shot)))
        for index, (shot, at) in enumerate(steps):
            light = _exposure(photos[shot.scene], shot, at, self.camera)
            light += rng.standard_normal(light.shape, np.float32) * self.camera.noise
            image = np.clip(np.rint(light), 0, 255).astype(np.uint8)
            yield image, index / self.camera.rate_hz


def _truth(person: PersonPhoto, shot: Shot, at: int, camera: CameraSettings) -> FrameTruth:
    if shot.scene == "empty":
        nan = float("nan")
        return FrameTruth(np.full(person.keypoints.shape, nan, np.float32), 0.0, (nan, nan, nan, nan), 0.0)
    matrix = shot.matrix(at, camera)
    points = transform(matrix, person.keypoints)
    known = points[np.isfinite(points).all(axis=1)]
    inside = ((known >= 0) & (known < (camera.width, camera.height))).all(axis=1)
    x, y, width, height = person.box
    corners = transform(matrix, np.array([(x, y), (x + width, y), (x, y + height), (x + width, y + height)]))
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = (float(left), float(top), float(right - left), float(bottom - top))
    area = person.area * float(shot.scale[at]) ** 2
    return FrameTruth(points.astype(np.float32), float(inside.mean()) if len(known) else 0.0, box, area)


def transform(matrix: Floats, points: Floats) -> Floats:
    """Return `points` (n, 2) transformed by the affine `matrix` (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


@dataclass(frozen=True, slots=True, eq=False)
class _ExtendedPhoto:
    """A photo with extended borders."""

    image: Image
    margin: int
    """Pixels added on each side."""

    @classmethod
    def of(cls, photo: Image) -> _ExtendedPhoto:
        """Return the photo with its border pixels repeated, and blurred the more the farther they are from it.

        Nothing is mirrored: a mirrored person would be a second one.
        """
        margin = max(2, max(photo.shape) // 2)
        extended = cv2.copyMakeBorder(photo, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        outside = np.ones(extended.shape[:2], np.uint8)
        outside[margin:-margin, margin:-margin] = 0
        share = np.clip(cv2.distanceTransform(outside, cv2.DIST_L2, 3)[:, :, None] / (margin / 4), 0, 1)
        blurred = _blur(extended.astype(np.float32), margin / 4)
        return cls(np.rint(extended + share * (blurred - extended)).clip(0, 255).astype(np.uint8), margin)

    def render(self, matrix: Floats, size: tuple[int, int]) -> Image:
        """Return the frame of `size` (width, height) under `matrix`, (2, 3) from photo to frame."""
        # Rendered at twice the size and averaged down, against aliasing. OpenCV counts from the centre of the first
        # pixel, `matrix` from its corner.
        large = 2.0 * matrix
        large[:, 2] += large[:, :2] @ (0.5 - self.margin, 0.5 - self.margin) - 0.5
        double = (2 * size[0], 2 * size[1])
        picture = cv2.warpAffine(self.image, large, double, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _exposure(photo: _ExtendedPhoto, shot: Shot, at: int, camera: CameraSettings) -> Light:
    """Return frame `at`, (H, W, 3) float32: the mean of instants spread over the exposure time."""
    offsets = (np.arange(EXPOSURES) - (EXPOSURES - 1) / 2) / EXPOSURES * camera.shutter
    instants = [photo.render(shot.matrix(at + o, camera), (camera.width, camera.height)) for o in offsets]
    return np.asarray(np.mean(instants, axis=0, dtype=np.float32))


def without_person(photo: Image, box: tuple[float, float, float, float], rng: np.random.Generator) -> Image:
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
    """Return `values` (H, W, C) blurred by a Gaussian of `sigma` px, computed on a smaller copy for speed."""
    height, width = values.shape[:2]
    shrink = max(1.0, sigma / 4)
    small_size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.resize(values, small_size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return np.asarray(cv2.resize(small, (width, height)), np.float32).reshape(values.shape)


def read_annotated_photo(path: Path) -> Image:
    """Return a photo, (H, W, 3) uint8 RGB, in its stored orientation, to which annotations refer.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return PictureFile.open(path).stored_pixels(MAX_PHOTO_PIXELS)
    except MediaError as error:
        raise DataError(str(error)) from error
