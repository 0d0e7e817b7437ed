"""Pose estimation in videos: `VideoEstimator` holds models and settings, a `Stream` the state of one video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from movenet.crop import check_picture
from movenet.engine import Runtime
from movenet.errors import MediaError, ModelError
from movenet.estimator import Estimator, People
from movenet.machine import threads_for_video
from movenet.media.frame import Frame
from movenet.media.sources.opening import open_source
from movenet.planar import Picture
from movenet.pose import Pose
from movenet.smoothing import OneEuro
from movenet.video.association import TrackSettings
from movenet.video.multi_person import MultiPersonState, MultiPersonTracker
from movenet.video.single_person import FollowSettings, Lock, SinglePersonState, SinglePersonTracker
from movenet.video.smoothing import ONE_EURO

DEFAULT_LOCK: Final = "prominent"
DEFAULT_SETTINGS: Final = FollowSettings()

State = SinglePersonState | MultiPersonState
PoseFunction = Callable[[Picture, float], list[Pose]]
"""Takes the next image of a stream, (H, W, 3) uint8 RGB or planes, and its time in seconds; returns the poses in it."""


class _Tracker(Protocol):
    """Processes one frame of a video, given the state after the frame before."""

    def step(self, state: Any, image: Picture, time_s: float, /) -> tuple[State, list[Pose]]: ...


class VideoEstimator:
    """Tracks one person or many people through the frames of any number of streams."""

    def __init__(
        self,
        model: str | Path | Estimator = "lightning",
        *,
        lock: Lock = DEFAULT_LOCK,
        settings: FollowSettings = DEFAULT_SETTINGS,
        tracks: TrackSettings | None = None,
        smoothing: OneEuro | None = ONE_EURO,
    ):
        """Take a top-down estimator, or the name of the model for one.

        Args:
            model: a top-down `Estimator`, whose `people` says how many people to track; or a model as `Estimator` takes
                it, to track one person with half of the cores (the others decode and encode).
            lock: which person to track, with an estimator of one person.
            settings: tracking from frame to frame.
            tracks: association with ids, with an estimator of many people; None is `TrackSettings()`.
            smoothing: causal filter of the keypoints; None leaves them as the model estimated them.

        Raises:
            ModelError: as `Estimator` does; or if the estimator is not top-down, the lock is unknown, a lock is given
                for many people, or `tracks` for one person.
        """
        if not isinstance(model, Estimator):
            model = Estimator(model, runtime=Runtime(threads=threads_for_video()))
        if model.method != "top-down":
            raise ModelError(
                f"tracking needs pose estimation in each person's crop: expected an estimator with "
                f"method='top-down', got method='{model.method}'"
            )
        if model.people != "one" and lock != DEFAULT_LOCK:
            raise ModelError("a lock chooses one person: expected none, or an estimator of one person")
        if model.people == "one" and tracks is not None:
            raise ModelError("one person has no tracks: expected none, or an estimator of many people")
        self.estimator = model
        self.lock = lock
        self.settings = settings
        self.tracks = tracks
        self.smoothing = smoothing
        self._tracker: _Tracker = (
            SinglePersonTracker(model, lock, settings, smoothing)
            if model.people == "one"
            else MultiPersonTracker(model, settings, tracks or TrackSettings(), smoothing)
        )

    def __repr__(self) -> str:
        lock = f", lock={self.lock!r}" if self.estimator.people == "one" else ""
        smoothing = "off" if self.smoothing is None else "causal"
        return f"VideoEstimator({self.estimator!r}{lock}, smoothing {smoothing})"

    def stream(self) -> Stream:
        """Return a new stream: call it with each frame and its time."""
        return Stream(self)

    def step(self, state: State | None, image: Picture, time_s: float) -> tuple[State, list[Pose]]:
        """Process one frame.

        Args:
            state: the state returned for the frame before; None for the first frame.
            image: (H, W, 3) uint8 RGB, or a `PlanarImage` such as `Frame.native`.
            time_s: time of the frame in seconds, later than the one before.

        Returns:
            The next state, and the pose of the person followed, or an empty list; the id changes when another person
            is followed. With an estimator of many people: the poses of all people visible, in the order of their ids.

        Raises:
            MediaError: if `image` is no picture, or the time is not finite or not later than the one before.
        """
        image = check_picture(image)
        before_s = -np.inf if state is None else state.time_s
        if not before_s < time_s < np.inf:
            raise MediaError(f"expected a frame later than the last one at {before_s} s, got {time_s} s")
        return self._tracker.step(state, image, time_s)


class Stream:
    """One video: holds the state between its frames."""

    def __init__(self, estimator: VideoEstimator):
        self.estimator = estimator
        self.state: State | None = None

    def __call__(self, image: Picture, time_s: float) -> list[Pose]:
        """Process the next frame; see `VideoEstimator.step`."""
        self.state, poses = self.estimator.step(self.state, image, time_s)
        return poses


def watch(
    source: str | Path | int,
    model: str | Path | Estimator | VideoEstimator | None = None,
    *,
    people: People | None = None,
) -> Iterator[tuple[Frame, list[Pose]]]:
    """Open a video, camera or stream and yield each frame with its poses.

    Args:
        source: as `open_source` takes it: a path, the number of a camera, or an address.
        model: the name of a model, an `Estimator` or a `VideoEstimator`; None is "lightning".
        people: "one" (the default) or "many", who then have ids; for an estimator it is already chosen.

    Raises:
        MediaError: if the source cannot be read.
        ModelError: if the model is unknown, or `people` is given with an estimator.
    """
    stream = open_estimator(model, people).stream()
    with open_source(source) as frames:
        for frame in frames:
            yield frame, stream(frame.native, frame.time_s)


def open_estimator(
    model: str | Path | Estimator | VideoEstimator | None, people: People | None = None
) -> VideoEstimator:
    """Return the estimator for a video: as given, or made from a model and the number of people.

    Raises:
        ModelError: if the model is unknown, or `people` is given with an estimator.
    """
    if not isinstance(model, Estimator | VideoEstimator):
        runtime = Runtime(threads=threads_for_video())
        return VideoEstimator(Estimator(model or "lightning", people=people or "one", runtime=runtime))
    if people is not None:
        raise ModelError(f"people='{people}' is for the name of a model: {model!r} has chosen already")
    return model if isinstance(model, VideoEstimator) else VideoEstimator(model)
