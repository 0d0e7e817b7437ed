"""Many people are followed, each by an id: the last frame tells where to look for whom in this one.

    people known ──► look where each should be by now, all in one go ──► still there? ──► poses
                              │                                             └─ no ──► missing
                              └─ now and then, or if somebody is missing ──► search the whole frame
                                        found and known ──► well        known and not found: unsure? ──► missing
                                        found, not known ──► look at them ──► somebody missing? newcomer?

What is remembered of a stream is one frozen value, `Crowd`. Who is who is decided in `movenet.video.tracks`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from movenet.estimator import AUTO_PROMINENCE, Detection, Estimator
from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState
from movenet.video.appearance import read_clothes
from movenet.video.follow_one import FollowSettings
from movenet.video.smoothing import calm
from movenet.video.tracks import (
    Look,
    Seen,
    Track,
    TrackSettings,
    captured,
    claim,
    middle,
    name,
    one_a_body,
    pair_searched,
    settle,
)

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """What is known of one stream of many people after a frame."""

    time_s: float
    """When that frame was shown."""
    size: tuple[int, int]
    """Its width and height in pixels."""
    tracks: tuple[Track, ...] = ()
    """Everybody seen in that frame, or missing for a while, in the order in which they first came."""
    next_id: int = 1
    """Who comes next is called so."""
    searched_s: float = -math.inf
    """When the whole frame was last searched."""
    smooth: Mapping[int, OneEuroState | None] = field(default_factory=dict)
    """What the smoothing remembers of each, by id."""


class FollowMany:
    """Follows many people through the frames of any number of streams."""

    def __init__(
        self, estimator: Estimator, settings: FollowSettings, tracks: TrackSettings, smoothing: OneEuro | None
    ) -> None:
        """Take what `VideoEstimator` takes."""
        self.estimator = estimator
        self.settings = settings
        self.tracks = tracks
        self.smoothing = smoothing

    def step(self, crowd: Crowd | None, image: Image, time_s: float) -> tuple[Crowd, list[Pose]]:
        """Take in one frame, later than the one before; see `VideoEstimator.step`."""
        crowd = self._recall(crowd, image, time_s)
        seen = self._follow(crowd, image, time_s)
        if self._must_search(crowd, seen, time_s):
            crowd, seen = replace(crowd, searched_s=time_s), self._search(crowd, seen, image)
        tracks = settle(crowd.tracks, seen, time_s, crowd.size, self.tracks)
        tracks, next_id = name(tracks, crowd.next_id, time_s, crowd.size, self.tracks)
        smooth, shown = self._calm(crowd, tracks, time_s)
        return Crowd(time_s, crowd.size, tuple(tracks), next_id, crowd.searched_s, smooth), shown

    def _recall(self, crowd: Crowd | None, image: Image, time_s: float) -> Crowd:
        """Return what is known before a frame, as far as it still holds."""
        size = (image.shape[1], image.shape[0])
        if crowd is None:
            return Crowd(-math.inf, size)
        if size != crowd.size:
            return Crowd(crowd.time_s, size, next_id=crowd.next_id)
        kept = [track for track in crowd.tracks if time_s - track.seen_s <= self.tracks.missing_s]
        return replace(crowd, tracks=tuple(kept))

    def _follow(self, crowd: Crowd, image: Image, time_s: float) -> Seen:
        """Look where people should be by now, all in one go, and return who is there."""
        expected = self._expected(crowd, time_s)
        people = [Detection(pose, middle(pose)) for pose in expected.values()]
        looked = self._look(image, people, self.settings.crop_factor, self.settings.guide_weight)
        pairs = zip(expected, looked, strict=True)
        there = {at: look for at, look in pairs if look.pose.score >= self._least_score(crowd, at)}
        claims = [claim(crowd.tracks[at], expected[at], look.pose, time_s) for at, look in there.items()]
        places = list(there)
        staying = sorted(one_a_body([look.pose for look in there.values()], claims, self.tracks))
        seen = {places[i]: there[places[i]] for i in staying}
        return Seen(
            {at: k for at, k in seen.items() if not captured(crowd.tracks[at], k, crowd.tracks, self.tracks)}
        )

    def _expected(self, crowd: Crowd, time_s: float) -> dict[int, Pose]:
        """Return who should be seen in this frame and where, by their places in `crowd.tracks`."""
        if time_s - crowd.time_s > self.settings.forget_after_s:
            return {}
        poses = {}
        for at, track in enumerate(crowd.tracks):
            if track.seen_s == crowd.time_s:
                poses[at] = track.expected(time_s)
            elif time_s - track.seen_s <= self.tracks.look_again_s:
                poses[at] = track.awaited(time_s, crowd.size, self.tracks)
        return poses

    def _least_score(self, crowd: Crowd, at: int) -> float:
        """Return how sure a look must be; more so for somebody missing."""
        present = crowd.tracks[at].seen_s == crowd.time_s
        return self.settings.keep_score if present else self.settings.sure_score

    def _look(self, image: Image, people: Sequence[Detection], factor: float, share: float) -> list[Look]:
        if not people:
            return []
        poses = self.estimator.estimate_detections(image, people, factor, share)
        return [Look(pose, read_clothes(image, pose)) for pose in poses]

    def _must_search(self, crowd: Crowd, seen: Seen, time_s: float) -> bool:
        """Tell whether to search the whole frame: nobody is seen, or it is time; the sooner, the later one was lost."""
        gone = [
            time_s - track.seen_s
            for at, track in enumerate(crowd.tracks)
            if track.id is not None and at not in seen.known
        ]
        soon_s = max(self.tracks.search_again_s, min(gone, default=math.inf) / 2)
        return not seen.known or time_s - crowd.searched_s >= min(soon_s, self.settings.check_every_s)

    def _search(self, crowd: Crowd, seen: Seen, image: Image) -> Seen:
        """Search the whole frame: confirm who is seen, leave whom only we see unsurely, and look at strangers."""
        found = self._in_front(self.estimator.detect(image))
        places, poses = list(seen.known), [look.pose for look in seen.known.values()]
        pairs = pair_searched(poses, [detection.pose for detection in found], self.tracks)
        confirmed = {places[row] for row, _ in pairs}
        known = {
            at: look
            for at, look in seen.known.items()
            if at in confirmed or look.pose.score >= self.settings.sure_score
        }
        met = {column for _, column in pairs}
        strangers = [detection for column, detection in enumerate(found) if column not in met]
        newcomers = self._look_at_found(strangers, [look.pose for look in known.values()], image)
        return Seen(known, confirmed, newcomers)

    def _in_front(self, found: Sequence[Detection]) -> list[Detection]:
        """Return all of whom a search found, or with people="auto" those about as prominent as the most prominent."""
        least = AUTO_PROMINENCE if self.estimator.people == "auto" else 0.0
        most = max((detection.prominence for detection in found), default=0.0)
        return [detection for detection in found if detection.prominence >= least * most]

    def _look_at_found(
        self, strangers: Sequence[Detection], known: Sequence[Pose], image: Image
    ) -> list[Look]:
        """Look at people just found, as at a still; return the poses of those who are somebody, and nobody known."""
        least = self.estimator.min_score**2
        hopeful = [detection for detection in strangers if detection.pose.score >= least]
        if not hopeful:
            return []
        looked = self._look(
            image, hopeful, self.estimator.settings.crop_factor, self.estimator.settings.guide_weight
        )
        real = [
            look
            for detection, look in zip(hopeful, looked, strict=True)
            if detection.pose.score * look.pose.score >= least
        ]
        claims = [2.0] * len(known) + [look.pose.score for look in real]
        staying = one_a_body([*known, *(look.pose for look in real)], claims, self.tracks)
        return [real[i - len(known)] for i in staying if i >= len(known)]

    def _calm(
        self, crowd: Crowd, tracks: Sequence[Track], time_s: float
    ) -> tuple[dict[int, OneEuroState | None], list[Pose]]:
        """Return what the smoothing remembers of each by now, by id, and the poses seen, as they are shown."""
        smooth: dict[int, OneEuroState | None] = {}
        shown = []
        for who, track in sorted({track.id: track for track in tracks if track.id is not None}.items()):
            state = crowd.smooth.get(who)
            if track.seen_s == time_s:
                state, pose = calm(self.smoothing, state, track.pose, time_s, crowd.size)
                shown.append(pose)
            smooth[who] = state
        return smooth, shown
