"""Who is who from one frame to the next: where people should be by now, and whose pose is whose.

    newcomer ──sure at once, or seen by a second search──► known by an id
    known ──not seen──► missing ──seen where they may be by now──► known by the same id
                           └─ for too long ──► gone: the id is never given again

Poses and times come in, nothing else: this room knows neither pictures nor models. Places are x, y in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.oks import area, nms, similarity
from movenet.pose import MIN_KEYPOINT_SCORE, Pose
from movenet.video.appearance import Clothes

Floats = NDArray[np.float64]

SAME_PERSON_OKS: Final = 0.2
"""Two poses so alike, in one frame or in two that follow each other, are one person's."""


SHRINKING_S: Final = 2.0
"""How long the size of somebody takes to be forgotten."""


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """Who is who among many people (defaults measured, docs/tracking.md)."""

    missing_s: float = 2.0
    """How long somebody out of sight keeps their id: behind others, or out of the picture."""
    search_again_s: float = 0.1
    """How often the whole frame is searched for somebody just lost; for who is lost for longer, less and less often."""
    look_again_s: float = 0.3
    """How long somebody missing is also looked for, in every frame, where they should be by now."""
    sure_newcomer: float = 0.33
    """A newcomer who scores as much is known at once …"""
    newcomer_s: float = 0.5
    """… others after so long, if a second search saw them. Who may be somebody missing waits as long, too."""
    hidden: float = 0.3
    """Somebody is half hidden if another one's box covers so much of theirs, 0…1."""
    one_body_oks: float = 0.5
    """Of two tracks whose poses are more alike one must yield: both show one body."""
    least_affinity: float = 0.15
    """A person whom a search found is the one followed if OKS and the boxes' overlap are so much on average."""
    reach: float = 0.4
    """How far from where they should be somebody may be found again, in body sizes …"""
    reach_per_s: float = 0.8
    """… and so much more for each second they were missing."""
    most_growth: float = 2.5
    """How many times as large, or as small, they may be by then."""
    most_unlike: float = 0.3
    """Whose clothes differ more (Hellinger distance, 0…1) is somebody else."""
    drift_s: float = 0.5
    """Over how long a time the way somebody went is averaged, and believed in while they are missing."""

    def is_other(self, clothes: Clothes, others: Clothes) -> bool:
        """Tell whether clothes are somebody else's; what is not seen tells nothing."""
        return clothes.unlike(others) > self.most_unlike

    def may_be(self, missing: Track, stranger: Track, time_s: float) -> bool:
        """Tell whether a stranger wears what somebody missing wore; if that is not to be seen it takes `newcomer_s`."""
        unlike = missing.clothes.unlike(stranger.clothes)
        if math.isnan(unlike):
            return time_s - stranger.since_s >= self.newcomer_s
        return unlike <= self.most_unlike


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one look at somebody gave."""

    pose: Pose
    clothes: Clothes


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person over time."""

    pose: Pose
    """As last seen, not smoothed; its id says who it is, None as long as it may be nobody."""
    clothes: Clothes
    """Their colours, averaged over time."""
    since_s: float
    """When they were first seen."""
    seen_s: float
    """When they were last seen."""
    size_px: float
    """The longer side of all of them: it shrinks slowly, not when they are half out of sight."""
    is_confirmed: bool = False
    """Whether a second search saw them."""
    motion: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): how they moved of late, x and y in pixels per second: tells the next frame."""
    drift: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): how they moved over a longer time: tells where they are after a while out of sight."""

    @classmethod
    def new(cls, look: Look, time_s: float) -> Track:
        """Return the track of a newcomer."""
        return cls(look.pose, look.clothes, time_s, time_s, _size(look.pose))

    @property
    def id(self) -> int | None:
        """Who it is; None as long as it may be nobody."""
        return self.pose.id

    def expected(self, time_s: float) -> Pose:
        """Return the pose where it should be by now, of somebody seen in the frame before."""
        return moved(self.pose, self.motion * np.float32(time_s - self.seen_s))

    def awaited(self, time_s: float, size: tuple[int, int], settings: TrackSettings) -> Pose:
        """Return the pose where it should be by now, of somebody missing: on their way, but in the picture.

        The way is believed less and less: its speed falls by half in .7 `drift_s`. `size` is the picture's
        width and height in pixels.
        """
        gone_s = time_s - self.seen_s
        way = self.drift * np.float32(settings.drift_s * -math.expm1(-gone_s / settings.drift_s))
        place = middle(self.pose)
        way = np.clip(place + way, 0, size) - place
        return moved(self.pose, way.astype(np.float32))

    def again(self, look: Look, time_s: float, settings: TrackSettings) -> Track:
        """Return the track with them seen once more."""
        gap_s = time_s - self.seen_s
        step = step_between(self.pose, look.pose, gap_s)
        if step is None:
            step = self.motion
        # A plain mean while the track is younger than the time to average over.
        weight = max(-math.expm1(-gap_s / settings.drift_s), gap_s / (time_s - self.since_s))
        drift = self.drift + np.float32(weight) * (step - self.drift)
        motion = np.asarray((self.motion + step) / 2, np.float32)
        clothes = self.clothes
        if self.id is None:
            clothes = clothes.mixed(look.clothes, 1.0)
        elif not settings.is_other(clothes, look.clothes):
            clothes = clothes.mixed(look.clothes, min(weight, 1.0))
        pose = replace(look.pose, id=self.id)
        size_px = max(_size(pose), self.size_px * math.exp(-gap_s / SHRINKING_S))
        return Track(pose, clothes, self.since_s, time_s, size_px, self.is_confirmed, motion, drift)


def step_between(before: Pose, after: Pose, gap_s: float) -> NDArray[np.float32] | None:
    """Return the mean step of the keypoints in sight in both, (2,) in pixels per second; None if there are none."""
    seen = np.minimum(before.scores, after.scores) > MIN_KEYPOINT_SCORE
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


def pair_searched(
    poses: Sequence[Pose], found: Sequence[Pose], settings: TrackSettings
) -> list[tuple[int, int]]:
    """Pair the people followed with those that a search of the same frame found."""
    return pair(1 - affinity(poses, found), 1 - settings.least_affinity)


def pair_missing(
    missing: Sequence[Track],
    strangers: Sequence[Track],
    time_s: float,
    size: tuple[int, int],
    settings: TrackSettings,
) -> list[tuple[int, int]]:
    """Pair the people missing with strangers: the nearest to where they should be, in reach and in their clothes."""
    if not missing or not strangers:
        return []
    costs = _ways(missing, strangers, time_s, size, settings)
    other = np.array([[not settings.may_be(a, b, time_s) for b in strangers] for a in missing])
    return pair(np.where(other, 2.0, costs), 1.0)


def _ways(
    missing: Sequence[Track],
    strangers: Sequence[Track],
    time_s: float,
    size: tuple[int, int],
    settings: TrackSettings,
) -> Floats:
    """Return (M, S): how far strangers are from where people missing should be; under 1 they are in reach."""
    awaited = np.stack([middle(track.awaited(time_s, size, settings)) for track in missing])
    ways = np.stack([middle(track.pose) for track in strangers])[None] - awaited[:, None]
    sizes = np.array([track.size_px for track in missing])
    found_sizes = np.array([track.size_px for track in strangers])
    gone_s = np.array([time_s - track.seen_s for track in missing])
    reach_px = (settings.reach + settings.reach_per_s * gone_s)[:, None] * np.maximum.outer(
        sizes, found_sizes
    )
    growth = np.abs(np.log(found_sizes[None] / sizes[:, None])) / math.log(settings.most_growth)
    return np.asarray(np.where(growth < 1, np.hypot(ways[..., 0], ways[..., 1]) / reach_px, 2.0), np.float64)


def one_a_body(poses: Sequence[Pose], claims: Sequence[float], settings: TrackSettings) -> list[int]:
    """Return which of the poses stay, highest claim first, when those that show one body yield to one of them."""
    if not poses:
        return []
    areas = np.array([area(pose) for pose in poses])
    return nms(_points(poses), np.asarray(claims, np.float64), areas, settings.one_body_oks)


def claim(track: Track, expected: Pose, pose: Pose, time_s: float) -> float:
    """Return with what right a track holds a pose: it is where it was expected, and known, and known for long."""
    agreement = similarity(expected.keypoints[None], pose.keypoints[None], [area(expected)])[0, 0]
    return float(agreement) + 0.3 * min(time_s - track.since_s, 1.0) + (track.id is not None)


def captured(track: Track, look: Look, others: Sequence[Track], settings: TrackSettings) -> bool:
    """Tell whether a look for somebody shows another one: they are near, and these are their clothes."""
    own = track.clothes.unlike(look.clothes)
    if not own > settings.most_unlike:
        return False
    near = _overlap(_boxes([look.pose]), _boxes([other.pose for other in others]))[0] > 0
    return any(
        meets and other is not track and other.clothes.unlike(look.clothes) < own
        for meets, other in zip(near, others, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Who was seen in one frame."""

    known: Mapping[int, Look]
    """People tracked, by their place in the list of tracks."""
    confirmed: Set[int] = frozenset()
    """Those of them whom a search found, too."""
    newcomers: Sequence[Look] = ()


def settle(
    tracks: Sequence[Track], seen: Seen, time_s: float, size: tuple[int, int], settings: TrackSettings
) -> list[Track]:
    """Return the tracks after a frame, newcomers last: who is missing may turn out to be a stranger seen.

    A stranger without an id who is not seen is forgotten. `size` is the picture's width and height.
    """
    after = list(tracks)
    for at, look in seen.known.items():
        is_confirmed = tracks[at].is_confirmed or at in seen.confirmed
        after[at] = replace(tracks[at].again(look, time_s, settings), is_confirmed=is_confirmed)
    after += [Track.new(look, time_s) for look in seen.newcomers]
    missing = [at for at, track in enumerate(after) if track.id is not None and track.seen_s < time_s]
    strangers = [at for at, track in enumerate(after) if track.id is None and track.seen_s == time_s]
    for row, column in pair_missing(
        [after[i] for i in missing], [after[i] for i in strangers], time_s, size, settings
    ):
        stranger = after[strangers[column]]
        after[missing[row]] = after[missing[row]].again(
            Look(stranger.pose, stranger.clothes), time_s, settings
        )
        strangers[column] = -1
    return [t for at, t in enumerate(after) if t.id is not None or at in strangers]


def name(
    tracks: Sequence[Track], next_id: int, time_s: float, size: tuple[int, int], settings: TrackSettings
) -> tuple[list[Track], int]:
    """Give ids to strangers who are surely somebody, and nobody missing; return all tracks, and the next id."""
    named = []
    for track in tracks:
        is_stranger = track.id is None and _is_somebody(track, time_s, settings)
        if is_stranger and not _may_be_missing(track, tracks, time_s, size, settings):
            track = replace(track, pose=replace(track.pose, id=next_id))
            next_id += 1
        named.append(track)
    return named, next_id


def _is_somebody(track: Track, time_s: float, settings: TrackSettings) -> bool:
    long_known = track.is_confirmed and time_s - track.since_s >= settings.newcomer_s
    return long_known or track.pose.score >= settings.sure_newcomer


def _may_be_missing(
    stranger: Track, tracks: Sequence[Track], time_s: float, size: tuple[int, int], settings: TrackSettings
) -> bool:
    """Tell whether a stranger may be somebody missing whose clothes are not to be seen yet: new, or half hidden."""
    missing = [track for track in tracks if track.seen_s < time_s]
    if not missing or not (_ways(missing, [stranger], time_s, size, settings) < 1).any():
        return False
    others = [track.pose for track in tracks if track.seen_s == time_s and track is not stranger]
    own = _boxes([stranger.pose])
    covered = _shared(own, _boxes(others)) > settings.hidden * own[:, 2:].prod(axis=1)
    return time_s - stranger.since_s < settings.newcomer_s or bool(covered.any())


def _points(poses: Sequence[Pose]) -> NDArray[np.float32]:
    return np.stack([pose.keypoints for pose in poses])


def _boxes(poses: Sequence[Pose]) -> Floats:
    """Return (P, 4): x, y, width, height."""
    return np.array([pose.bounds() or (0.0, 0.0, 0.0, 0.0) for pose in poses]).reshape(-1, 4)


def _size(pose: Pose) -> float:
    """Return the longer side in pixels, at least 1."""
    return float(max(1.0, *_boxes([pose])[0, 2:]))


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """Return the area shared by boxes (P, 4) and others (Q, 4) over that of both together: (P, Q), 0…1."""
    shared = _shared(boxes, others)
    both = boxes[:, 2:].prod(axis=1)[:, None] + others[:, 2:].prod(axis=1)[None] - shared
    return np.asarray(shared / np.maximum(both, np.spacing(1)), np.float64)


def _shared(boxes: Floats, others: Floats) -> Floats:
    """Return the area shared by boxes (P, 4) and others (Q, 4), in square pixels: (P, Q)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], (others[:, :2] + others[:, 2:])[None])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=-1), np.float64)
