"""Who is compared: rules for where to look next, and smoothings of ours, all fed the same frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from movenet.estimator import Estimator
from movenet.pose import Pose
from movenet.smoothing import TFJS
from movenet.synthetic.camera import Clip
from movenet.video import CALM, VideoEstimator, smooth_recording
from movenet.video_evaluation.baselines import GoogleRule, TfjsRule, WholeFrame
from movenet.video_evaluation.figures import Figures, measure
from movenet.video_evaluation.track import Track

Follower: TypeAlias = Callable[[NDArray[np.uint8], float], Sequence[Pose]]
"""Called with a frame, (H, W, 3) uint8 RGB, and its time in seconds; returns one pose at most."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to follow a person."""

    rule: str
    """Where to look next."""
    smoothing: str


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one contestant."""

    contestant: Contestant
    figures: Figures


OURS: Final = Contestant("ours", "off")
OFFLINE: Final = Contestant("ours", "offline")


def contestants(estimator: Estimator) -> Mapping[Contestant, Callable[[], Follower]]:
    """Return what starts to follow a new clip, for each contestant that takes frames as they come."""
    return {
        Contestant("whole frame", "off"): lambda: WholeFrame(estimator),
        Contestant("Google's", "off"): lambda: GoogleRule(estimator),
        Contestant("tfjs's", "off"): lambda: TfjsRule(estimator),
        Contestant("tfjs's", "tfjs"): lambda: TfjsRule(estimator, TFJS),
        OURS: VideoEstimator(estimator, smoothing=None).stream,
        Contestant("ours", "tfjs"): VideoEstimator(estimator, smoothing=TFJS).stream,
        Contestant("ours", "causal"): VideoEstimator(estimator, smoothing=CALM).stream,
    }


def compare(
    clips: Iterable[Clip], starts: Mapping[Contestant, Callable[[], Follower]], min_score: float
) -> list[Row]:
    """Show the same frames to all contestants and measure them; one frame at a time is held.

    Ours as `OURS` is also smoothed offline, as a recording.

    Raises:
        DataError: if a photo cannot be read, or a package for the evaluation is missing.
    """
    tracks: dict[Contestant, list[Track]] = {contestant: [] for contestant in starts}
    tracks[OFFLINE] = []
    for clip in clips:
        for contestant, track in follow(clip, starts).items():
            tracks[contestant].append(track)
        tracks[OFFLINE].append(smooth(tracks[OURS][-1]))
    return [
        Row(contestant, measure(found, _raw(contestant, tracks), min_score))
        for contestant, found in tracks.items()
    ]


def follow(clip: Clip, starts: Mapping[Contestant, Callable[[], Follower]]) -> dict[Contestant, Track]:
    """Render a clip once and let each contestant follow the person through it."""
    followers = {contestant: start() for contestant, start in starts.items()}
    poses: dict[Contestant, list[Pose | None]] = {contestant: [] for contestant in starts}
    busy_s = dict.fromkeys(starts, 0.0)
    for image, time_s, _ in clip.frames():
        for contestant, follower in followers.items():
            start = time.perf_counter()
            found = follower(image, time_s)
            busy_s[contestant] += time.perf_counter() - start
            poses[contestant].append(next(iter(found), None))
    size = (clip.filming.width, clip.filming.height)
    truths = clip.truths()
    return {c: Track(truths, size, clip.filming.rate_hz, poses[c], busy_s[c]) for c in starts}


def smooth(track: Track) -> Track:
    """Return the track as smoothed offline."""
    start = time.perf_counter()
    times_s = [i / track.rate_hz for i in range(len(track.poses))]
    found = smooth_recording(times_s, [[] if pose is None else [pose] for pose in track.poses])
    took_s = time.perf_counter() - start
    return replace(track, poses=[next(iter(p), None) for p in found], busy_s=track.busy_s + took_s)


def _raw(contestant: Contestant, tracks: Mapping[Contestant, list[Track]]) -> list[Track]:
    """Return the tracks of the same rule without smoothing."""
    return tracks.get(replace(contestant, smoothing="off"), tracks[contestant])
