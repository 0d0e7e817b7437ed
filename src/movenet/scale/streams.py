"""Many cameras and streams in one process: each is tracked in its own thread, all with the same engines.

    camera ─► newest frame ─► tracker ─┐                    ┌─► (frame, poses)
    camera ─► newest frame ─► tracker ─┼─► engine, batches ─┼─► (frame, poses)
    camera ─► newest frame ─► tracker ─┘   in turn          └─► (frame, poses)

A stream has at most one frame in work and one that waits, which a newer one replaces. So all have equal shares of the
engine, however fast each sends, and one that is dead costs the others nothing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from movenet.engine.batching import BatchingEngine
from movenet.errors import MediaError
from movenet.estimator import Estimator
from movenet.media.frame import Frame
from movenet.media.location import Address, Camera, Location, locate
from movenet.media.sources.base import LiveSettings, Source, SourceSettings
from movenet.media.sources.opening import open_location
from movenet.pose import Pose
from movenet.scale.live_stream import LiveStream, StreamState
from movenet.video import VideoEstimator

if TYPE_CHECKING:
    from typing import Self

FramePoses = tuple[Frame, list[Pose]]
Select = Callable[[Source], Iterable[Frame]]
"""Returns the frames of a source that are processed."""

FIRST_PAUSE_S: Final = 1.0
"""Pause before a stream that failed is opened again; it doubles with every failure."""
LONGEST_PAUSE_S: Final = 15.0
WAIT_S: Final = 0.2
"""A thread that waits notices the end within this time."""


def share_engines(estimator: Estimator) -> Estimator:
    """Return an equal estimator for many threads: squares that wait at the same time run as one batch, in turn."""
    engine, detector = estimator.engine, estimator.detector
    shared = BatchingEngine(engine)
    return Estimator(
        shared,
        people=estimator.people,
        method=estimator.method,
        min_score=estimator.min_score,
        settings=estimator.settings,
        detector=shared if detector is engine else detector and BatchingEngine(detector),
    )


class Streams:
    """The frames of many live sources with their poses, as they are estimated.

    A source that cannot be opened or is lost is opened again, until the streams are closed; its frames then go on with
    the time since its first frame. Iteration ends when every source was a recording that came to its end.
    """

    def __init__(
        self,
        sources: Iterable[str | int | Location],
        model: VideoEstimator,
        *,
        select: Select = iter,
        on_loss: Callable[[StreamState], object] | None = None,
        settings: LiveSettings | None = None,
    ) -> None:
        """Start to open the sources.

        Args:
            sources: cameras and addresses, as `movenet.open_source` takes them.
            model: tracks each of them; make its estimator with `share_engines`.
            select: takes a source and returns the frames to process.
            on_loss: called in the stream's thread when it is lost, once for each reason in a row.
            settings: timeouts of the sources; None is the default.
        """
        self._model, self._select, self._on_loss = model, select, on_loss
        self._settings = SourceSettings(live=settings or LiveSettings())
        self._stopped = threading.Event()
        self._streams = [LiveStream(_located(source)) for source in sources]
        # One frame of each: a consumer that is slow makes the streams wait, whose sources then drop frames.
        self._results: queue.Queue[FramePoses | BaseException | None] = queue.Queue(len(self._streams))
        self._threads = [
            threading.Thread(target=self._work, args=[stream], name="movenet-stream", daemon=True)
            for stream in self._streams
        ]
        for thread in self._threads:
            thread.start()

    @property
    def states(self) -> list[StreamState]:
        """The state of each source, in the order given."""
        return [stream.state for stream in self._streams]

    def __iter__(self) -> Iterator[FramePoses]:
        """Yield each frame and its poses.

        Raises:
            MoveNetError: The model cannot run.
        """
        running = len(self._streams)
        while running:
            try:
                result = self._results.get(timeout=WAIT_S)
            except queue.Empty:
                continue
            if isinstance(result, BaseException):
                raise result
            if result is None:
                running -= 1
            else:
                yield result

    def _work(self, stream: LiveStream) -> None:
        """Track a stream until it ends; runs in its thread."""
        state, pause_s, reason = stream.state, FIRST_PAUSE_S, ""
        while not self._stopped.is_set():
            before = state.frames
            try:
                self._track(stream)
                state.condition = "ended"
                break
            except MediaError as loss:
                if state.frames > before:
                    pause_s, reason = FIRST_PAUSE_S, ""
                stream.lose(loss)
            except BaseException as bug:  # noqa: BLE001 (it is raised in __iter__)
                self._put(bug)
                return
            if state.error != reason and not self._stopped.is_set():
                reason = state.error
                if self._on_loss is not None:
                    self._on_loss(state)
            self._stopped.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        self._put(None)

    def _track(self, stream: LiveStream) -> None:
        """Open the source of a stream and track it to its end.

        Raises:
            MediaError: It cannot be opened, or is lost.
        """
        with open_location(stream.location, self._settings) as source:
            stream.begin(source)
            step = self._model.stream()
            for frame in self._select(source):
                poses = step(frame.native, frame.time_s)
                self._put((stream.count(frame, poses), poses))
                if self._stopped.is_set():
                    return

    def _put(self, result: FramePoses | BaseException | None) -> None:
        while not self._stopped.is_set():
            try:
                self._results.put(result, timeout=WAIT_S)
                return
            except queue.Full:
                continue

    def close(self) -> None:
        """Close the sources and end the threads; one that is being opened ends by itself."""
        self._stopped.set()
        with ThreadPoolExecutor(max(len(self._streams), 1)) as pool:  # each may wait for its network
            list(pool.map(LiveStream.close, self._streams))
        for thread in self._threads:
            thread.join(WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _located(source: str | int | Location) -> Location:
    return source if isinstance(source, Camera | Address) else locate(source)
