"""`Pose`, the result type of the whole package, and COCO's 17 keypoints with their bones, mirror and sigmas."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import DataError, UnknownKeypointError

KEYPOINTS: Final = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""Names of the 17 keypoints in COCO's order. Left and right are the person's own, not the viewer's."""

BONES: Final = (
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
    (0, 5),
    (0, 6),
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 6),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
)
"""Pairs of keypoint indices that a bone joins."""

MIRROR: Final = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""Keypoint k of a mirrored picture is keypoint MIRROR[k] of the original picture."""

SIGMAS: Final = (
    0.026,
    0.025,
    0.025,
    0.035,
    0.035,
    0.079,
    0.079,
    0.072,
    0.072,
    0.062,
    0.062,
    0.107,
    0.107,
    0.087,
    0.087,
    0.089,
    0.089,
)
"""Per-keypoint standard deviations of the object keypoint similarity (cocodataset.org, keypoints-eval)."""

MIN_KEYPOINT_SCORE: Final = 0.1
"""Keypoints above this score count for a person's extent. Drawings need a higher limit (measured on COCO)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """One person in one picture.

    Coordinates are pixels of the source picture, float32, x to the right and y down, with the origin at the
    top-left *corner* of the picture: the centre of its first pixel is (0.5, 0.5). They may lie outside it.
    """

    keypoints: NDArray[np.float32]
    """Shape (K, 2): x, y of each keypoint, in the order of `names`."""
    scores: NDArray[np.float32]
    """Shape (K,): score of each keypoint, 0…1."""
    score: float
    """Score of the person, 0…1."""
    box: tuple[float, float, float, float] | None = None
    """x, y, width, height of the person in pixels; None if there is no box."""
    id: int | None = None
    """Id of the person's track in a video; None without tracking."""
    names: tuple[str, ...] = field(default=KEYPOINTS, repr=False)
    """Names of the K keypoints. A model of a custom skeleton has its own; records do not store them."""

    def __getitem__(self, name: str) -> tuple[float, float, float]:
        """Return (x, y, score) of a keypoint by its name, such as "left_wrist" or "left wrist".

        Raises:
            UnknownKeypointError: if the pose has no keypoint of this name; also a KeyError.
        """
        names = self.names if len(self.names) == len(self.keypoints) else ()
        key = name if name in names else _plain_name(name)
        if key not in names:
            raise UnknownKeypointError(name, names)
        k = names.index(key)
        return float(self.keypoints[k, 0]), float(self.keypoints[k, 1]), float(self.scores[k])

    def __repr__(self) -> str:
        shown = int((self.scores > MIN_KEYPOINT_SCORE).sum())
        parts = [f"score {self.score:.2f}", f"{shown} of {len(self.scores)} keypoints"]
        if self.box is not None:
            x, y, width, height = self.box
            parts.append(f"box {width:.0f} × {height:.0f} px at ({x:.0f}, {y:.0f})")
        return f"Pose({', '.join(([] if self.id is None else [f'id {self.id}']) + parts)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the pose as dicts, lists and rounded numbers, ready for JSON.

        `{"id", "score", "box": [x, y, width, height], "keypoints": {name: [x, y, score]}}`: coordinates to 0.01 px,
        scores to 4 decimals; None for what is not known or not finite. Keypoints without names are numbered.
        """
        count = len(self.keypoints)
        names = self.names if len(self.names) == count else tuple(map(str, range(count)))
        points = zip(names, self.keypoints.tolist(), self.scores.tolist(), strict=True)
        return {
            "id": None if self.id is None else int(self.id),
            "score": _rounded(self.score, 4),
            "box": None if self.box is None else [_rounded(value, 2) for value in self.box],
            "keypoints": {
                name: [_rounded(x, 2), _rounded(y, 2), _rounded(s, 4)] for name, (x, y), s in points
            },
        }

    def mirrored(self, width: float) -> Pose:
        """Return the pose in the mirrored picture, `width` pixels wide. Left stays the person's own left.

        Raises:
            DataError: for a custom skeleton, of which left and right are unknown.
        """
        if len(self.keypoints) != len(MIRROR):
            raise DataError(f"expected COCO's {len(MIRROR)} keypoints to mirror, got {len(self.keypoints)}")
        swap = np.asarray(MIRROR)
        keypoints = self.keypoints[swap].copy()
        keypoints[:, 0] = width - keypoints[:, 0]
        box = self.box and (width - self.box[0] - self.box[2], *self.box[1:])
        return replace(self, keypoints=keypoints, scores=self.scores[swap], box=box)

    def bounds(self, min_score: float = MIN_KEYPOINT_SCORE) -> tuple[float, float, float, float] | None:
        """Return x, y, width, height around the box and the keypoints above `min_score`, in pixels; None if none is."""
        points = self.keypoints[self.scores > min_score]
        if self.box is not None:
            x, y, width, height = self.box
            points = np.concatenate([points, [[x, y], [x + width, y + height]]])
        if not len(points):
            return None
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right - left), float(bottom - top)


def _plain_name(name: object) -> str:
    """Return a name as `KEYPOINTS` writes them: lower case, with underscores for spaces and hyphens."""
    return str(name).strip().lower().replace(" ", "_").replace("-", "_")


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
