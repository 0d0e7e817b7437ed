"""Who is who from one frame to the next: where people should be by now, and whose pose is whose.

    newcomer ──sure at once, or seen by a second search──► known by an id
    known ──not seen──► missing ──seen where they may be by now──► known by the same id
                           └─ for too long ──► gone: the id is never given again

Poses and times come in, nothing else: this room knows neither pictures nor models. Places are x, y in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.oks import area, similarity, suppress
from movenet.pose import SEEN_SCORE, Pose

Floats = NDArray[np.float64]

SAME_PERSON_OKS: Final = 0.2
"""Two poses so alike, in one frame or in two that follow each other, are one person's."""


@dataclass(frozen=True, slots=True)
class TrackRule:
    """Who is who among many people (defaults measured, docs/tracking.md)."""

    missing_s: float = 1.5
    """How long somebody out of sight keeps their id: behind others, or out of the picture."""
    search_again_s: float = 0.1
    """How often the whole frame is searched while somebody is missing."""
    look_again_s: float = 0.3
    """How long somebody missing is also looked for, in every frame, where they should be by now."""
    one_body_oks: float = 0.5
    """Of two tracks whose poses are more alike one must yield: both show one body."""
    least_affinity: float = 0.25
    """A person whom a search found is the one followed if OKS and the boxes' overlap are so much on average."""
    reach: float = 0.4
    """How far from where they should be somebody may be found again, in body sizes …"""
    reach_per_s: float = 0.8
    """… and so much more for each second they were missing."""
    most_growth: float = 2.0
    """How many times as large, or as small, they may be by then."""
    drift_s: float = 0.5
    """Over how long a time the way somebody went is averaged, and believed in while they are missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person over time."""

    pose: Pose
    """As last seen, not smoothed; its id says who it is, None as long as it may be nobody."""
    since_s: float
    """When they were first seen."""
    seen_s: float
    """When they were last seen."""
    motion: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): how they moved of late, x and y in pixels per second: tells the next frame."""
    drift: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): how they moved over a longer time: tells where they are after a while out of sight."""

    def expected(self, time_s: float) -> Pose:
        """Return the pose where it should be by now, of somebody seen in the frame before."""
        return moved(self.pose, self.motion * np.float32(time_s - self.seen_s))

    def awaited(self, time_s: float, size: tuple[int, int], rule: TrackRule) -> Pose:
        """Return the pose where it should be by now, of somebody missing: on their way, but in the picture.

        The way is believed less and less: its speed falls by half in .7 `drift_s`. `size` is the picture's
        width and height in pixels.
        """
        gone_s = time_s - self.seen_s
        way = self.drift * np.float32(rule.drift_s * -math.expm1(-gone_s / rule.drift_s))
        place = middle(self.pose)
        way = np.clip(place + way, 0, size) - place
        return moved(self.pose, way.astype(np.float32))

    def again(self, pose: Pose, time_s: float, rule: TrackRule) -> Track:
        """Return the track with them seen once more."""
        gap_s = time_s - self.seen_s
        step = step_between(self.pose, pose, gap_s)
        if step is None:
            step = self.motion
        # A plain mean while the track is younger than the time to average over.
        weight = max(-math.expm1(-gap_s / rule.drift_s), gap_s / (time_s - self.since_s))
        drift = self.drift + np.float32(weight) * (step - self.drift)
        known = replace(pose, id=self.pose.id)
        return Track(known, self.since_s, time_s, np.asarray((self.motion + step) / 2, np.float32), drift)


def step_between(before: Pose, after: Pose, gap_s: float) -> NDArray[np.float32] | None:
    """Return the mean step of the keypoints in sight in both, (2,) in pixels per second; None if there are none."""
    seen = np.minimum(before.scores, after.scores) > SEEN_SCORE
    if not seen.any():
        return None
    step = (after.keypoints[seen] - before.keypoints[seen]).mean(axis=0) / np.float32(gap_s)
    return np.asarray(step, np.float32)


def moved(pose: Pose, way: NDArray[np.float32]) -> Pose:
    """Return the pose moved by `way` (2,), in pixels, with the box around its keypoints."""
    there = replace(pose, keypoints=pose.keypoints + way, box=None)
    return replace(there, box=there.bounds())


def middle(pose: Pose) -> Floats:
    """Return x, y of the middle of everything seen of a person."""
    x, y, width, height = pose.bounds() or (*pose.keypoints.mean(axis=0), 0.0, 0.0)
    return np.array([x + width / 2, y + height / 2])


def alike(pose: Pose, other: Pose) -> bool:
    """Tell whether two poses are one person's."""
    return bool(
        similarity(pose.keypoints[None], other.keypoints[None], [area(other)])[0, 0] > SAME_PERSON_OKS
    )


def affinity(poses: Sequence[Pose], others: Sequence[Pose]) -> Floats:
    """Return how much P poses go with Q others, 0…1: the mean of OKS and of how far their boxes overlap."""
    if not poses or not others:
        return np.zeros((len(poses), len(others)))
    areas = np.maximum.outer([area(pose) for pose in poses], [area(pose) for pose in others])
    likeness = similarity(_points(poses), _points(others), areas)
    return np.asarray((likeness + _overlap(_boxes(poses), _boxes(others))) / 2, np.float64)


def pair(costs: Floats, limit: float) -> list[tuple[int, int]]:
    """Return the pairs (row, column) of least total cost, none of which costs `limit` or more.

    The assignment problem, solved after Jonker and Volgenant (Computing 38, 1987) by `lap`.
    """
    if not costs.size:
        return []
    import lap

    _, columns, _ = lap.lapjv(np.minimum(costs, 2 * limit), extend_cost=True, cost_limit=limit)
    return [(row, int(column)) for row, column in enumerate(columns) if column >= 0]


def pair_searched(poses: Sequence[Pose], found: Sequence[Pose], rule: TrackRule) -> list[tuple[int, int]]:
    """Pair the people followed with those that a search of the same frame found."""
    return pair(1 - affinity(poses, found), 1 - rule.least_affinity)


def pair_missing(
    tracks: Sequence[Track], found: Sequence[Pose], time_s: float, size: tuple[int, int], rule: TrackRule
) -> list[tuple[int, int]]:
    """Pair the people missing with strangers: the nearest to where they should be, not beyond reach."""
    if not tracks or not found:
        return []
    awaited = [track.awaited(time_s, size, rule) for track in tracks]
    ways = np.stack([middle(pose) for pose in found])[None] - np.stack([middle(p) for p in awaited])[:, None]
    sizes, found_sizes = _sizes(awaited), _sizes(found)
    gone_s = np.array([time_s - track.seen_s for track in tracks])
    reach_px = (rule.reach + rule.reach_per_s * gone_s)[:, None] * np.maximum.outer(sizes, found_sizes)
    growth = np.abs(np.log(found_sizes[None] / sizes[:, None])) / math.log(rule.most_growth)
    costs = np.hypot(ways[..., 0], ways[..., 1]) / reach_px
    return pair(np.where(growth < 1, costs, 2.0), 1.0)


def one_a_body(poses: Sequence[Pose], claims: Sequence[float], rule: TrackRule) -> list[int]:
    """Return which of the poses stay, highest claim first, when those that show one body yield to one of them."""
    if not poses:
        return []
    areas = np.array([area(pose) for pose in poses])
    return suppress(_points(poses), np.asarray(claims, np.float64), areas, rule.one_body_oks)


def claim(track: Track, expected: Pose, pose: Pose, time_s: float) -> float:
    """Return with what right a track holds a pose: it is where the person was expected, and they are known for long."""
    agreement = similarity(expected.keypoints[None], pose.keypoints[None], [area(expected)])[0, 0]
    return float(agreement) + 0.3 * min(time_s - track.since_s, 1.0) + (track.pose.id is not None)


def _points(poses: Sequence[Pose]) -> NDArray[np.float32]:
    return np.stack([pose.keypoints for pose in poses])


def _boxes(poses: Sequence[Pose]) -> Floats:
    """Return (P, 4): x, y, width, height."""
    return np.array([pose.bounds() or (0.0, 0.0, 0.0, 0.0) for pose in poses])


def _sizes(poses: Sequence[Pose]) -> Floats:
    """Return (P,): the longer sides in pixels, at least 1."""
    return np.asarray(np.maximum(_boxes(poses)[:, 2:].max(axis=1), 1.0), np.float64)


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """Return the area shared by boxes (P, 4) and others (Q, 4) over that of both together: (P, Q), 0…1."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], (others[:, :2] + others[:, 2:])[None])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    both = boxes[:, 2:].prod(axis=1)[:, None] + others[:, 2:].prod(axis=1)[None] - shared
    return np.asarray(shared / np.maximum(both, np.spacing(1)), np.float64)
