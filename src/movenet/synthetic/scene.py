"""Several people who walk past each other, composed from photos, with an exact truth: who is where in every frame.

Each person is cut out of a photo along the body that the keypoints draw, and walks in front of a blurred backdrop;
whoever comes later in the list hides those before. The camera sways, light comes in while the shutter is open, the
sensor adds noise, as in `movenet.synthetic.camera`. All coordinates are pixels, x right and y down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.pose import BONES
from movenet.synthetic.camera import Filming, Floats, Image, Light, Subject, Truth, emptied, read_stored

EXPOSURES: Final = 3
"""Moments averaged into one frame."""
LIMB: Final = 0.17
"""Half the width of what is cut out along a bone, relative to √(area of the person)."""
HEAD: Final = 0.33
"""Radius of what is cut out around the face, likewise."""
FACE: Final = slice(0, 5)
TORSO: Final = [5, 6, 12, 11]
"""Shoulders and hips in the order of a ring."""


@dataclass(frozen=True, slots=True, eq=False)
class Walker:
    """One person of a scene."""

    subject: Subject
    spot: Floats
    """Shape (T, 2): the middle of their box in each frame, x, y in pixels of the frame, inside it or not."""
    scale: float
    """Pixels of the frame for each of the photo."""

    def matrix(self, at: float, sway: Floats) -> Floats:
        """Return the (2, 3) map from the photo's pixels to the frame's at frame `at`, whole or in between."""
        spot = _between(self.spot + sway, at)
        left, top, width, height = self.subject.box
        middle = np.array([left + width / 2, top + height / 2])
        return np.column_stack([self.scale * np.eye(2), spot - self.scale * middle])

    def truth(
        self, at: int, sway: Floats, nearer: Sequence[tuple[Walker, Image]], size: tuple[int, int]
    ) -> Truth:
        """Return what is true in frame `at`, given those nearer to the camera with their `body`."""
        matrix = self.matrix(at, sway)
        points = _moved(matrix, self.subject.keypoints)
        known = _is_known(points)
        shown = known & ((points >= 0) & (points < size)).all(axis=1)
        for other, mask in nearer:
            shown &= ~_covered(mask, _moved(_inverse(other.matrix(at, sway)), points))
        x, y, width, height = self.subject.box
        left, top = matrix @ (x, y, 1.0)
        box = (float(left), float(top), width * self.scale, height * self.scale)
        visible = float(shown.sum() / known.sum())
        return Truth(points.astype(np.float32), visible, box, self.subject.area * self.scale**2)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A short film of several people with its truth; the same scene shows the same frames each time."""

    name: str
    walkers: tuple[Walker, ...]
    """From the farthest to the nearest, who hides the others."""
    sway: Floats
    """Shape (T, 2): how far the hand that holds the camera moves everything, in pixels."""
    filming: Filming
    seed: int
    """Of the sensor's noise and of what the backdrop looks like."""

    def __len__(self) -> int:
        return len(self.sway)

    def truths(self) -> list[list[Truth]]:
        """Return for each frame what is true of each walker, in their order; what others hide is not visible."""
        size = (self.filming.width, self.filming.height)
        bodies = [(walker, body(walker.subject)) for walker in self.walkers]
        return [
            [
                walker.truth(at, self.sway, bodies[place + 1 :], size)
                for place, walker in enumerate(self.walkers)
            ]
            for at in range(len(self))
        ]

    def frames(self) -> Iterator[tuple[Image, float]]:
        """Yield (image (height, width, 3) uint8 RGB, time in seconds), rendered one by one.

        Raises:
            DataError: If a photo cannot be read.
        """
        rng = np.random.default_rng(self.seed)
        photos = [read_stored(walker.subject.path) for walker in self.walkers]
        backdrop = emptied(photos[0], self.walkers[0].subject.box, rng)
        backdrop = np.asarray(cv2.resize(backdrop, (self.filming.width, self.filming.height)), np.uint8)
        layers = [_cut_out(walker.subject, photo) for walker, photo in zip(self.walkers, photos, strict=True)]
        offsets = (np.arange(EXPOSURES) - (EXPOSURES - 1) / 2) / EXPOSURES * self.filming.shutter
        for at in range(len(self)):
            moments = [self._moment(backdrop, layers, at + offset) for offset in offsets]
            light = np.mean(moments, axis=0, dtype=np.float32)
            light += rng.standard_normal(light.shape, np.float32) * self.filming.noise
            yield np.clip(np.rint(light), 0, 255).astype(np.uint8), at / self.filming.rate_hz

    def _moment(self, backdrop: Image, layers: Sequence[_CutOut], at: float) -> Light:
        """Return the light (H, W, 3) at a moment, `at` frames after the start."""
        shift = np.column_stack([np.eye(2), _between(self.sway, at)])
        size = (self.filming.width, self.filming.height)
        light = cv2.warpAffine(backdrop, shift, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        for walker, layer in zip(self.walkers, layers, strict=True):
            _lay_over(light, layer, walker.matrix(at, self.sway))
        return light


def body(subject: Subject) -> Image:
    """Return where in the photo the body is, (H, W) uint8, 255 inside: limbs, torso and head around the keypoints.

    It reaches from the photo's corner as far as the person does.
    """
    unit = float(np.sqrt(subject.area))
    x, y, width, height = subject.box
    mask = np.zeros((int(y + height + unit), int(x + width + unit)), np.uint8)
    points = subject.keypoints
    known = _is_known(points)
    whole = np.where(known[:, None], points, 0).round().astype(np.int32)
    for a, b in BONES:
        if known[a] and known[b]:
            cv2.line(mask, whole[a].tolist(), whole[b].tolist(), 255, max(1, round(2 * LIMB * unit)))
    if known[TORSO].all():
        cv2.fillConvexPoly(mask, cv2.convexHull(whole[TORSO]), 255)
    if known[FACE].any():
        centre = points[FACE][known[FACE]].mean(axis=0)
        cv2.circle(mask, centre.round().astype(int).tolist(), max(1, round(HEAD * unit)), 255, cv2.FILLED)
    return mask


class _CutOut(NamedTuple):
    """Somebody cut out of their photo."""

    light: Light
    """(h, w, 4): the photo's red, green and blue times how much is theirs, and that share, 0…1."""
    corner: Floats
    """Shape (2,): x, y of its top left in the photo."""


def _cut_out(subject: Subject, photo: Image) -> _CutOut:
    mask = np.zeros(photo.shape[:2], np.uint8)
    drawn = body(subject)[: photo.shape[0], : photo.shape[1]]
    mask[: drawn.shape[0], : drawn.shape[1]] = drawn
    share = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.5)
    x, y, width, height = cv2.boundingRect((share > 0).astype(np.uint8))
    part = np.s_[y : y + height, x : x + width]
    light = np.dstack([photo[part] * share[part][..., None], share[part]])
    return _CutOut(light.astype(np.float32), np.array([x, y], np.float64))


def _lay_over(light: Light, person: _CutOut, matrix: Floats) -> None:
    """Lay somebody over `light` (H, W, 3) through `matrix`, from their photo's pixels to the frame's."""
    size = np.array(person.light.shape[1::-1])
    (left, top), (right, bottom) = _moved(matrix, person.corner + np.array([[0, 0], size]))
    left, top = max(math.floor(left), 0), max(math.floor(top), 0)
    right, bottom = min(math.ceil(right), light.shape[1]), min(math.ceil(bottom), light.shape[0])
    if left >= right or top >= bottom:
        return
    # OpenCV counts from the centre of the first pixel, `matrix` from its corner.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (person.corner + 0.5) - 0.5 - (left, top)
    seen = cv2.warpAffine(person.light, shifted, (right - left, bottom - top))
    part = light[top:bottom, left:right]
    part *= 1 - seen[..., 3:]
    part += seen[..., :3]


def _covered(mask: Image, points: Floats) -> NDArray[np.bool_]:
    """Return (n,): whether points (n, 2) lie inside the body; those that are NaN do not."""
    inside = _is_known(points) & ((points >= 0) & (points < mask.shape[::-1])).all(axis=1)
    columns, rows = np.where(inside[:, None], points, 0).astype(int).T
    return np.asarray(inside & (mask[rows, columns] > 0))


def _is_known(points: Floats) -> NDArray[np.bool_]:
    """Return (n,): which of the points (n, 2) are labelled."""
    return np.asarray(np.isfinite(points).all(axis=1))


def _between(path: Floats, at: float) -> Floats:
    """Return where a path (T, 2) is at frame `at`, whole or in between."""
    frames = np.arange(len(path))
    return np.array([np.interp(at, frames, path[:, 0]), np.interp(at, frames, path[:, 1])])


def _inverse(matrix: Floats) -> Floats:
    turn = np.linalg.inv(matrix[:, :2])
    return np.column_stack([turn, -turn @ matrix[:, 2]])


def _moved(matrix: Floats, points: Floats) -> Floats:
    """Return `points` (n, 2) moved by the affine `matrix` (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])
