"""A person as the first look saw them."""

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
    """A person as the first look saw them."""

    pose: Pose
    """With a box."""
    center: NDArray[np.float64]
    """Shape (2,): x, y of the person's centre, in pixels of the picture."""

    @property
    def area(self) -> float:
        """Roughly how much of the picture the person covers, in square pixels."""
        return area(self.pose)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x, y, width, height around everything seen of the person, in pixels of the picture."""
        return self.pose.bounds() or (*self.center, 0.0, 0.0)

    @property
    def length(self) -> float:
        """The longer side of the bounds, in pixels of the picture."""
        return max(self.bounds[2:])

    @property
    def prominence(self) -> float:
        """How much this is the person that a picture of one person is about: sure, and large."""
        return self.pose.score * math.sqrt(self.area)

    def crop(self, side: int, factor: float) -> Crop:
        """Return the square around the person, `factor` × their longer side, drawn `side` px large."""
        return Crop.around_box(self.bounds, factor, side)

    def guide(self, crop: Crop, share: float, shift_px: float = MODEL_SHIFT_PX) -> Guide:
        """Tell the decoder whom to look for in a crop; `shift_px` of its model as in `Crop.points_to_image`."""
        center = crop.to_decoded(self.center, shift_px)
        return Guide(center, crop.to_decoded(self.pose.keypoints, shift_px), share)


def fuse_scores(first: Detection, second: Pose) -> Pose:
    """Return the second look's pose, as sure as both looks are together, and the surer the more alike they are.

    The geometric mean of both scores and of the object keypoint similarity (measured, docs/accuracy.md).
    """
    alike = similarity(second.keypoints[None], first.pose.keypoints[None], [first.area])
    return replace(second, score=float(np.cbrt(first.pose.score * second.score * alike[0, 0])))
