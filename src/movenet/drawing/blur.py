"""Faces or whole people made unrecognizable, for privacy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.drawing.people import area_with_margin
from movenet.errors import DataError
from movenet.media.picture_like import PictureLike, to_picture
from movenet.planar import Picture, PlanarImage
from movenet.pose import KEYPOINTS, Pose

BlurPart = Literal["face", "person"]
"""What is blurred."""

CELLS: Final = 7
"""The longer side of what is blurred keeps so many colours: a face has less than eye, nose and mouth need."""
FACE_SPREAD: Final = 2.2
"""Radius of a head with hair, relative to the distance from its middle to an ear."""
FACE_SHOULDERS: Final = 0.45
"""The same relative to the distance between the shoulders."""
FACE_TORSO: Final = 0.33
"""The same relative to the length of the torso."""
_FACE: Final = slice(0, 5)
_SHOULDERS: Final = [KEYPOINTS.index(f"{side}_shoulder") for side in ("left", "right")]
_HIPS: Final = [KEYPOINTS.index(f"{side}_hip") for side in ("left", "right")]
_MIN_SCORE: Final = 0.1
"""Lower than for drawing: a face too many is better than one too few."""


def blur(image: PictureLike, poses: Sequence[Pose], part: BlurPart = "face") -> Picture:
    """Return a copy of `image` in which the faces, or the people, cannot be recognized.

    Each becomes a few large patches of colour; the details cannot be computed back. Only who was found is blurred: for
    the most, estimate with people="many" and a low min_score. A pose needs COCO's 17 keypoints for its face.

    Args:
        image: a picture as `Estimator` takes it; a `PlanarImage` gives another one.
        poses: the people.
        part: "face": the head; "person": a box around the whole body.

    Raises:
        MediaError: `image` is no picture, or cannot be read.
        DataError: `part` is unknown, or a pose has another skeleton.
    """
    if part not in get_args(BlurPart):
        raise DataError(f"expected a part out of {get_args(BlurPart)}, got {part!r}")
    picture = to_picture(image)
    ellipses = [ellipse for pose in poses if (ellipse := _AREAS[part](pose)) is not None]
    if isinstance(picture, PlanarImage):
        planes = [plane.copy() for plane in picture.planes]
        for plane, scale in zip(planes, (1.0, 0.5, 0.5), strict=True):
            _hide(plane, [ellipse * scale for ellipse in ellipses], part)
        return replace(picture, y=planes[0], u=planes[1], v=planes[2])
    out = picture.copy()
    _hide(out, ellipses, part)
    return out


def _face(pose: Pose) -> NDArray[np.float64] | None:
    """Return left, top, right, bottom of a square around the head; None if no keypoint of the face is known."""
    if len(pose.keypoints) != len(KEYPOINTS):
        raise DataError(
            f"expected COCO's {len(KEYPOINTS)} keypoints to find a face, got {len(pose.keypoints)}"
        )
    points = pose.keypoints.astype(np.float64)
    seen = (pose.scores >= _MIN_SCORE) & np.isfinite(points).all(axis=1)
    if not seen[_FACE].any():
        return None
    face = points[_FACE][seen[_FACE]]
    middle = face.mean(axis=0)
    reach = [FACE_SPREAD * float(np.hypot(*(face - middle).T).max())]
    if seen[_SHOULDERS].all():
        reach.append(FACE_SHOULDERS * float(np.hypot(*np.diff(points[_SHOULDERS], axis=0)[0])))
    if seen[_SHOULDERS].any() and seen[_HIPS].any():
        torso = points[_SHOULDERS][seen[_SHOULDERS]].mean(axis=0) - points[_HIPS][seen[_HIPS]].mean(axis=0)
        reach.append(FACE_TORSO * float(np.hypot(*torso)))
    # The keypoints are those of the front: the head reaches farther up than down.
    (x, y), radius = middle, max(reach)
    return np.array([x - radius, y - 1.15 * radius, x + radius, y + 0.95 * radius])


def _person(pose: Pose) -> NDArray[np.float64] | None:
    """Return left, top, right, bottom of the box around the person with a margin; None without keypoints."""
    bounds = pose.bounds(_MIN_SCORE)
    return None if bounds is None else area_with_margin(bounds)


_AREAS: Final = {"face": _face, "person": _person}


def _hide(layer: NDArray[np.uint8], areas: Sequence[NDArray[np.float64]], part: BlurPart) -> None:
    """Blur areas (left, top, right, bottom) of a layer (H, W) or (H, W, 3) in place: ellipses, or whole boxes."""
    original = layer.copy()
    for area in areas:
        left, top = np.maximum(np.floor(area[:2]), 0).astype(int)
        right, bottom = np.minimum(np.ceil(area[2:]), layer.shape[1::-1]).astype(int)
        if left >= right or top >= bottom:
            continue
        inside = np.s_[top:bottom, left:right]
        patches = _patches(original[inside], max(area[2:] - area[:2]) / CELLS)
        if part == "person":
            layer[inside] = patches
            continue
        mask = np.zeros(patches.shape[:2], np.uint8)
        middle, axes = (area[:2] + area[2:]) / 2 - (left, top), (area[2:] - area[:2]) / 2
        cv2.ellipse(mask, _rounded(middle), _rounded(axes), 0, 0, 360, 255, cv2.FILLED)
        covered = mask > 0
        layer[inside][covered] = patches[covered]


def _patches(part: NDArray[np.uint8], cell_px: float) -> NDArray[np.uint8]:
    """Return the part of a picture with one colour for each cell, and soft changes between."""
    height, width = part.shape[:2]
    few = (max(1, round(width / cell_px)), max(1, round(height / cell_px)))
    small = cv2.resize(part, few, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _rounded(values: NDArray[np.float64]) -> list[int]:
    return np.round(values).astype(int).tolist()  # type: ignore[no-any-return]
