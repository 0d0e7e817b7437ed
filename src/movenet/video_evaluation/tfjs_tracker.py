"""Baseline: the tracker of tfjs, which detects in every frame and matches poses with tracks greedily by OKS.

After calculators/keypoint_tracker.ts and tracker.ts of tfjs pose-detection 2.1.3, with MoveNet's settings. It gets the
same poses as our tracker, so they differ in the association alone. For comparison only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from movenet.estimator import Estimator
from movenet.planar import Picture
from movenet.pose import SIGMAS, Pose

MAX_TRACKS: Final = 18
MAX_AGE_S: Final = 1.0
MIN_SIMILARITY: Final = 0.2
MIN_SCORE: Final = 0.3
"""Keypoints of a higher score count."""
MIN_KEYPOINTS: Final = 4
"""Poses with fewer keypoints in common are not compared."""


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    pose: Pose
    last_seen_s: float


class TfjsTracker:
    """Detects all people in each frame and assigns ids as tfjs does."""

    def __init__(self, estimator: Estimator):
        self.estimator = estimator
        self.tracks: list[_Track] = []
        self.next_id = 1

    def __call__(self, image: Picture, time_s: float) -> list[Pose]:
        """Return the poses found, each with an id."""
        self.tracks = [track for track in self.tracks if time_s - track.last_seen_s <= MAX_AGE_S]
        free = list(self.tracks)
        tracked = []
        for pose in self.estimator(image):
            similarities = [_similarity(track.pose, pose) for track in free]
            best = int(np.argmax(similarities)) if similarities else -1
            if best >= 0 and similarities[best] >= MIN_SIMILARITY:
                track_id = free.pop(best).pose.id
            else:
                track_id, self.next_id = self.next_id, self.next_id + 1
            tracked.append(_Track(replace(pose, id=track_id), time_s))
        # With too many tracks the least recently seen are dropped.
        self.tracks = [*tracked, *free][:MAX_TRACKS]
        return [track.pose for track in tracked]


def _similarity(before: Pose, after: Pose) -> float:
    """Return tfjs's OKS, 0…1: over keypoints visible in both, with the area of the box around those of `before`."""
    seen_before = before.scores > MIN_SCORE
    both = seen_before & (after.scores > MIN_SCORE)
    if both.sum() < MIN_KEYPOINTS:
        return 0.0
    area = float(np.ptp(before.keypoints[seen_before], axis=0).prod()) + 1e-6
    squared = np.square(before.keypoints[both] - after.keypoints[both]).sum(axis=1)
    falloff = 2 * np.array(SIGMAS)[both]
    return float(np.exp(-squared / (2 * area * falloff**2)).mean())
