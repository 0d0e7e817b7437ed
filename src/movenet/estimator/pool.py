"""Objects that threads take turns with, such as estimators."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Equal objects, each used by one thread at a time."""

    def __init__(self, objects: Iterable[T]) -> None:
        """Set the objects."""
        self._idle: queue.SimpleQueue[T] = queue.SimpleQueue()
        for one in objects:
            self._idle.put(one)

    @contextmanager
    def lend(self) -> Iterator[T]:
        """Yield an object that no other thread uses; wait until there is one."""
        one = self._idle.get()
        try:
            yield one
        finally:
            self._idle.put(one)
