"""Sources that do not wait: the newest picture wins, and what breaks off is connected to again."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.media.sources.base import LiveSettings, Source, SourceInfo
from movenet.media.sources.timeline import LiveTime


@dataclass(frozen=True, slots=True, eq=False)
class Grab:
    """A picture just received; it is painted only if somebody takes it."""

    paint: Callable[[], NDArray[np.uint8]]
    """Makes the (H, W, 3) uint8 RGB array."""
    stamp_s: float | None = None
    """When it was taken, by the stream's own clock, if that can be trusted."""


Connect = Callable[[], Generator[Grab, None, None]]
"""Connects and yields pictures as they come; a MediaError or the generator's end is a loss.

Called anew after each loss, in the grabbing thread. Its waits must be bounded.
"""


class LiveSource(Source):
    """A camera or stream, received by a thread of its own that keeps only the newest picture.

    After a loss it connects again, ever more slowly. A source that is not there at the start is an error at
    once; one that falls silent later ends with an error after `give_up_after_s`.
    """

    def __init__(self, name: str, connect: Connect, settings: LiveSettings) -> None:
        """Connect and wait for the first picture.

        Raises:
            MediaError: Connecting fails, or no picture comes within `give_up_after_s`.
        """
        self._slot = slot = _Slot(name, settings.give_up_after_s)
        stop = threading.Event()
        thread = threading.Thread(
            target=_grab, args=(connect, settings, slot, stop), name="movenet-grab", daemon=True
        )
        self._finish = weakref.finalize(self, _end, thread, stop, slot, settings.stall_s)
        thread.start()
        try:
            newest = slot.wait()
        except BaseException:
            self.close()
            raise
        assert newest is not None, "only close() empties the slot"
        height, width = newest.grab.paint().shape[:2]
        super().__init__(SourceInfo(name, width, height, live=True))

    @property
    def dropped(self) -> int:
        """Pictures so far that a newer one replaced before they were taken."""
        return self._slot.dropped

    @property
    def losses(self) -> int:
        """How often the connection broke off so far."""
        return self._slot.losses

    def __next__(self) -> Frame:
        newest = self._slot.wait(take=True)
        if newest is None:
            raise StopIteration
        return Frame(newest.grab.paint(), newest.time_s, newest.index, self.name)

    def close(self) -> None:
        """Disconnect and end the thread; one that waits for a silent network follows within `stall_s`."""
        self._finish()


@dataclass(frozen=True, slots=True, eq=False)
class _Newest:
    grab: Grab
    time_s: float
    index: int
    """Counts every picture received, so that gaps show what was dropped."""


class _Slot:
    """Room for one picture between the thread that receives and the one that looks."""

    def __init__(self, name: str, patience_s: float) -> None:
        self._name = name
        self._patience_s = patience_s
        self._change = threading.Condition()
        self._newest: _Newest | None = None
        self._problem: BaseException | None = None
        self._closed = False
        self._trouble = ""
        self.received = 0
        self.dropped = 0
        self.losses = 0

    def put(self, grab: Grab, time_s: float) -> None:
        with self._change:
            if self._closed:
                return
            self.dropped += self._newest is not None
            self._newest = _Newest(grab, time_s, self.received)
            self.received += 1
            self._trouble = ""
            self._change.notify_all()

    def lose(self, problem: BaseException) -> None:
        with self._change:
            self.losses += 1
            self._trouble = f" ({problem})"

    def fail(self, problem: BaseException) -> None:
        with self._change:
            self._problem = problem
            self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._closed, self._newest = True, None
            self._change.notify_all()

    def wait(self, *, take: bool = False) -> _Newest | None:
        """Return the newest picture once there is one, out of the slot if asked; None once it is closed."""
        with self._change:
            self._change.wait_for(lambda: self._newest or self._problem or self._closed, self._patience_s)
            newest = self._newest
            if take:
                self._newest = None
            if newest or self._closed:
                return newest
            silent = f"{self._name} sent no picture for {self._patience_s:g} s{self._trouble}"
            raise self._problem or MediaError(silent)


def _grab(connect: Connect, settings: LiveSettings, slot: _Slot, stop: threading.Event) -> None:
    """Receive until told to stop; runs in the grabbing thread."""
    clock, wait_s = LiveTime(), settings.first_wait_s
    while not stop.is_set():
        problem: BaseException = MediaError("the stream ended")
        before = slot.received
        try:
            with closing(connect()) as grabs:
                for grab in grabs:
                    slot.put(grab, clock(grab.stamp_s, time.monotonic()))
                    if stop.is_set():
                        return
        except MediaError as loss:
            problem = loss
        except BaseException as bug:  # noqa: BLE001 (it is raised where the pictures are taken)
            slot.fail(bug)
            return
        if not slot.received:
            slot.fail(problem)
            return
        slot.lose(problem)
        clock.lost()
        if slot.received > before:
            wait_s = settings.first_wait_s
        stop.wait(wait_s)
        wait_s = min(wait_s * settings.wait_factor, settings.longest_wait_s)


def _end(thread: threading.Thread, stop: threading.Event, slot: _Slot, stall_s: float) -> None:
    stop.set()
    slot.close()
    # A thread that hangs in a system call for longer cannot be ended; it ends itself when the call returns.
    thread.join(stall_s + 1)
