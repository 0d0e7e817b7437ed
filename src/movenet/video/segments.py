"""A recording tracked in segments side by side, and joined as if it had been tracked in one go.

    segment 1  ├────────────────────┤overlap┤
    segment 2                       ├────────────────────┤overlap┤
                                            └─ both agree ──► the poses of segment 2 from here on, its ids mapped

Each segment is tracked from nothing and goes on into the next one for `OVERLAP_S`: long enough for the tracker and the
smoothing filter of the next one to forget how they started, and for missing people to be found again or given up.
If the two disagree about the people at the end of the overlap, the frames after it are tracked again from the state of
the earlier one, until they agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.oks import area, similarity
from movenet.pose import Pose
from movenet.video.association import TrackSettings, match_detections
from movenet.video.estimator import State, VideoEstimator
from movenet.video.single_person import SinglePersonState
from movenet.video.smoothing import smooth_recording

OVERLAP_S: Final = 2.5
"""How far a segment goes on into the next one: `TrackSettings.max_missing_s` and half a second."""
SAME_POSE_OKS: Final = 0.5
"""Two poses of one frame, from two segments, with at least this OKS are the same person."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """The poses in one frame of a recording."""

    index: int
    """Number of the frame in its recording, or in its segment; 0 for the first."""
    time_s: float
    """Presentation time in seconds."""
    width: int
    """Width of the frame in pixels."""
    height: int
    """Height of the frame in pixels."""
    poses: tuple[Pose, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """The frames of a part of a recording, tracked one after the other."""

    frames: Sequence[TrackedFrame]
    state: State | None = None
    """State of the tracker after the last frame; None without frames."""
    damage: int = 0
    """Number of parts of the file that could not be read."""
    error: MediaError | None = None
    """Why the segment ends before its end."""

    @property
    def end_s(self) -> float | None:
        """Time of the last frame."""
        return self.frames[-1].time_s if self.frames else None


Tracked = Generator[tuple[TrackedFrame, State], None, None]
"""Each frame with the state of the tracker after it."""


@dataclass(slots=True)
class _Ids:
    """Maps the ids of a later segment to those of the joined recording."""

    known: dict[int, int] = field(default_factory=dict)
    next_id: int = 1
    """Next id that nobody has had."""

    def map(self, pose: Pose) -> Pose:
        """Return the pose with its id in the joined recording; a new id for a person not known yet."""
        return pose if pose.id is None else replace(pose, id=self.map_id(pose.id))

    def map_id(self, id_: int) -> int:
        """Return an id in the joined recording; a new one for a person not known yet."""
        if id_ not in self.known:
            self.known[id_] = self.next_id
            self.next_id += 1
        return self.known[id_]

    def map_state(self, state: State | None) -> State | None:
        """Return the state with the ids of the joined recording."""
        if state is None:
            return None
        if isinstance(state, SinglePersonState):
            person = state.person and replace(state.person, id=self.map_id(state.person.id))
            return replace(state, person=person, next_id=self.next_id)
        tracks = tuple(replace(track, pose=self.map(track.pose)) for track in state.tracks)
        smooth = {self.known[id_]: filter_ for id_, filter_ in state.smooth.items() if id_ in self.known}
        return replace(state, tracks=tracks, smooth=smooth, next_id=self.next_id)


def plan_segments(duration_s: float, segment_s: float) -> list[tuple[float, float]]:
    """Return start and end in seconds of segments of about `segment_s`, without their overlap; the last has no end."""
    count = max(round(duration_s / segment_s), 1)
    starts = [duration_s * k / count for k in range(count)]
    return list(zip(starts, [*starts[1:], float("inf")], strict=True))


def track_frames(source: Iterable[Frame], estimator: VideoEstimator, state: State | None = None) -> Tracked:
    """Track through a source and yield each frame with the state after it; frames up to the state's are left out."""
    for frame in source:
        if state is None or frame.time_s > state.time_s:
            state, poses = estimator.step(state, frame.native, frame.time_s)
            yield TrackedFrame(frame.index, frame.time_s, frame.width, frame.height, tuple(poses)), state


def smooth_frames(frames: Sequence[TrackedFrame]) -> list[TrackedFrame]:
    """Return the frames of a whole recording with their poses smoothed (`movenet.smooth_recording`)."""
    smoothed = smooth_recording([frame.time_s for frame in frames], [frame.poses for frame in frames])
    return [replace(frame, poses=tuple(poses)) for frame, poses in zip(frames, smoothed, strict=True)]


def join_segments(segments: Iterable[Segment], go_on: Callable[[State], Tracked]) -> Iterator[TrackedFrame]:
    """Yield the frames of a recording from its segments, in order.

    Args:
        segments: in order; each goes on for `OVERLAP_S` into the next one.
        go_on: tracks on from a state to the end of the recording.
    """
    earlier: Segment | None = None
    index = count()
    for later in segments:
        earlier = later if earlier is None else _rest(earlier, later, go_on)
        yield from (replace(frame, index=next(index)) for frame in earlier.frames)
        if earlier.error:
            raise earlier.error


def _rest(earlier: Segment, later: Segment, go_on: Callable[[State], Tracked]) -> Segment:
    """Return what follows the frames of `earlier`, with its ids, up to the end of `later`."""
    state = earlier.state
    if state is None:
        return later
    overlap, again = _Overlap(later), []
    agree = [overlap.add(frame) for frame in earlier.frames]
    if not (agree and agree[-1]):
        with closing(go_on(state)) as tracked:
            for frame, state in tracked:  # noqa: B007 (the last state is used)
                again.append(frame)
                if overlap.add(frame) or frame.time_s == later.end_s:
                    break
    ids, last_s = overlap.ids(state), state.time_s
    rest = [
        replace(frame, poses=tuple(map(ids.map, frame.poses)))
        for frame in later.frames
        if frame.time_s > last_s
    ]
    if not rest:
        return Segment(again, state)
    return Segment([*again, *rest], ids.map_state(later.state), error=later.error)


class _Overlap:
    """Compares an earlier segment with a later one in the frames of both."""

    def __init__(self, later: Segment) -> None:
        self._later = {frame.time_s: frame for frame in later.frames}
        self._votes: Counter[tuple[int, int]] = Counter()

    def add(self, frame: TrackedFrame) -> bool:
        """Compare a frame; return whether the later segment has the same people in it."""
        other = self._later.get(frame.time_s)
        if other is None:
            return False
        pairs = _same_people(frame.poses, other.poses)
        self._votes.update((a.id, b.id) for a, b in pairs if a.id is not None and b.id is not None)
        return len(pairs) == len(frame.poses) == len(other.poses)

    def ids(self, state: State) -> _Ids:
        """Return the ids of the later segment that belong to people of the earlier one, by most common frames."""
        known: dict[int, int] = {}
        for (earlier, later), _ in self._votes.most_common():
            if later not in known and earlier not in known.values():
                known[later] = earlier
        return _Ids(known, state.next_id)


def _same_people(poses: Sequence[Pose], others: Sequence[Pose]) -> list[tuple[Pose, Pose]]:
    """Return the pairs of poses of one frame that are the same person."""
    pairs = [(poses[i], others[j]) for i, j in match_detections(poses, others, TrackSettings())]
    return [(a, b) for a, b in pairs if _oks(a, b) >= SAME_POSE_OKS]


def _oks(pose: Pose, other: Pose) -> float:
    size = max(area(pose), area(other))
    return float(similarity(pose.keypoints[None], other.keypoints[None], [size])[0, 0])
