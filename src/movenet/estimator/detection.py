"""A detected person: their rough pose, how they are cropped, and how both scores are fused."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from movenet.crop import MODEL_SHIFT_PX, Crop
from movenet.decode import Guide
from movenet.oks import area, similarity
from movenet.pose import Pose


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
        return Guide(center, crop.to_decoded(self.pose.keypoints, shift_px), weight)


def fuse_scores(detection: Detection, pose: Pose) -> Pose:
    """Return the pose estimated in the crop, with the score of the detection and the pose together.

    The score is the geometric mean of the detection's score, the pose's score and the OKS between both (measured,
    docs/accuracy.md).
    """
    oks = similarity(pose.keypoints[None], detection.pose.keypoints[None], [detection.area])
    return replace(pose, score=float(np.cbrt(detection.pose.score * pose.score * oks[0, 0])))
