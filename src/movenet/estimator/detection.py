"""A detected person: their rough pose, how they are cropped, and how both scores are fused."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.calibration import logistic, logit
from movenet.crop import MODEL_SHIFT_PX, Crop
from movenet.decode import Guide
from movenet.oks import area, similarity
from movenet.pose import Pose
from movenet.skeleton import oks_widths

MIN_OKS: Final = 0.1
"""Where the OKS of detection and pose is lower, the keypoints are the detection's."""
MAX_DISTANCE_WIDTHS: Final = 6.0
"""Distances between detection and pose are clipped to so many OKS widths."""
SCORE_MARGIN: Final = 1e-3
"""Scores are clipped to this distance from 0 and 1 before their logit is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A person that the detector found in the whole picture."""

    pose: Pose
    """Rough keypoints, scores and the box, in pixels of the picture."""
    center: NDArray[np.float64]
    """Shape (2,): x, y of the person's center, in pixels of the picture."""

    @property
    def area(self) -> float:
        """Approximate area of the person, in square pixels of the picture (`movenet.oks.area`)."""
        return area(self.pose)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x, y, width, height around the box and the visible keypoints, in pixels of the picture."""
        return self.pose.bounds() or (*self.center, 0.0, 0.0)

    @property
    def length(self) -> float:
        """The longer side of the bounds, in pixels of the picture."""
        return max(self.bounds[2:])

    @property
    def prominence(self) -> float:
        """Score · √area. The person of the highest prominence is the one that a picture of one person is about."""
        return self.pose.score * math.sqrt(self.area)

    def crop(self, side: int, factor: float) -> Crop:
        """Return the square around the person: `factor` × their longer side, resized to `side` px."""
        return Crop.around_box(self.bounds, factor, side)

    def guide(self, crop: Crop, weight: float, shift_px: float = MODEL_SHIFT_PX) -> Guide:
        """Return the guide that makes the decoder choose this person in a crop.

        Args:
            crop: the crop that the model runs on.
            weight: weight of the detection's keypoints in the decode, 0…1.
            shift_px: the shift of the model that runs on the crop, as in `Crop.points_to_image`.
        """
        center = crop.to_decoded(self.center, shift_px)
        keypoints = crop.to_decoded(self.pose.keypoints, shift_px)
        return Guide(center, keypoints, weight, math.sqrt(self.area) / crop.width)


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights by which a keypoint is averaged from the detection and the pose in the crop.

    The pose's share is logistic(bias + own · logit(its score) + other · logit(the detection's score) + distance · d),
    where d is the distance of both, in OKS widths of the keypoint.
    """

    bias: float = 0.5
    own: float = 1.5
    other: float = -1.0
    distance: float = 1.0

    def __call__(self, detection: Detection, pose: Pose) -> Pose:
        """Return the pose with averaged keypoints; the scores remain."""
        first = detection.pose
        widths = oks_widths(math.sqrt(detection.area), len(pose.scores))
        apart = np.linalg.norm(pose.keypoints - first.keypoints, axis=1) / np.maximum(widths, 1e-9)
        share = logistic(
            self.bias
            + self.own * logit(pose.scores, SCORE_MARGIN)
            + self.other * logit(first.scores, SCORE_MARGIN)
            + self.distance * np.minimum(apart, MAX_DISTANCE_WIDTHS)
        )[:, None]
        keypoints = share * pose.keypoints + (1 - share) * first.keypoints
        return replace(pose, keypoints=keypoints.astype(np.float32))


def fuse(detection: Detection, pose: Pose, blend: Blend | None) -> Pose:
    """Return the pose of a person from the first pass, the detection, and the second, the pose in their crops.

    The score is the geometric mean of the detection's score, the pose's score and the OKS between both. Below an OKS
    of `MIN_OKS` the model found someone else: then the keypoints are the detection's (measured, docs/accuracy.md).
    """
    oks = float(similarity(pose.keypoints[None], detection.pose.keypoints[None], [detection.area])[0, 0])
    score = float(np.cbrt(detection.pose.score * pose.score * oks))
    if oks < MIN_OKS:
        return replace(detection.pose, score=score)
    return replace(pose if blend is None else blend(detection, pose), score=score)
