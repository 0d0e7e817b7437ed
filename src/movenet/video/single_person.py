"""Tracks one person: the pose in the last frame gives the crop for pose estimation in this one.

    not tracked ──► detection in the whole frame ──► pose estimation in the crop of the person chosen ──► pose
    tracked ──► pose estimation in the predicted crop ──► score high enough? ──► pose
                              │         and the same clothes?  └─ no ──► as if not tracked
                              └─ every `detect_every_s` ──► detection as well ──► same person found? ──► pose
                                     └─ no ──► pose estimation of the person detected ──► takes over if the score is
                                     higher

A tracker that crops around a wrong pose never sees the rest of the frame again. Here the whole frame is searched as
soon as the person is lost, and regularly while they are tracked. A frame costs one pose estimation as a rule, and at
most one detection and two pose estimations.

Who is chosen among several people: before anybody was followed, the person of the lock. Then the one of like clothes,
who keeps the id; another one only if nobody of like clothes was detected for `wait_s`, under the next id.

The state of a stream is one frozen value, `SinglePersonState`, replaced at each frame. So any number of streams share
one `VideoEstimator` and its engines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from movenet.errors import ModelError
from movenet.estimator import Detection, Estimator
from movenet.planar import Picture
from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState
from movenet.video.appearance import measure_appearance
from movenet.video.association import center_of, is_same_person, translate, velocity_between
from movenet.video.followed_person import FollowedPerson
from movenet.video.smoothing import smooth_pose

Lock = Literal["prominent", "largest", "central"] | tuple[float, float] | tuple[float, float, float, float]
"""Which person to track: the most prominent, largest or most central one, or the one at a point (x, y) or in a box
(x, y, width, height), in pixels of the frame."""


@dataclass(frozen=True, slots=True)
class FollowSettings:
    """Tracking from frame to frame (defaults measured on moving-camera clips, docs/video-results.md)."""

    crop_factor: float = 1.15
    """Side of the crop as a multiple of the longer side of the person in the last frame."""
    guide_weight: float = 0.5
    """Weight of the predicted keypoints in the decoder, 0…1."""
    min_track_score: float = 0.25
    """A person is lost if the mean keypoint score of their pose is lower."""
    detect_every_s: float = 0.4
    """Longest interval between detections in the whole frame."""
    confident_score: float = 0.4
    """A pose with at least this score is kept even if the detector misses the person.

    Of poses estimated where nobody is, 6 % reach `min_track_score` and 0.2 % this score.
    """
    undetected_s: float = 5.0
    """A confident pose that the detector has missed for this long may be replaced, see `takeover_ratio`."""
    takeover_ratio: float = 1.5
    """A confident pose is replaced by a detected person whose score is this many times as high."""
    reset_after_s: float = 0.5
    """After a longer gap between two frames nobody is tracked, nor waited for."""
    wait_s: float = 2.0
    """A person who is lost is waited for this long, but no longer than they were followed. Then another person may be
    followed, who gets the next id."""
    confirm_score: float = 0.33
    """Somebody whose mean score is lower is not waited for: it may be nobody. As `TrackSettings.confirm_score`."""


@dataclass(frozen=True, slots=True, eq=False)
class SinglePersonState:
    """State of one stream after a frame."""

    time_s: float
    """Time of that frame."""
    size: tuple[int, int]
    """Its width and height in pixels."""
    pose: Pose | None = None
    """Pose of the person tracked, not smoothed and without the id; None if nobody is."""
    velocity: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): velocity of the person in x and y, pixels per second."""
    person: FollowedPerson | None = None
    """The person followed, kept while they are lost; None if there was none yet."""
    next_id: int = 1
    """Id of the next person followed."""
    detected_s: float = -math.inf
    """Time of the last detection."""
    smooth: OneEuroState | None = None
    """State of the smoothing filter."""


class SinglePersonTracker:
    """Tracks one person through the frames of any number of streams."""

    def __init__(self, estimator: Estimator, lock: Lock, settings: FollowSettings, smoothing: OneEuro | None):
        """Arguments as of `VideoEstimator`.

        Raises:
            ModelError: if the lock is unknown.
        """
        if isinstance(lock, str) and lock not in _CRITERIA:
            raise ModelError(f"expected a lock out of {', '.join(_CRITERIA)}, a point or a box, got '{lock}'")
        self.estimator = estimator
        self.lock = lock
        self.settings = settings
        self.smoothing = smoothing

    def step(
        self, state: SinglePersonState | None, image: Picture, time_s: float
    ) -> tuple[SinglePersonState, list[Pose]]:
        """Process one frame, later than the one before; see `VideoEstimator.step`."""
        state = self._valid_state(state, image, time_s)
        pose = self._track(state, image, time_s)
        if pose is not None and time_s - state.detected_s < self.settings.detect_every_s:
            return self._next_state(state, pose, image, time_s)
        state = replace(state, detected_s=time_s)
        detections = self.estimator.detect(image)
        is_detected = pose is not None and any(is_same_person(pose, found.pose) for found in detections)
        if not is_detected:
            given_up = self._is_given_up(state, pose, time_s)
            detection, person = self._choose(detections, state, image, given_up=given_up)
            other = self._estimate(detection, image)
            if other is not None and person is not None and not person.is_in(other, image):
                other, person = (other if given_up else None), None
            if self._takes_over(other, pose):
                state, pose, is_detected = _switch_to(other, person, state), other, other is not None
        return self._next_state(state, pose, image, time_s, is_detected=is_detected)

    def _valid_state(
        self, state: SinglePersonState | None, image: Picture, time_s: float
    ) -> SinglePersonState:
        """Return what of the state is still valid for this frame."""
        size = (image.shape[1], image.shape[0])
        if state is None:
            return SinglePersonState(-math.inf, size)
        if size != state.size:
            return SinglePersonState(-math.inf, size, next_id=state.next_id)
        if time_s - state.time_s > self.settings.reset_after_s:
            return SinglePersonState(state.time_s, size, person=state.person, next_id=state.next_id)
        return state

    def _takes_over(self, other: Pose | None, pose: Pose | None) -> bool:
        """Tell whether the person detected, if any, replaces a tracked pose that the detector missed.

        A detector misses small people and unusual poses, so a confident pose stays unless the other score is much
        higher.
        """
        if pose is None or pose.score < self.settings.confident_score:
            return True
        return other is not None and other.score > self.settings.takeover_ratio * pose.score

    def _track(self, state: SinglePersonState, image: Picture, time_s: float) -> Pose | None:
        """Estimate the pose in the predicted crop; None if nobody was tracked or the person is lost."""
        if state.pose is None:
            return None
        predicted = translate(state.pose, state.velocity * np.float32(time_s - state.time_s))
        detection = Detection(predicted, center_of(predicted))
        (pose,) = self.estimator.estimate_detections(
            image, [detection], self.settings.crop_factor, self.settings.guide_weight
        )
        if pose.score < self.settings.min_track_score:
            return None
        appearance = measure_appearance(image, pose)
        is_other = state.person is not None and state.person.is_other(appearance, time_s)
        return None if is_other else pose

    def _estimate(self, detection: Detection | None, image: Picture) -> Pose | None:
        """Estimate the pose of a detection, as in a photo; None if the score of both is too low."""
        if detection is None:
            return None
        settings = self.estimator.settings
        (pose,) = self.estimator.estimate_detections(
            image, [detection], settings.crop_factor, settings.guide_weight
        )
        return pose if math.sqrt(detection.pose.score * pose.score) >= self.estimator.min_score else None

    def _is_given_up(self, state: SinglePersonState, pose: Pose | None, time_s: float) -> bool:
        """Tell whether another person may be followed from now on; `pose` is the tracked one."""
        if state.person is None or time_s - state.time_s > self.settings.reset_after_s:
            return True
        if pose is not None and pose.score >= self.settings.confident_score:
            return time_s - state.person.detected_s > self.settings.undetected_s
        return time_s - state.person.seen_s > min(self.settings.wait_s, state.person.known_s)

    def _choose(
        self, detections: Sequence[Detection], state: SinglePersonState, image: Picture, *, given_up: bool
    ) -> tuple[Detection | None, FollowedPerson | None]:
        """Return the detection to track from now on, and the person whom it shows; None for a new person."""
        person = state.person
        # A detection of a lower score is no person, whatever the score of the pose.
        detections = [found for found in detections if found.pose.score >= self.estimator.min_score**2]
        if not isinstance(self.lock, str):
            center = _center_of_lock(self.lock) if person is None else person.center
            detections = [found for found in detections if _contains(found.bounds, center)]
        first = self._first(detections, state.size)
        if person is None:
            return first, None
        if person.score < self.settings.confirm_score:
            return first, person if first and person.find([first], image) else None
        found = person.find(detections, image)
        return (found, person) if found or not given_up else (first, None)

    def _first(self, detections: Sequence[Detection], size: tuple[int, int]) -> Detection | None:
        """Return the person to begin with, by the lock."""
        if isinstance(self.lock, str):
            criterion = _CRITERIA[self.lock]
            return max(detections, key=lambda detection: criterion(detection, size), default=None)
        center = _center_of_lock(self.lock)
        return min(detections, key=lambda found: float(np.hypot(*(found.center - center))), default=None)

    def _next_state(
        self,
        state: SinglePersonState,
        pose: Pose | None,
        image: Picture,
        time_s: float,
        *,
        is_detected: bool = False,
    ) -> tuple[SinglePersonState, list[Pose]]:
        if pose is None:
            empty = SinglePersonState(time_s, state.size, person=state.person, next_id=state.next_id)
            return replace(empty, detected_s=state.detected_s), []
        appearance = measure_appearance(image, pose)
        if state.person is None:
            person = FollowedPerson.start(state.next_id, pose, appearance, time_s)
        else:
            person = state.person.update(pose, appearance, time_s, detected=is_detected)
        smooth, smoothed = smooth_pose(self.smoothing, state.smooth, pose, time_s, state.size)
        velocity, next_id = _velocity(state, pose, time_s), max(state.next_id, person.id + 1)
        after = SinglePersonState(
            time_s, state.size, pose, velocity, person, next_id, state.detected_s, smooth
        )
        return after, [replace(smoothed, id=person.id)]


def _prominence(detection: Detection, size: tuple[int, int]) -> float:
    return detection.prominence


def _area(detection: Detection, size: tuple[int, int]) -> float:
    return detection.area


def _centrality(detection: Detection, size: tuple[int, int]) -> float:
    return -float(np.hypot(*(detection.center - np.array(size) / 2)))


_CRITERIA: Final[Mapping[str, Callable[[Detection, tuple[int, int]], float]]] = {
    "prominent": _prominence,
    "largest": _area,
    "central": _centrality,
}


def _center_of_lock(lock: tuple[float, ...]) -> NDArray[np.float64]:
    x, y, width, height = lock if len(lock) == 4 else (*lock, 0.0, 0.0)
    return np.array([x + width / 2, y + height / 2])


def _contains(bounds: tuple[float, float, float, float], point: NDArray[np.float64]) -> bool:
    x, y, width, height = bounds
    return bool(x <= point[0] <= x + width and y <= point[1] <= y + height)


def _velocity(state: SinglePersonState, pose: Pose, time_s: float) -> NDArray[np.float32]:
    """Return the person's velocity: the mean of the step of the visible keypoints and of the velocity before."""
    if state.pose is None:
        return np.zeros(2, np.float32)
    step = velocity_between(state.pose, pose, time_s - state.time_s)
    return state.velocity if step is None else np.asarray((state.velocity + step) / 2, np.float32)


def _switch_to(
    other: Pose | None, person: FollowedPerson | None, state: SinglePersonState
) -> SinglePersonState:
    """Return what of the state is valid for a person just detected: all, if they are where the person was tracked."""
    if other is None:
        return replace(state, pose=None, smooth=None)
    state = replace(state, person=person)
    if person is not None and state.pose is not None and is_same_person(state.pose, other):
        return state
    return replace(state, pose=None, smooth=None)
