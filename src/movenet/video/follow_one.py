"""One person is followed: the last frame tells where to look in this one.

Nothing below this room remembers anything. Here one small frozen value a stream, `Memory`, is replaced at each frame,
so that any number of streams share one `VideoEstimator`, and that one its engines.

    nobody known ──► search the whole frame ──► somebody? ──► look at them ──► pose
    somebody known ──► look where they should be by now ──► still there? ──► pose
                              │                                └─ no ──► as if nobody were known
                              └─ now and then ──► search as well ──► there too? ──► pose
                                                        └─ no ──► look at whom it found: surer? ──► pose

Other rules lose people: a crop that follows a wrong guess never shows the rest of the frame. Here a lost person is
looked for in the whole frame at once, and even a track that looks sound is checked against it from time to time. So
a frame costs one look as a rule, and a search and two looks at most.
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
from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState
from movenet.video.smoothing import calm
from movenet.video.tracks import alike, middle, moved, step_between

Lock = Literal["prominent", "largest", "central"] | tuple[float, float] | tuple[float, float, float, float]
"""Whom to follow: the most prominent, largest or most central person, the one at a point (x, y) or in a box
(x, y, width, height), in pixels of the frame."""


@dataclass(frozen=True, slots=True)
class FollowSettings:
    """How to follow one person (defaults measured on moving-camera clips, docs/video.md)."""

    crop_factor: float = 1.15
    """Side of the square as a multiple of the longer side of the person in the last frame: room to move."""
    guide_weight: float = 0.5
    """How far the decoder leans towards where the keypoints should be by now, 0…1."""
    keep_score: float = 0.25
    """A look whose keypoints score less on average has lost the person."""
    check_every_s: float = 0.4
    """How often a person who seems to be there is looked for in the whole frame."""
    sure_score: float = 0.4
    """A look that scores as much stands even if that search overlooks the person (of looks where nobody is, 6 %
    reach `keep_score` and .2 % this) …"""
    surer: float = 1.5
    """… unless a look at somebody found then scores so many times as much."""
    forget_after_s: float = 0.5
    """After a gap in time this long nobody is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What is known of one stream after a frame."""

    time_s: float
    """When that frame was shown."""
    size: tuple[int, int]
    """Its width and height in pixels."""
    pose: Pose | None = None
    """Who was seen, as the model saw them: not smoothed."""
    motion: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """Shape (2,): how the person as a whole moves, x and y in pixels per second."""
    place: NDArray[np.float64] | None = None
    """Shape (2,): x, y of the middle of the person when last seen; stays when they are lost."""
    checked_s: float = -math.inf
    """When the whole frame was last searched."""
    smooth: OneEuroState | None = None
    """What the smoothing remembers."""


class FollowOne:
    """Follows one person through the frames of any number of streams."""

    def __init__(self, estimator: Estimator, lock: Lock, settings: FollowSettings, smoothing: OneEuro | None):
        """Take what `VideoEstimator` takes.

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
        self, memory: Memory | None, image: NDArray[np.uint8], time_s: float
    ) -> tuple[Memory, list[Pose]]:
        """Take in one frame, later than the one before; see `VideoEstimator.step`."""
        memory = self._recall(memory, image, time_s)
        pose = self._follow(memory, image, time_s)
        if pose is not None and time_s - memory.checked_s < self.settings.check_every_s:
            return self._remember(memory, pose, time_s, memory.checked_s)
        found = self.estimator.detect(image)
        if pose is None or not any(alike(pose, detection.pose) for detection in found):
            other = self._look_at(self._choose(found, memory), image)
            if self._prefers(other, pose):
                memory, pose = _turn_to(other, memory), other
        return self._remember(memory, pose, time_s, time_s)

    def _recall(self, memory: Memory | None, image: NDArray[np.uint8], time_s: float) -> Memory:
        """Return what is known before a frame, as far as it still holds."""
        size = (image.shape[1], image.shape[0])
        if memory is None or size != memory.size:
            return Memory(-math.inf, size)
        if time_s - memory.time_s > self.settings.forget_after_s:
            return Memory(memory.time_s, size, place=memory.place)
        return memory

    def _prefers(self, other: Pose | None, pose: Pose | None) -> bool:
        """Tell whether to turn to whom the search found, if anybody, from a track that the search did not find.

        A search overlooks small and odd people, so a sure track stays unless the other one is much surer.
        """
        if pose is None or pose.score < self.settings.sure_score:
            return True
        return other is not None and other.score > self.settings.surer * pose.score

    def _follow(self, memory: Memory, image: NDArray[np.uint8], time_s: float) -> Pose | None:
        """Look where the person should be by now; None if nobody was known or they are not there."""
        if memory.pose is None:
            return None
        expected = moved(memory.pose, memory.motion * np.float32(time_s - memory.time_s))
        detection = Detection(expected, middle(expected))
        (pose,) = self.estimator.estimate_detections(
            image, [detection], self.settings.crop_factor, self.settings.guide_weight
        )
        return pose if pose.score >= self.settings.keep_score else None

    def _look_at(self, detection: Detection | None, image: NDArray[np.uint8]) -> Pose | None:
        """Look at somebody just found, as at a still; None if that was nobody after all."""
        if detection is None:
            return None
        settings = self.estimator.settings
        (pose,) = self.estimator.estimate_detections(
            image, [detection], settings.crop_factor, settings.guide_weight
        )
        return pose if math.sqrt(detection.pose.score * pose.score) >= self.estimator.min_score else None

    def _choose(self, found: Sequence[Detection], memory: Memory) -> Detection | None:
        """Return whom to follow from now on."""
        if isinstance(self.lock, str):
            criterion = _CRITERIA[self.lock]
            return max(found, key=lambda detection: criterion(detection, memory.size), default=None)
        place = memory.place if memory.place is not None else _place(self.lock)
        here = [detection for detection in found if _holds(detection.bounds, place)]
        return min(here, key=lambda detection: float(np.hypot(*(detection.center - place))), default=None)

    def _remember(
        self, memory: Memory, pose: Pose | None, time_s: float, checked_s: float
    ) -> tuple[Memory, list[Pose]]:
        if pose is None:
            return Memory(time_s, memory.size, place=memory.place, checked_s=checked_s), []
        smooth, shown = calm(self.smoothing, memory.smooth, pose, time_s, memory.size)
        motion = _motion(memory, pose, time_s)
        after = Memory(time_s, memory.size, pose, motion, middle(pose), checked_s, smooth)
        return after, [shown]


def _prominence(detection: Detection, size: tuple[int, int]) -> float:
    return detection.prominence


def _size(detection: Detection, size: tuple[int, int]) -> float:
    return detection.area


def _centrality(detection: Detection, size: tuple[int, int]) -> float:
    return -float(np.hypot(*(detection.center - np.array(size) / 2)))


_CRITERIA: Final[Mapping[str, Callable[[Detection, tuple[int, int]], float]]] = {
    "prominent": _prominence,
    "largest": _size,
    "central": _centrality,
}


def _place(lock: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the point, or the middle of the box."""
    x, y, width, height = lock if len(lock) == 4 else (*lock, 0.0, 0.0)
    return np.array([x + width / 2, y + height / 2])


def _holds(bounds: tuple[float, float, float, float], place: NDArray[np.float64]) -> bool:
    x, y, width, height = bounds
    return bool(x <= place[0] <= x + width and y <= place[1] <= y + height)


def _motion(memory: Memory, pose: Pose, time_s: float) -> NDArray[np.float32]:
    """Return how the person moves: the mean step of the keypoints in sight, halfway from the motion before."""
    if memory.pose is None:
        return np.zeros(2, np.float32)
    step = step_between(memory.pose, pose, time_s - memory.time_s)
    return memory.motion if step is None else np.asarray((memory.motion + step) / 2, np.float32)


def _turn_to(other: Pose | None, memory: Memory) -> Memory:
    """Return what of a memory holds for somebody found in the whole frame: all, if they are who was followed."""
    if memory.pose is not None and other is not None and alike(memory.pose, other):
        return memory
    return replace(memory, pose=None, smooth=None)
