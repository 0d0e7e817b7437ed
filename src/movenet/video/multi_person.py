"""Tracks many people, each by an id: the tracks of the last frame give the crops for pose estimation in this one.

    tracks ──► pose estimation in all predicted crops, one batch ──► score high enough? ──► poses
                    │                                                   └─ no ──► missing
                    └─ every `detect_every_s`, or sooner if a track is missing ──► detection in the whole frame
                          matched with a track ──► kept       track without a detection and of low score ──► missing
                          no track ──► pose estimation in the crop ──► a missing person or a new track

The state of a stream is one frozen value, `MultiPersonState`. Which pose belongs to which track is decided in
`movenet.video.association`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from movenet.estimator import Detection, Estimator
from movenet.planar import Picture
from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState
from movenet.video.appearance import measure_appearance
from movenet.video.association import (
    Association,
    Observation,
    Track,
    TrackSettings,
    assign_ids,
    center_of,
    is_id_switch,
    match_detections,
    suppress_duplicates,
    track_priority,
    update_tracks,
)
from movenet.video.single_person import FollowSettings
from movenet.video.smoothing import smooth_pose

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class MultiPersonState:
    """State of one stream of many people after a frame."""

    time_s: float
    """Time of that frame."""
    size: tuple[int, int]
    """Its width and height in pixels."""
    tracks: tuple[Track, ...] = ()
    """All tracks, missing ones included, in the order of their first observation."""
    next_id: int = 1
    """Id of the next track that is confirmed."""
    detected_s: float = -math.inf
    """Time of the last detection."""
    smooth: Mapping[int, OneEuroState | None] = field(default_factory=dict)
    """States of the smoothing filters, by id."""


class MultiPersonTracker:
    """Tracks many people through the frames of any number of streams."""

    def __init__(
        self, estimator: Estimator, settings: FollowSettings, tracks: TrackSettings, smoothing: OneEuro | None
    ) -> None:
        """Arguments as of `VideoEstimator`."""
        self.estimator = estimator
        self.settings = settings
        self.tracks = tracks
        self.smoothing = smoothing

    def step(
        self, state: MultiPersonState | None, image: Picture, time_s: float
    ) -> tuple[MultiPersonState, list[Pose]]:
        """Process one frame, later than the one before; see `VideoEstimator.step`."""
        state = self._valid_state(state, image, time_s)
        association = self._track(state, image, time_s)
        if self._must_detect(state, association, time_s):
            state, association = replace(state, detected_s=time_s), self._detect(state, association, image)
        tracks = update_tracks(state.tracks, association, time_s, state.size, self.tracks)
        tracks, next_id = assign_ids(tracks, state.next_id, time_s, state.size, self.tracks)
        smooth, poses = self._smooth(state, tracks, time_s)
        return MultiPersonState(time_s, state.size, tuple(tracks), next_id, state.detected_s, smooth), poses

    def _valid_state(self, state: MultiPersonState | None, image: Picture, time_s: float) -> MultiPersonState:
        """Return what of the state is still valid for this frame."""
        size = (image.shape[1], image.shape[0])
        if state is None:
            return MultiPersonState(-math.inf, size)
        if size != state.size:
            return MultiPersonState(state.time_s, size, next_id=state.next_id)
        kept = [track for track in state.tracks if time_s - track.last_seen_s <= self.tracks.max_missing_s]
        return replace(state, tracks=tuple(kept))

    def _track(self, state: MultiPersonState, image: Picture, time_s: float) -> Association:
        """Estimate the poses in the predicted crops, in one batch; drop duplicates and id switches."""
        predicted = self._predict(state, time_s)
        people = [Detection(pose, center_of(pose)) for pose in predicted.values()]
        observed = self._observe(image, people, self.settings.crop_factor, self.settings.guide_weight)
        matched = {
            i: observation
            for i, observation in zip(predicted, observed, strict=True)
            if observation.pose.score >= self._min_score(state, i)
        }
        priorities = [
            track_priority(state.tracks[i], predicted[i], observation.pose, time_s)
            for i, observation in matched.items()
        ]
        indices, poses = list(matched), [observation.pose for observation in matched.values()]
        kept = [indices[row] for row in sorted(suppress_duplicates(poses, priorities, self.tracks))]
        return Association(
            {
                i: matched[i]
                for i in kept
                if not is_id_switch(state.tracks[i], matched[i], state.tracks, self.tracks)
            }
        )

    def _predict(self, state: MultiPersonState, time_s: float) -> dict[int, Pose]:
        """Return the poses predicted for this frame, by the index of the track."""
        if time_s - state.time_s > self.settings.reset_after_s:
            return {}
        poses = {}
        for i, track in enumerate(state.tracks):
            if track.last_seen_s == state.time_s:
                poses[i] = track.predict(time_s)
            elif time_s - track.last_seen_s <= self.tracks.predict_missing_s:
                poses[i] = track.predict_missing(time_s, state.size, self.tracks)
        return poses

    def _min_score(self, state: MultiPersonState, i: int) -> float:
        """Return the lowest score of a pose of track `i`; higher if the track is missing."""
        is_present = state.tracks[i].last_seen_s == state.time_s
        return self.settings.min_track_score if is_present else self.settings.confident_score

    def _observe(
        self, image: Picture, people: Sequence[Detection], crop_factor: float, guide_weight: float
    ) -> list[Observation]:
        if not people:
            return []
        poses = self.estimator.estimate_detections(image, people, crop_factor, guide_weight)
        return [Observation(pose, measure_appearance(image, pose)) for pose in poses]

    def _must_detect(self, state: MultiPersonState, association: Association, time_s: float) -> bool:
        """Tell whether to run the detector: no track is observed, or the last detection is too long ago.

        The interval is shorter while a track is missing: half of the time it has been missing.
        """
        missing_s = [
            time_s - track.last_seen_s
            for i, track in enumerate(state.tracks)
            if track.id is not None and i not in association.matched
        ]
        interval_s = max(self.tracks.redetect_missing_s, min(missing_s, default=math.inf) / 2)
        return not association.matched or time_s - state.detected_s >= min(
            interval_s, self.settings.detect_every_s
        )

    def _detect(self, state: MultiPersonState, association: Association, image: Picture) -> Association:
        """Run the detector: drop tracks of low score that it does not find, and observe people without a track."""
        detections = self.estimator.choose(self.estimator.detect(image))
        indices = list(association.matched)
        poses = [observation.pose for observation in association.matched.values()]
        pairs = match_detections(poses, [detection.pose for detection in detections], self.tracks)
        detected = {indices[row] for row, _ in pairs}
        matched = {
            i: observation
            for i, observation in association.matched.items()
            if i in detected or observation.pose.score >= self.settings.confident_score
        }
        columns = {column for _, column in pairs}
        new = [detection for column, detection in enumerate(detections) if column not in columns]
        unmatched = self._observe_new(new, [observation.pose for observation in matched.values()], image)
        return Association(matched, detected, unmatched)

    def _observe_new(
        self, detections: Sequence[Detection], tracked: Sequence[Pose], image: Picture
    ) -> list[Observation]:
        """Estimate the poses of new detections, as in a photo; return those of high score that are not tracked yet."""
        min_product = self.estimator.min_score**2
        candidates = [detection for detection in detections if detection.pose.score >= min_product]
        settings = self.estimator.settings
        observed = self._observe(image, candidates, settings.crop_factor, settings.guide_weight)
        people = [
            observation
            for detection, observation in zip(candidates, observed, strict=True)
            if detection.pose.score * observation.pose.score >= min_product
        ]
        # A pose that is tracked already has a priority above every score.
        priorities = [2.0] * len(tracked) + [observation.pose.score for observation in people]
        poses = [*tracked, *(observation.pose for observation in people)]
        kept = suppress_duplicates(poses, priorities, self.tracks)
        return [people[i - len(tracked)] for i in kept if i >= len(tracked)]

    def _smooth(
        self, state: MultiPersonState, tracks: Sequence[Track], time_s: float
    ) -> tuple[dict[int, OneEuroState | None], list[Pose]]:
        """Return the next filter states by id, and the smoothed poses of the tracks observed in this frame."""
        smooth: dict[int, OneEuroState | None] = {}
        poses = []
        for track_id, track in sorted({track.id: track for track in tracks if track.id is not None}.items()):
            filter_state = state.smooth.get(track_id)
            if track.last_seen_s == time_s:
                filter_state, pose = smooth_pose(self.smoothing, filter_state, track.pose, time_s, state.size)
                poses.append(pose)
            smooth[track_id] = filter_state
        return smooth, poses
