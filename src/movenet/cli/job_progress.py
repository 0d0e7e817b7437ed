"""Progress of a job on stderr: files done, rate and time left over all inputs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from movenet.cli.output import IS_QUIET, print_status
from movenet.errors import MoveNetError
from movenet.scale.job import JobCounts

if TYPE_CHECKING:
    from typing import Self

TERMINAL_S: Final = 0.5
"""Time between two updates of the line on a terminal."""
LOG_S: Final = 30.0
"""Time between two lines elsewhere."""


class JobProgress:
    """A line that is rewritten on a terminal, else one every `LOG_S`."""

    def __init__(self, counts: JobCounts, list_files: Callable[[], Iterable[str]] | None) -> None:
        """Start to count the files in the background.

        Args:
            counts: what the job has done so far.
            list_files: lists all files; None if they can be listed only once.
        """
        self._counts = counts
        self._total: int | None = None
        self._is_terminal = sys.stderr.isatty() and not IS_QUIET.get()
        self._start_s = self._shown_s = time.monotonic()
        if list_files is not None:
            threading.Thread(target=self._count, args=[list_files], daemon=True).start()

    def _count(self, list_files: Callable[[], Iterable[str]]) -> None:
        with suppress(MoveNetError):  # the job itself reports it
            self._total = sum(1 for _ in list_files())

    def update(self) -> None:
        """Show the counts if it is time."""
        now_s = time.monotonic()
        if now_s - self._shown_s < (TERMINAL_S if self._is_terminal else LOG_S):
            return
        self._shown_s = now_s
        line = progress_line(self._counts, self._total, now_s - self._start_s)
        if self._is_terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
        else:
            print_status(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
        print_status(summary(self._counts, time.monotonic() - self._start_s))


def progress_line(counts: JobCounts, total: int | None, elapsed_s: float) -> str:
    """Return files done of all, rate and time left.

    Args:
        counts: what the job has done so far.
        total: number of files; None if not known yet.
        elapsed_s: time since the start, in seconds.
    """
    now = counts.files + counts.failed
    done, rate = now + counts.skipped, now / elapsed_s
    parts = [f"{done:,} files" if total is None else f"{done:,} of {total:,} files", f"{rate:.1f} per second"]
    if total is not None and rate:
        parts.append(f"{timedelta(seconds=round(max(total - done, 0) / rate))} left")
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    return ", ".join(parts)


def summary(counts: JobCounts, elapsed_s: float) -> str:
    """Return what a run did: files, frames, people, failures, time and rate."""
    rate = (counts.files + counts.failed) / max(elapsed_s, 1e-9)
    return (
        f"{counts.files:,} files done, {counts.skipped:,} skipped, {counts.failed:,} failed; "
        f"{counts.frames:,} frames, {counts.people:,} poses, {1000 * counts.estimate_s.mean:.0f} ms a file; "
        f"{timedelta(seconds=round(elapsed_s))}, {rate:.1f} files per second"
    )
