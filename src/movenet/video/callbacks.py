"""Poses of a source by callback; `movenet.watch` is the same as an iterator."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError
from movenet.estimator import Estimator
from movenet.media.frame import Frame
from movenet.media.sources.base import Source
from movenet.media.sources.opening import open_source
from movenet.pose import Pose
from movenet.video import PoseFunction, VideoEstimator

if TYPE_CHECKING:
    from typing import Self

OnPose = Callable[[Frame, list[Pose]], object]
"""Called with each frame and its poses, as `movenet.watch` yields them; returns False (no other false value) to end the
stream."""
Pictures = Iterable[Frame | NDArray[np.uint8]]
"""Frames, or (H, W, 3) uint8 RGB arrays, whose time is when they are yielded."""
Model = str | Path | Estimator | VideoEstimator
"""Model of a `VideoEstimator`, or one ready made; an `Estimator` processes each frame by itself, without tracking."""

_AT_EXIT_S: Final = 5.0
"""How long the exit of the program waits for a callback that does not return."""


def stream(source: str | Path | int | Pictures, on_pose: OnPose, model: Model = "lightning") -> None:
    """Call `on_pose(frame, poses)` for each frame of a source, in order.

    The stream ends with the source, or when the callback returns False or raises an error, which is raised here. No
    other frame is processed while the callback runs: a camera or live stream then continues with its newest frame, a
    recording with the next one.

    Args:
        source: a path, the number of a camera or an address, as `open_source` takes them, opened and closed here; or
            an iterable of frames, such as an open source, which is left open.
        on_pose: the callback.
        model: the name of a model, or an estimator; several streams may share one.

    Raises:
        MediaError: if the source cannot be read, or does not yield frames.
        ModelError: if the model is unknown.
    """
    step = pose_function(model)
    with _open(source) as frames:
        _run(frames, step, on_pose, lambda: False)


def start_stream(
    source: str | Path | int | Pictures, on_pose: OnPose, model: Model = "lightning"
) -> RunningStream:
    """Run `stream` in a background thread, which calls the callback; the source is open on return.

    Raises:
        MediaError: if the source cannot be opened.
        ModelError: if the model is unknown.
    """
    return RunningStream(source, on_pose, model)


class RunningStream:
    """A stream in the background: `stop` it, `wait` for it, or use it as a context manager that stops it.

    An error of the source or of the callback is logged at once, and raised by `stop`, `wait` and the end of the
    context. The stream ends with the program at the latest.
    """

    def __init__(
        self, source: str | Path | int | Pictures, on_pose: OnPose, model: Model = "lightning"
    ) -> None:
        """Open the source and start; arguments and errors as of `start_stream`."""
        step = pose_function(model)
        self._opened = _open(source)
        self._stopped = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(
            target=self._work, args=(step, on_pose), name="movenet-stream", daemon=True
        )
        atexit.register(self._end, _AT_EXIT_S)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether frames may still come."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float | None = None) -> bool:
        """End the stream and wait until the last callback has returned; called by a callback, it does not wait.

        An iterable given as source cannot be interrupted: the stream then ends when its next frame comes.

        Returns:
            Whether the stream ended within `timeout_s` seconds; None waits without limit.

        Raises:
            BaseException: the error that ended the stream before.
        """
        ended = self._end(timeout_s)
        self._raise_problem()
        return ended

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the source ends or the callback returns False; returns and raises as `stop`."""
        self._thread.join(timeout_s)
        self._raise_problem()
        return not self.running

    def __enter__(self) -> Self:
        """Return the stream itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; raise the error of the stream unless the block raised its own."""
        self._end(None)
        if kind is None:
            self._raise_problem()

    def _work(self, step: PoseFunction, on_pose: OnPose) -> None:
        try:
            with self._opened as frames:
                _run(frames, step, on_pose, self._stopped.is_set)
        except BaseException as problem:
            self._problem = problem
            logging.getLogger(__name__).error("a stream ended early: %r", problem, exc_info=problem)
        finally:
            atexit.unregister(self._end)

    def _end(self, timeout_s: float | None) -> bool:
        self._stopped.set()
        if threading.current_thread() is self._thread:
            return False
        if isinstance(self._opened, Source) and self._opened.live:
            self._opened.close()  # unblocks a read that waits for the next frame
        self._thread.join(timeout_s)
        return not self.running

    def _raise_problem(self) -> None:
        if self._problem is not None:
            raise self._problem


def pose_function(model: Model) -> PoseFunction:
    """Return a function that processes the images of one new stream.

    Raises:
        ModelError: if the model is unknown.
    """
    if isinstance(model, Estimator):
        return lambda image, _: model(image)
    return (model if isinstance(model, VideoEstimator) else VideoEstimator(model)).stream()


def _run(frames: Iterable[Frame], step: PoseFunction, on_pose: OnPose, is_over: Callable[[], bool]) -> None:
    for frame in frames:
        if is_over() or on_pose(frame, step(frame.native, frame.time_s)) is False:
            return


def _open(source: str | Path | int | Pictures) -> AbstractContextManager[Iterable[Frame]]:
    if isinstance(source, str | Path | int):
        return open_source(source)
    if not isinstance(source, Iterable):
        kind = type(source).__name__
        raise MediaError(
            f"expected a path, a camera's number, an address or frames to iterate over, got {kind}"
        )
    return nullcontext(_timed(source))


def _timed(pictures: Pictures) -> Iterator[Frame]:
    """Yield frames as they are, and images with the time since iteration began."""
    start_s = time.perf_counter()
    for index, picture in enumerate(pictures):
        if isinstance(picture, Frame):
            yield picture
        else:
            yield Frame(picture, time.perf_counter() - start_s, index, "pictures")
