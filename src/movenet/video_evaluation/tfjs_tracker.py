"""How tfjs gives ids: every frame is searched, and poses are paired with the last ones by OKS, greedily.

After calculators/keypoint_tracker.ts and tracker.ts of tfjs pose-detection 2.1.3, with MoveNet's settings. It differs
from ours in how ids are given, for it is fed with the same poses. Not meant for use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.estimator import Estimator
from movenet.pose import SIGMAS, Pose

MOST_TRACKS: Final = 18
FORGET_S: Final = 1.0
LEAST_SIMILARITY: Final = 0.2
SEEN: Final = 0.3
"""Keypoints that score more count."""
LEAST_SEEN: Final = 4
"""Poses with fewer keypoints in sight in common are nobody's."""


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    pose: Pose
    seen_s: float


class TfjsTracker:
    """Looks for everybody in each frame, and names them as tfjs does."""

    def __init__(self, estimator: Estimator):
        self.estimator = estimator
        self.tracks: list[_Track] = []
        self.next_id = 1

    def __call__(self, image: NDArray[np.uint8], time_s: float) -> list[Pose]:
        """Return the poses found, each with an id."""
        self.tracks = [track for track in self.tracks if time_s - track.seen_s <= FORGET_S]
        free = list(self.tracks)
        named = []
        for pose in self.estimator(image):
            likeness = [_likeness(track.pose, pose) for track in free]
            best = int(np.argmax(likeness)) if likeness else -1
            if best >= 0 and likeness[best] >= LEAST_SIMILARITY:
                who = free.pop(best).pose.id
            else:
                who, self.next_id = self.next_id, self.next_id + 1
            named.append(_Track(replace(pose, id=who), time_s))
        # The least recently seen go first when there are too many.
        self.tracks = [*named, *free][:MOST_TRACKS]
        return [track.pose for track in named]


def _likeness(before: Pose, after: Pose) -> float:
    """Return tfjs's OKS, 0…1, over keypoints in sight in both, by the box around those of the pose before."""
    seen_before = before.scores > SEEN
    both = seen_before & (after.scores > SEEN)
    if both.sum() < LEAST_SEEN:
        return 0.0
    area = float(np.ptp(before.keypoints[seen_before], axis=0).prod()) + 1e-6
    squared = np.square(before.keypoints[both] - after.keypoints[both]).sum(axis=1)
    falloff = 2 * np.array(SIGMAS)[both]
    return float(np.exp(-squared / (2 * area * falloff**2)).mean())
