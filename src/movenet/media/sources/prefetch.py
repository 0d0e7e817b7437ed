"""Iteration in a background thread: the next items are produced while the current one is used."""

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
    """Last item of the queue: the end of the iteration, or its exception."""

    problem: BaseException | None = None


class Prefetcher(Iterator[Item], Generic[Item]):
    """Iterator over a generator that runs in its own thread, at most `depth` items ahead of the consumer."""

    def __init__(self, items: Generator[Item, None, None], depth: int) -> None:
        """Start the thread. It ends with the generator, with `close`, or when this object is garbage-collected."""
        results: queue.Queue[Item | _Ended] = queue.Queue(max(depth, 1))
        stop = threading.Event()
        thread = threading.Thread(
            target=_work, args=(items, results, stop), name="movenet-prefetch", daemon=True
        )
        self._results = results
        self._ended: _Ended | None = None
        self.close: Callable[[], object] = weakref.finalize(self, _end, results, stop, thread)
        thread.start()

    def __next__(self) -> Item:
        item = self._ended or self._results.get()
        if not isinstance(item, _Ended):
            return item
        self._ended = item
        raise item.problem or StopIteration


def _work(
    items: Generator[Item, None, None], results: queue.Queue[Item | _Ended], stop: threading.Event
) -> None:
    ended = _Ended()
    try:
        for item in items:
            results.put(item)
            if stop.is_set():
                break
        items.close()
    except BaseException as problem:  # noqa: BLE001 (it is raised in __next__)
        ended = _Ended(problem)
    results.put(ended)


def _end(results: queue.Queue[Item | _Ended], stop: threading.Event, thread: threading.Thread) -> None:
    stop.set()
    alive = True
    while alive:
        thread.join(0.02)
        alive = thread.is_alive()
        # A thread that waits in `put` needs room in the queue before it can see the stop event.
        while not results.empty():
            results.get_nowait()
    results.put(_Ended())
