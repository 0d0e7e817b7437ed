"""Live sources: only the latest frame is kept, and a lost connection is opened again."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.media.sources.base import LiveSettings, Source, SourceInfo
from movenet.media.sources.clock import LiveClock
from movenet.planar import Picture


@dataclass(frozen=True, slots=True, eq=False)
class ReceivedFrame:
    """A frame just received; it is converted only if it is taken."""

    to_picture: Callable[[], Picture]
    """Returns the frame as (H, W, 3) uint8 RGB or as planes."""
    timestamp_s: float | None = None
    """Timestamp in seconds by the stream's clock; None if the stream has no reliable clock."""


Connect = Callable[[], Generator[ReceivedFrame, None, None]]
"""Connects and yields frames as they arrive. MediaError or the end of the generator is a loss of the connection.

It is called again after each loss, in the receiving thread. Its waits must be bounded.
"""


class LiveSource(Source):
    """A camera or stream, received in its own thread, which keeps only the latest frame.

    After a loss it connects again, with growing pauses. A source that cannot be reached at the start raises an error
    at once; one that fails later raises an error after `give_up_after_s`.
    """

    def __init__(self, name: str, connect: Connect, settings: LiveSettings) -> None:
        """Connect and wait for the first frame.

        Raises:
            MediaError: The connection fails, or no frame arrives within `give_up_after_s`.
        """
        self._slot = slot = _Slot(name, settings.give_up_after_s)
        stop = threading.Event()
        thread = threading.Thread(
            target=_receive, args=(connect, settings, slot, stop), name="movenet-receive", daemon=True
        )
        self._finalizer = weakref.finalize(self, _end, thread, stop, slot, settings.stall_s)
        thread.start()
        try:
            latest = slot.wait()
        except BaseException:
            self.close()
            raise
        assert latest is not None, "only close() empties the slot"
        height, width = latest.frame.to_picture().shape[:2]
        super().__init__(SourceInfo(name, width, height, live=True))

    @property
    def dropped(self) -> int:
        """Number of frames so far that were replaced by a newer one before they were taken."""
        return self._slot.dropped

    @property
    def losses(self) -> int:
        """Number of lost connections so far."""
        return self._slot.losses

    def __next__(self) -> Frame:
        latest = self._slot.wait(take=True)
        if latest is None:
            raise StopIteration
        return Frame(latest.frame.to_picture(), latest.time_s, latest.index, self.name)

    def close(self) -> None:
        """Disconnect and end the thread; a thread that waits for the network ends within `stall_s`."""
        self._finalizer()


@dataclass(frozen=True, slots=True, eq=False)
class _Latest:
    frame: ReceivedFrame
    time_s: float
    index: int
    """Number of the frame among all received, so that gaps show dropped frames."""


class _Slot:
    """Holds one frame between the receiving thread and the consumer."""

    def __init__(self, name: str, timeout_s: float) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._change = threading.Condition()
        self._latest: _Latest | None = None
        self._problem: BaseException | None = None
        self._closed = False
        self._last_error = ""
        self.received = 0
        self.dropped = 0
        self.losses = 0

    def put(self, frame: ReceivedFrame, time_s: float) -> None:
        with self._change:
            if self._closed:
                return
            self.dropped += self._latest is not None
            self._latest = _Latest(frame, time_s, self.received)
            self.received += 1
            self._last_error = ""
            self._change.notify_all()

    def record_loss(self, problem: BaseException) -> None:
        with self._change:
            self.losses += 1
            self._last_error = f" ({problem})"

    def fail(self, problem: BaseException) -> None:
        with self._change:
            self._problem = problem
            self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._closed, self._latest = True, None
            self._change.notify_all()

    def wait(self, *, take: bool = False) -> _Latest | None:
        """Wait for the latest frame and return it; `take` empties the slot. Return None once the slot is closed.

        Raises:
            MediaError: No frame arrived in time.
        """
        with self._change:
            self._change.wait_for(lambda: self._latest or self._problem or self._closed, self._timeout_s)
            latest = self._latest
            if take:
                self._latest = None
            if latest or self._closed:
                return latest
            message = f"{self._name} sent no picture for {self._timeout_s:g} s{self._last_error}"
            raise self._problem or MediaError(message)


def _receive(connect: Connect, settings: LiveSettings, slot: _Slot, stop: threading.Event) -> None:
    """Receive frames until `stop` is set; runs in the receiving thread."""
    clock, wait_s = LiveClock(), settings.first_wait_s
    while not stop.is_set():
        problem: BaseException = MediaError("the stream ended")
        before = slot.received
        try:
            with closing(connect()) as frames:
                for frame in frames:
                    slot.put(frame, clock(frame.timestamp_s, time.monotonic()))
                    if stop.is_set():
                        return
        except MediaError as loss:
            problem = loss
        except BaseException as bug:  # noqa: BLE001 (it is raised in __next__)
            slot.fail(bug)
            return
        if not slot.received:
            slot.fail(problem)
            return
        slot.record_loss(problem)
        clock.reset()
        if slot.received > before:
            wait_s = settings.first_wait_s
        stop.wait(wait_s)
        wait_s = min(wait_s * settings.wait_factor, settings.longest_wait_s)


def _end(thread: threading.Thread, stop: threading.Event, slot: _Slot, stall_s: float) -> None:
    stop.set()
    slot.close()
    # A thread in a longer system call cannot be stopped; it ends when the call returns.
    thread.join(stall_s + 1)
