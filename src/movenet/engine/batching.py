"""An engine for many threads: what they ask for at the same time runs as one batch, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.engine.interface import Engine, check_squares
from movenet.models import ModelCard

MAX_SQUARES: Final = 4
"""Most squares in one batch: larger ones are not faster on a processor, and those in front wait for them."""


class BatchingEngine:
    """Joins the calls that wait at the same time into batches. Each thread has at most one call in the queue.

    The thread whose call is the oldest runs the batch for all others in it, so there is no thread to start or stop.
    A failure of the engine is raised in every thread whose squares were in the batch.
    """

    def __init__(self, engine: Engine, max_squares: int = MAX_SQUARES) -> None:
        """Take the engine that runs the batches, and the most squares in one; a larger call is a batch of its own."""
        self._engine = engine
        self._max_squares = max_squares
        self._waiting: deque[_Call] = deque()
        self._is_busy = False
        self._lock = threading.Lock()

    @property
    def card(self) -> ModelCard:
        """The card of the model."""
        return self._engine.card

    @property
    def precision(self) -> str:
        """Floating-point precision of the engine."""
        return self._engine.precision

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Return the heads of these squares; see `Engine`."""
        check_squares(squares)
        call = _Call(squares)
        with self._lock:
            self._waiting.append(call)
            if not self._is_busy:
                self._is_busy = True
                call.turn.set()
        call.turn.wait()
        if call.heads is None and call.error is None:
            self._run_next()
        if call.error is not None:
            raise call.error
        assert call.heads is not None, "a call that had its turn has an answer"
        return call.heads

    def _run_next(self) -> None:
        """Run the calls at the head of the queue; then it is the turn of the next one that waits."""
        with self._lock:
            batch = self._take()
        try:
            heads = self._engine(np.concatenate([call.squares for call in batch]))
            start = 0
            for call in batch:
                end = start + len(call.squares)
                call.heads = {name: head[start:end] for name, head in heads.items()}
                start = end
        except BaseException as error:  # noqa: BLE001 (every thread in the batch raises it)
            for call in batch:
                call.error = error
        with self._lock:
            self._is_busy = bool(self._waiting)
            if self._waiting:
                self._waiting[0].turn.set()
        for call in batch:
            call.turn.set()

    def _take(self) -> list[_Call]:
        """Take the oldest call, and those after it whose squares have the same size, as many as fit into a batch."""
        batch, count = [self._waiting.popleft()], len(self._waiting)
        size, total = batch[0].squares.shape[1:], len(batch[0].squares)
        for _ in range(count):
            call = self._waiting.popleft()
            if call.squares.shape[1:] == size and total + len(call.squares) <= self._max_squares:
                batch.append(call)
                total += len(call.squares)
            else:
                self._waiting.append(call)
        return batch


class _Call:
    """The squares of one thread, and the answer to them."""

    def __init__(self, squares: NDArray[np.uint8]) -> None:
        self.squares = squares
        self.turn = threading.Event()
        """Set when the answer is there, or when this call has to run the next batch."""
        self.heads: Heads | None = None
        self.error: BaseException | None = None
