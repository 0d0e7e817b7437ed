"""Many people are followed, each by an id: the last frame tells where to look for whom in this one.

    people known ──► look where each should be by now, all in one go ──► still there? ──► poses
                              │                                             └─ no ──► missing
                              └─ now and then, or if somebody is missing ──► search the whole frame
                                        found and known ──► well        known and not found: unsure? ──► missing
                                        found, not known ──► look at them ──► somebody missing? newcomer?

What is remembered of a stream is one frozen value, `Crowd`. Who is who is decided in `movenet.tracking`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from movenet.estimator import COMPANY, Estimator, Sighting
from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState
from movenet.tracking import (
    Track,
    TrackRule,
    claim,
    middle,
    one_a_body,
    pair_missing,
    pair_searched,
)
from movenet.video.calming import calm
from movenet.video.looking import look_at
from movenet.video.one import FollowRule

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
        self, estimator: Estimator, rule: FollowRule, tracks: TrackRule, smoothing: OneEuro | None
    ) -> None:
        """Take what `VideoEstimator` takes."""
        self.estimator = estimator
        self.rule = rule
        self.tracks = tracks
        self.smoothing = smoothing

    def step(self, crowd: Crowd | None, image: Image, time_s: float) -> tuple[Crowd, list[Pose]]:
        """Take in one frame, later than the one before; see `VideoEstimator.step`."""
        crowd = self._recall(crowd, image, time_s)
        seen = self._follow(crowd, image, time_s)
        if not self._must_search(crowd, seen, time_s):
            return self._remember(crowd, _Frame(time_s, seen))
        return self._remember(replace(crowd, searched_s=time_s), self._search(crowd, seen, image, time_s))

    def _recall(self, crowd: Crowd | None, image: Image, time_s: float) -> Crowd:
        """Return what is known before a frame, as far as it still holds."""
        size = (image.shape[1], image.shape[0])
        if crowd is None:
            return Crowd(-math.inf, size)
        if size != crowd.size:
            return Crowd(crowd.time_s, size, next_id=crowd.next_id)
        kept = [track for track in crowd.tracks if time_s - track.seen_s <= self.tracks.missing_s]
        return replace(crowd, tracks=tuple(kept))

    def _follow(self, crowd: Crowd, image: Image, time_s: float) -> dict[int, Pose]:
        """Look where people should be by now; return who is there: their places in `crowd.tracks`, and poses."""
        expected = {
            at: track.expected(time_s)
            if self._is_present(crowd, track, time_s)
            else self._await(crowd, track, time_s)
            for at, track in enumerate(crowd.tracks)
            if time_s - track.seen_s <= self.tracks.look_again_s or self._is_present(crowd, track, time_s)
        }
        if not expected:
            return {}
        people = [Sighting(pose, middle(pose)) for pose in expected.values()]
        looked = look_at(self.estimator, image, people, self.rule.factor, self.rule.guide_share)
        there = {
            at: pose
            for at, pose in zip(expected, looked, strict=True)
            if self._is_there(crowd, at, pose, time_s)
        }
        claims = [claim(crowd.tracks[at], expected[at], pose, time_s) for at, pose in there.items()]
        places = list(there)
        staying = one_a_body(list(there.values()), claims, self.tracks)
        return {places[i]: there[places[i]] for i in sorted(staying)}

    def _is_present(self, crowd: Crowd, track: Track, time_s: float) -> bool:
        return track.seen_s == crowd.time_s and time_s - track.seen_s <= self.rule.forget_after_s

    def _await(self, crowd: Crowd, track: Track, time_s: float) -> Pose:
        return track.awaited(time_s, crowd.size, self.tracks)

    def _is_there(self, crowd: Crowd, at: int, pose: Pose, time_s: float) -> bool:
        """Tell whether a look found somebody; somebody missing must be found surely."""
        present = self._is_present(crowd, crowd.tracks[at], time_s)
        return pose.score >= (self.rule.keep_score if present else self.rule.sure_score)

    def _must_search(self, crowd: Crowd, seen: Mapping[int, Pose], time_s: float) -> bool:
        """Tell whether to search the whole frame: it is time, or somebody is or was just lost, or nobody is seen."""
        since_s = time_s - crowd.searched_s
        unseen = [track for at, track in enumerate(crowd.tracks) if at not in seen]
        just_lost = any(track.seen_s == crowd.time_s for track in unseen)
        again = bool(unseen) and since_s >= self.tracks.search_again_s
        return not seen or just_lost or again or since_s >= self.rule.check_every_s

    def _search(self, crowd: Crowd, seen: Mapping[int, Pose], image: Image, time_s: float) -> _Frame:
        """Search the whole frame: confirm who is seen, find again who is missing, and welcome newcomers."""
        found = self._in_front(self.estimator.find(image))
        places, poses = list(seen), list(seen.values())
        pairs = pair_searched(poses, [sighting.pose for sighting in found], self.tracks)
        confirmed = {places[row] for row, _ in pairs}
        kept = {at: p for at, p in seen.items() if at in confirmed or p.score >= self.rule.sure_score}
        met = {column for _, column in pairs}
        strangers = [sighting for column, sighting in enumerate(found) if column not in met]
        looked = self._look_at_found(strangers, list(kept.values()), image)
        missing = [at for at, track in enumerate(crowd.tracks) if at not in kept]
        back = pair_missing([crowd.tracks[at] for at in missing], looked, time_s, crowd.size, self.tracks)
        again = {missing[row]: looked[column] for row, column in back}
        known = {column for _, column in back}
        newcomers = [pose for column, pose in enumerate(looked) if column not in known]
        return _Frame(time_s, kept | again, frozenset(confirmed | again.keys()), tuple(newcomers))

    def _in_front(self, found: Sequence[Sighting]) -> list[Sighting]:
        """Return all of whom a search found, or with people="auto" those about as prominent as the most prominent."""
        least = COMPANY if self.estimator.people == "auto" else 0.0
        most = max((sighting.prominence for sighting in found), default=0.0)
        return [sighting for sighting in found if sighting.prominence >= least * most]

    def _look_at_found(
        self, strangers: Sequence[Sighting], known: Sequence[Pose], image: Image
    ) -> list[Pose]:
        """Look at people just found, as at a still; return the poses of those who are somebody, and nobody known."""
        least = self.estimator.min_score**2
        hopeful = [sighting for sighting in strangers if sighting.pose.score >= least]
        if not hopeful:
            return []
        looked = look_at(
            self.estimator, image, hopeful, self.estimator.rule.factor, self.estimator.rule.guide_share
        )
        real = [
            pose
            for sighting, pose in zip(hopeful, looked, strict=True)
            if sighting.pose.score * pose.score >= least
        ]
        claims = [2.0] * len(known) + [pose.score for pose in real]
        staying = one_a_body([*known, *real], claims, self.tracks)
        return [real[i - len(known)] for i in staying if i >= len(known)]

    def _remember(self, crowd: Crowd, frame: _Frame) -> tuple[Crowd, list[Pose]]:
        """Return what is known after a frame, and the poses of those known by an id, as they are shown."""
        tracks, next_id = [], crowd.next_id
        for track, sure in self._updated(crowd, frame):
            if sure and track.pose.id is None:
                track = replace(track, pose=replace(track.pose, id=next_id))
                next_id += 1
            tracks.append(track)
        smooth, shown = self._calm(crowd, tracks, frame.time_s)
        return Crowd(frame.time_s, crowd.size, tuple(tracks), next_id, crowd.searched_s, smooth), shown

    def _updated(self, crowd: Crowd, frame: _Frame) -> Iterator[tuple[Track, bool]]:
        """Yield everybody's track after a frame, and whether they are surely somebody."""
        for at, track in enumerate(crowd.tracks):
            if at in frame.seen:
                after = track.again(frame.seen[at], frame.time_s, self.tracks)
                yield after, at in frame.confirmed or after.pose.score >= self.rule.sure_score
            elif track.pose.id is not None:
                yield track, True
        for pose in frame.newcomers:
            yield Track(pose, frame.time_s, frame.time_s), pose.score >= self.rule.sure_score

    def _calm(
        self, crowd: Crowd, tracks: Sequence[Track], time_s: float
    ) -> tuple[dict[int, OneEuroState | None], list[Pose]]:
        """Return what the smoothing remembers of each by now, by id, and the poses seen, as they are shown."""
        smooth: dict[int, OneEuroState | None] = {}
        shown = []
        for track in tracks:
            if track.pose.id is None:
                continue
            state = crowd.smooth.get(track.pose.id)
            if track.seen_s == time_s:
                state, pose = calm(self.smoothing, state, track.pose, time_s, crowd.size)
                shown.append(pose)
            smooth[track.pose.id] = state
        return smooth, shown


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Who was seen in one frame."""

    time_s: float
    seen: Mapping[int, Pose]
    """Poses of people known, by their place in `Crowd.tracks`."""
    confirmed: frozenset[int] = frozenset()
    """Those of them whom a search found, too."""
    newcomers: tuple[Pose, ...] = ()
