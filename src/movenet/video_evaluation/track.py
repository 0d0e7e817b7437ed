"""What was said of a clip, frame by frame, beside what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.oks import similarity
from movenet.pose import SIGMAS, Pose
from movenet.synthetic.camera import Truth
from movenet.video_evaluation.motion import stretches

PRESENT: Final = 0.5
"""Somebody with this share of the labelled keypoints inside the frame is there to be found."""
FOUND_OKS: Final = 0.5
"""A pose so like the truth (COCO's object keypoint similarity) is the person: COCO's loosest threshold."""
SURE: Final = 0.2
"""Keypoints that score less are not shown, and do not count as trembling."""
APART_S: Final = 0.5
"""Someone out of sight for less time has not left."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One way of following, over the T frames of one clip."""

    truths: Sequence[Truth]
    size: tuple[int, int]
    """Width and height of the frames, in pixels."""
    rate_hz: float
    poses: Sequence[Pose | None]
    busy_s: float
    """Time it took."""

    def present(self) -> NDArray[np.bool_]:
        """Return (T,): whether the person is there to be found."""
        return np.array([truth.visible >= PRESENT for truth in self.truths])

    def empty(self) -> NDArray[np.bool_]:
        """Return (T,): whether the scene is one without the person; someone partly in sight is neither."""
        return np.array([truth.area == 0 for truth in self.truths])

    def found(self) -> NDArray[np.bool_]:
        """Return (T,): whether the person is there, and the pose is theirs."""
        pairs = zip(self.poses, self.truths, self.present(), strict=True)
        return np.array(
            [
                there and pose is not None and self._likeness(pose, truth) >= FOUND_OKS
                for pose, truth, there in pairs
            ]
        )

    def _likeness(self, pose: Pose, truth: Truth) -> float:
        seen = self.in_sight(truth)
        alike = similarity(
            pose.keypoints[None, seen], truth.keypoints[None, seen], [truth.area], np.array(SIGMAS)[seen]
        )
        return float(alike[0, 0])

    def in_sight(self, truth: Truth) -> NDArray[np.bool_]:
        """Return (17,): which keypoints are labelled and inside the frame."""
        points = np.nan_to_num(truth.keypoints, nan=-1)
        return np.asarray(((points >= 0) & (points < self.size)).all(axis=1))

    def entries(self) -> list[int]:
        """Return the frames in which the person comes in after `APART_S` or more away; the clip's start is none."""
        there = list(stretches(self.present()))
        apart = APART_S * self.rate_hz
        later = [start for (_, end), (start, _) in pairwise(there) if start - end >= apart]
        return [start for start, _ in there[:1] if start > 0] + later

    def true_points(self) -> NDArray[np.float64]:
        """Return (T, 17, 2): where keypoints in sight are, NaN for others and where the person is not present."""
        points = np.full((len(self.truths), len(SIGMAS), 2), np.nan)
        for i in np.flatnonzero(self.present()).tolist():
            seen = self.in_sight(self.truths[i])
            points[i, seen] = self.truths[i].keypoints[seen]
        return points

    def sure_points(self) -> NDArray[np.float64]:
        """Return (T, 17, 2): the poses' keypoints, NaN where there are none or their score is under `SURE`."""
        points = np.full((len(self.poses), len(SIGMAS), 2), np.nan)
        for i, pose in enumerate(self.poses):
            if pose is not None:
                sure = pose.scores >= SURE
                points[i, sure] = pose.keypoints[sure]
        return points
