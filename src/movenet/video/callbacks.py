"""Poses by callback: for apps that want to be told, as `watch` is for programs that ask."""

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
from movenet.video import VideoEstimator

if TYPE_CHECKING:
    from typing import Self

OnPose = Callable[[list[Pose], Frame], object]
"""Is called with the poses in a frame and the frame; answers False, and nothing else that is false, to end."""
Pictures = Iterable[Frame | NDArray[np.uint8]]
"""Frames, or (H, W, 3) uint8 RGB arrays, which count as taken at the moment they are handed out."""
Model = str | Path | Estimator | VideoEstimator
"""What a `VideoEstimator` follows with, or one set up as one likes; an `Estimator` sees each frame by itself."""

_AT_EXIT_S: Final = 5.0
"""How long the end of the program waits for a callback that does not return."""


def stream(source: str | Path | int | Pictures, on_pose: OnPose, model: Model = "lightning") -> None:
    """Call `on_pose(poses, frame)` for each frame of a source, in order, until it ends or the callback says so.

    The callback ends the stream by returning False; what it raises ends it too and comes out here. While it works
    no other frame is looked at: a camera or live stream then goes on with its newest picture, a recording waits.

    Args:
        source: a path, the number of a camera or an address, as `open_source` takes them, which is opened and
            closed here; or frames one after the other, such as an open source, which is left open.
        on_pose: what to do with the poses.
        model: the name of a model, or an estimator; several streams may share one.

    Raises:
        MediaError: if the source cannot be read, or what it hands out are no frames.
        ModelError: if the model is unknown.
    """
    step = stepper(model)
    with _open(source) as frames:
        _run(frames, step, on_pose, lambda: False)


def start_stream(
    source: str | Path | int | Pictures, on_pose: OnPose, model: Model = "lightning"
) -> RunningStream:
    """Do as `stream` does in a thread of its own, in which the callback is called; the source is open on return.

    Raises:
        MediaError: if the source cannot be opened.
        ModelError: if the model is unknown.
    """
    return RunningStream(source, on_pose, model)


class RunningStream:
    """A stream in the background: `stop` it, `wait` for it, or use it as a context manager that stops it.

    What ended it early, an error of the source or of the callback, is logged at once and raised by `stop`,
    `wait` and the end of the context. It ends with the program at the latest.
    """

    def __init__(
        self, source: str | Path | int | Pictures, on_pose: OnPose, model: Model = "lightning"
    ) -> None:
        """Open the source and start; arguments and errors as in `start_stream`."""
        step = stepper(model)
        self._opened = _open(source)
        self._wanted = threading.Event()
        self._wanted.set()
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

        Frames that somebody else makes cannot be interrupted: the stream then ends when the next one comes.

        Returns:
            Whether it has ended within `timeout_s`; None waits for as long as it takes.

        Raises:
            BaseException: what had ended it before.
        """
        ended = self._end(timeout_s)
        self._surface()
        return ended

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the source ends or the callback returns False; otherwise as `stop`."""
        self._thread.join(timeout_s)
        self._surface()
        return not self.running

    def __enter__(self) -> Self:
        """Return the stream itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; an error of the stream hides none of the block's own."""
        self._end(None)
        if kind is None:
            self._surface()

    def _work(self, step: Step, on_pose: OnPose) -> None:
        try:
            with self._opened as frames:
                _run(frames, step, on_pose, lambda: not self._wanted.is_set())
        except BaseException as problem:
            self._problem = problem
            logging.getLogger(__name__).error("a stream ended early: %r", problem, exc_info=problem)
        finally:
            atexit.unregister(self._end)

    def _end(self, timeout_s: float | None) -> bool:
        self._wanted.clear()
        if threading.current_thread() is self._thread:
            return False
        if isinstance(self._opened, Source) and self._opened.live:
            self._opened.close()  # it may be waiting for a picture that does not come
        self._thread.join(timeout_s)
        return not self.running

    def _surface(self) -> None:
        if self._problem is not None:
            raise self._problem


Step = Callable[[NDArray[np.uint8], float], list[Pose]]
"""Takes the next picture of a stream and its time in seconds, and tells who is in it."""


def stepper(model: Model) -> Step:
    """Return what takes the pictures of one new stream.

    Raises:
        ModelError: if the model is unknown.
    """
    if isinstance(model, Estimator):
        return lambda image, _: model(image)
    return (model if isinstance(model, VideoEstimator) else VideoEstimator(model)).stream()


def _run(frames: Iterable[Frame], step: Step, on_pose: OnPose, is_over: Callable[[], bool]) -> None:
    for frame in frames:
        if is_over() or on_pose(step(frame.image, frame.time_s), frame) is False:
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
    """Yield frames as they are, and pictures with the time since the first was asked for."""
    start_s = time.perf_counter()
    for index, picture in enumerate(pictures):
        if isinstance(picture, Frame):
            yield picture
        else:
            yield Frame(picture, time.perf_counter() - start_s, index, "pictures")
