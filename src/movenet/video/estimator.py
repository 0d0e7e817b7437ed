"""A video, frame by frame: `VideoEstimator` knows how to follow, a `Stream` what is remembered of one video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from movenet.crop import check_image
from movenet.engine import Runtime
from movenet.errors import MediaError, ModelError
from movenet.estimator import Estimator
from movenet.machine import threads_for_video
from movenet.media.frame import Frame
from movenet.media.sources.opening import open_source
from movenet.pose import Pose
from movenet.smoothing import OneEuro
from movenet.video.follow_many import Crowd, FollowMany
from movenet.video.follow_one import FollowOne, FollowSettings, Lock, Memory
from movenet.video.smoothing import CALM
from movenet.video.tracks import TrackSettings

ANYBODY: Final = "prominent"
"""The lock of somebody who did not choose one."""
USUAL: Final = FollowSettings()
"""How to follow unless told otherwise."""


class _Follower(Protocol):
    """Takes in one frame of a video, given what is remembered of the frames before."""

    def step(
        self, memory: Any, image: NDArray[np.uint8], time_s: float, /
    ) -> tuple[Memory | Crowd, list[Pose]]: ...


class VideoEstimator:
    """Follows one person, or many, through the frames of any number of streams."""

    def __init__(
        self,
        model: str | Path | Estimator = "lightning",
        *,
        lock: Lock = ANYBODY,
        settings: FollowSettings = USUAL,
        tracks: TrackSettings | None = None,
        smoothing: OneEuro | None = CALM,
    ):
        """Take an estimator that looks top-down, or the name of the model for one.

        Args:
            model: a top-down `Estimator`, whose `people` says whom to follow, or what it would take as its model
                to follow one person; half of the cores then work on it, the others on decoding and encoding.
            lock: whom to follow, of several people, with an estimator of one person.
            settings: how a person is followed from frame to frame.
            tracks: how ids are given, with an estimator of many people; None is `TrackSettings()`.
            smoothing: filter of the keypoints, frame by frame; None leaves them as the model gave them.

        Raises:
            ModelError: as `Estimator` does, or if the estimator given is not top-down, or the lock is unknown, or
                there is one for many people, or `tracks` for one person.
        """
        if not isinstance(model, Estimator):
            model = Estimator(model, runtime=Runtime(threads=threads_for_video()))
        if model.method != "top-down":
            raise ModelError(
                "people are followed by looking at each: expected an estimator with method='top-down'"
            )
        if model.people != "one" and lock != ANYBODY:
            raise ModelError("a lock chooses one person: expected none, or an estimator of one person")
        if model.people == "one" and tracks is not None:
            raise ModelError("one person has no tracks: expected none, or an estimator of many people")
        self.estimator = model
        self.lock = lock
        self.settings = settings
        self.tracks = tracks
        self.smoothing = smoothing
        self._follower: _Follower = (
            FollowOne(model, lock, settings, smoothing)
            if model.people == "one"
            else FollowMany(model, settings, tracks or TrackSettings(), smoothing)
        )

    def stream(self) -> Stream:
        """Return a new stream: call it with each frame and its time."""
        return Stream(self)

    def step(
        self, memory: Memory | Crowd | None, image: NDArray[np.uint8], time_s: float
    ) -> tuple[Memory | Crowd, list[Pose]]:
        """Take in one frame.

        Args:
            memory: what the frame before gave; None at the start.
            image: (H, W, 3) uint8 RGB.
            time_s: when the frame is shown, in seconds, later than the one before.

        Returns:
            What to remember, and the pose of the person followed, or an empty list. With an estimator of many
            people: the poses of all that are seen, each with its id, in the order of their ids.

        Raises:
            MediaError: if `image` is no picture, or time is not finite, stands still or runs backwards.
        """
        image = check_image(image)
        before_s = -np.inf if memory is None else memory.time_s
        if not before_s < time_s < np.inf:
            raise MediaError(f"expected a frame later than the last one at {before_s} s, got {time_s} s")
        return self._follower.step(memory, image, time_s)


class Stream:
    """One video: holds what is remembered between its frames."""

    def __init__(self, estimator: VideoEstimator):
        self.estimator = estimator
        self.memory: Memory | Crowd | None = None

    def __call__(self, image: NDArray[np.uint8], time_s: float) -> list[Pose]:
        """Take in the next frame; see `VideoEstimator.step`."""
        self.memory, poses = self.estimator.step(self.memory, image, time_s)
        return poses


def watch(
    source: str | Path | int, model: str | Path | VideoEstimator = "lightning"
) -> Iterator[tuple[Frame, list[Pose]]]:
    """Open a video, camera or stream and yield each frame with the poses in it.

    Args:
        source: what `open_source` takes: a path, the number of a camera, an address.
        model: the name of a model, or a `VideoEstimator` set up as one likes.

    Raises:
        MediaError: if the source cannot be read.
    """
    estimator = model if isinstance(model, VideoEstimator) else VideoEstimator(model)
    stream = estimator.stream()
    with open_source(source) as frames:
        for frame in frames:
            yield frame, stream(frame.image, frame.time_s)
