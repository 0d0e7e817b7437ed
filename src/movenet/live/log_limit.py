"""Limit of the log lines that clients can cause."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

LOGGERS: Final = ("uvicorn.error", "asyncio")
"""Loggers whose records are caused by clients."""
MAX_LINES: Final = 5
"""Maximum number of records of one kind within `PERIOD_S`."""
PERIOD_S: Final = 60.0
"""Seconds after which the counts start anew."""


class RepeatFilter(logging.Filter):
    """Passes `MAX_LINES` records of each kind in a period; the last one says that more are left out.

    Records are of one kind if they have the same message template and the same type of exception.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self._clock = clock
        self._start_s = clock()
        self._counts: dict[tuple[str, object], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write a record."""
        if self._clock() - self._start_s >= PERIOD_S:
            self._start_s = self._clock()
            self._counts.clear()
        kind = (str(record.msg), record.exc_info[0] if record.exc_info else None)
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count == MAX_LINES:
            record.msg = f"{str(record.msg).rstrip()} (more of these within {PERIOD_S:.0f} s are left out)"
        return count <= MAX_LINES


@contextmanager
def limited_logs() -> Iterator[None]:
    """Keep the log of a server short while the block runs."""
    limit = RepeatFilter()
    for name in LOGGERS:
        logging.getLogger(name).addFilter(limit)
    try:
        yield
    finally:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(limit)
