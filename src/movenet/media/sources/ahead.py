"""Work in the background: the next items are made while this one is used."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Ended:
    """The last thing in the queue: the end, or what went wrong."""

    problem: BaseException | None = None


class Ahead(Iterator[Item], Generic[Item]):
    """Runs a generator in a thread of its own, at most `depth` items ahead of whoever takes them."""

    def __init__(self, items: Generator[Item, None, None], depth: int) -> None:
        """Start the thread. It ends with the generator, with `close`, or when this object is forgotten."""
        line: queue.Queue[Item | _Ended] = queue.Queue(max(depth, 1))
        stop = threading.Event()
        thread = threading.Thread(target=_work, args=(items, line, stop), name="movenet-ahead", daemon=True)
        self._line = line
        self._ended: _Ended | None = None
        self.close: Callable[[], object] = weakref.finalize(self, _end, line, stop, thread)
        thread.start()

    def __next__(self) -> Item:
        item = self._ended or self._line.get()
        if not isinstance(item, _Ended):
            return item
        self._ended = item
        raise item.problem or StopIteration


def _work(
    items: Generator[Item, None, None], line: queue.Queue[Item | _Ended], stop: threading.Event
) -> None:
    ended = _Ended()
    try:
        for item in items:
            line.put(item)
            if stop.is_set():
                break
        items.close()
    except BaseException as problem:  # noqa: BLE001 (it is raised where the items are taken)
        ended = _Ended(problem)
    line.put(ended)


def _end(line: queue.Queue[Item | _Ended], stop: threading.Event, thread: threading.Thread) -> None:
    stop.set()
    alive = True
    while alive:
        thread.join(0.02)
        alive = thread.is_alive()
        # A thread that waits to put its item must find room to see that it should stop.
        while not line.empty():
            line.get_nowait()
    line.put(_Ended())
