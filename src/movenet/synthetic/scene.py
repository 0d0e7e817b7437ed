"""Synthetic video of several people, composed from annotated photos, with exact ground truth.

Each person is cut out of a photo along a body mask drawn from the keypoints, and moves in front of a blurred
background. People later in the list occlude those before. Hand shake, motion blur and sensor noise are as in
`movenet.synthetic.camera`. All coordinates are pixels, x right and y down.
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
from movenet.synthetic.camera import (
    EXPOSURES,
    CameraSettings,
    Floats,
    FrameTruth,
    Image,
    Light,
    PersonPhoto,
    read_annotated_photo,
    transform,
    without_person,
)

LIMB_RADIUS: Final = 0.17
"""Half the width of the mask along a bone, relative to √(area of the person)."""
HEAD_RADIUS: Final = 0.33
"""Radius of the mask around the face, relative to √(area of the person)."""
FACE: Final = slice(0, 5)
TORSO: Final = [5, 6, 12, 11]
"""Shoulders and hips, in order around the torso."""


@dataclass(frozen=True, slots=True, eq=False)
class Walker:
    """One person of a scene."""

    person: PersonPhoto
    center: Floats
    """Shape (T, 2): the middle of the person's box in each frame, x, y in pixels of the frame, inside it or not."""
    scale: float
    """Pixels of the frame per pixel of the photo."""

    def matrix(self, at: float, shake: Floats) -> Floats:
        """Return the (2, 3) map from the photo's pixels to the frame's at frame `at`, which may be fractional."""
        center = _interpolate(self.center + shake, at)
        left, top, width, height = self.person.box
        middle = np.array([left + width / 2, top + height / 2])
        return np.column_stack([self.scale * np.eye(2), center - self.scale * middle])

    def covers(self, points: Floats, at: float, shake: Floats, mask: Image) -> NDArray[np.bool_]:
        """Return (n,): which `points` (n, 2) of frame `at` lie behind the walker, given their `body_mask`."""
        return _is_inside_mask(mask, transform(_inverse(self.matrix(at, shake)), points))

    def truth(
        self, at: int, shake: Floats, nearer: Sequence[tuple[Walker, Image]], size: tuple[int, int]
    ) -> FrameTruth:
        """Return the ground truth of frame `at`, given the people nearer to the camera with their `body_mask`."""
        matrix = self.matrix(at, shake)
        points = transform(matrix, self.person.keypoints)
        known = _is_known(points)
        shown = known & ((points >= 0) & (points < size)).all(axis=1)
        for other, mask in nearer:
            shown &= ~other.covers(points, at, shake, mask)
        x, y, width, height = self.person.box
        left, top = matrix @ (x, y, 1.0)
        box = (float(left), float(top), width * self.scale, height * self.scale)
        visible = float(shown.sum() / known.sum())
        return FrameTruth(points.astype(np.float32), visible, box, self.person.area * self.scale**2)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A short video of several people with its ground truth; rendering is deterministic."""

    name: str
    walkers: tuple[Walker, ...]
    """In order from the farthest to the nearest; nearer people occlude the others."""
    shake: Floats
    """Shape (T, 2): displacement of the picture by hand shake, in pixels."""
    camera: CameraSettings
    seed: int
    """Seed of the sensor noise and of the background texture."""

    def __len__(self) -> int:
        return len(self.shake)

    def truths(self) -> list[list[FrameTruth]]:
        """Return for each frame the ground truth of each walker, in their order; occluded keypoints are not visible."""
        size = (self.camera.width, self.camera.height)
        masks = [(walker, body_mask(walker.person)) for walker in self.walkers]
        return [
            [
                walker.truth(at, self.shake, masks[place + 1 :], size)
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
        photos = [read_annotated_photo(walker.person.path) for walker in self.walkers]
        background = without_person(photos[0], self.walkers[0].person.box, rng)
        background = np.asarray(cv2.resize(background, (self.camera.width, self.camera.height)), np.uint8)
        layers = [cut_out(walker.person, photo) for walker, photo in zip(self.walkers, photos, strict=True)]
        offsets = (np.arange(EXPOSURES) - (EXPOSURES - 1) / 2) / EXPOSURES * self.camera.shutter
        for at in range(len(self)):
            instants = [self._instant(background, layers, at + offset) for offset in offsets]
            light = np.mean(instants, axis=0, dtype=np.float32)
            light += rng.standard_normal(light.shape, np.float32) * self.camera.noise
            yield np.clip(np.rint(light), 0, 255).astype(np.uint8), at / self.camera.rate_hz

    def _instant(self, background: Image, layers: Sequence[CutOut], at: float) -> Light:
        """Return the picture, (H, W, 3) float32, `at` frames after the start."""
        shift = np.column_stack([np.eye(2), _interpolate(self.shake, at)])
        size = (self.camera.width, self.camera.height)
        light = cv2.warpAffine(background, shift, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        for walker, layer in zip(self.walkers, layers, strict=True):
            composite(light, layer, walker.matrix(at, self.shake))
        return light


def body_mask(person: PersonPhoto) -> Image:
    """Return the mask of the person, (H, W) uint8, 255 inside: limbs, torso and head around the keypoints.

    The mask begins at the photo's top-left corner and ends where the person does.
    """
    unit = float(np.sqrt(person.area))
    x, y, width, height = person.box
    mask = np.zeros((int(y + height + unit), int(x + width + unit)), np.uint8)
    points = person.keypoints
    known = _is_known(points)
    whole = np.where(known[:, None], points, 0).round().astype(np.int32)
    for a, b in BONES:
        if known[a] and known[b]:
            cv2.line(mask, whole[a].tolist(), whole[b].tolist(), 255, max(1, round(2 * LIMB_RADIUS * unit)))
    if known[TORSO].all():
        cv2.fillConvexPoly(mask, cv2.convexHull(whole[TORSO]), 255)
    if known[FACE].any():
        centre = points[FACE][known[FACE]].mean(axis=0)
        cv2.circle(
            mask, centre.round().astype(int).tolist(), max(1, round(HEAD_RADIUS * unit)), 255, cv2.FILLED
        )
    return mask


class CutOut(NamedTuple):
    """A person cut out of a photo."""

    light: Light
    """(h, w, 4): premultiplied red, green and blue, and alpha 0…1."""
    corner: Floats
    """Shape (2,): x, y of its top-left corner in the photo."""


def cut_out(person: PersonPhoto, photo: Image) -> CutOut:
    """Return the person cut out of the photo along their `body_mask`, with a soft edge."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    drawn = body_mask(person)[: photo.shape[0], : photo.shape[1]]
    mask[: drawn.shape[0], : drawn.shape[1]] = drawn
    alpha = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.5)
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    part = np.s_[y : y + height, x : x + width]
    light = np.dstack([photo[part] * alpha[part][..., None], alpha[part]])
    return CutOut(light.astype(np.float32), np.array([x, y], np.float64))


def composite(light: Light, person: CutOut, matrix: Floats) -> None:
    """Composite a person over `light`, (H, W, 3), in place; `matrix` maps the photo's pixels to the frame's."""
    size = np.array(person.light.shape[1::-1])
    (left, top), (right, bottom) = transform(matrix, person.corner + np.array([[0, 0], size]))
    left, top = max(math.floor(left), 0), max(math.floor(top), 0)
    right, bottom = min(math.ceil(right), light.shape[1]), min(math.ceil(bottom), light.shape[0])
    if left >= right or top >= bottom:
        return
    # OpenCV counts from the centre of the first pixel, `matrix` from its corner.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (person.corner + 0.5) - 0.5 - (left, top)
    layer = cv2.warpAffine(person.light, shifted, (right - left, bottom - top))
    part = light[top:bottom, left:right]
    part *= 1 - layer[..., 3:]
    part += layer[..., :3]


def _is_inside_mask(mask: Image, points: Floats) -> NDArray[np.bool_]:
    """Return (n,): whether points (n, 2) lie inside the mask; False for NaN."""
    inside = _is_known(points) & ((points >= 0) & (points < mask.shape[::-1])).all(axis=1)
    columns, rows = np.where(inside[:, None], points, 0).astype(int).T
    return np.asarray(inside & (mask[rows, columns] > 0))


def _is_known(points: Floats) -> NDArray[np.bool_]:
    """Return (n,): which of the points (n, 2) are labelled."""
    return np.asarray(np.isfinite(points).all(axis=1))


def _interpolate(path: Floats, at: float) -> Floats:
    """Return the position on a path (T, 2) at frame `at`, which may be fractional."""
    frames = np.arange(len(path))
    return np.array([np.interp(at, frames, path[:, 0]), np.interp(at, frames, path[:, 1])])


def _inverse(matrix: Floats) -> Floats:
    turn = np.linalg.inv(matrix[:, :2])
    return np.column_stack([turn, -turn @ matrix[:, 2]])
