"""Printing of the commands: lines and tables on stdout, progress and errors on stderr."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeVar

from movenet.errors import MoveNetError

if TYPE_CHECKING:
    from movenet.media.sources.base import Source
    from movenet.records import Record

T = TypeVar("T")

_CONTROLS: Final = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)
"""Control characters of terminals and of writing direction, line separators and unpaired surrogates."""


IS_QUIET: Final = ContextVar("IS_QUIET", default=False)
"""Whether only results and errors are printed: --quiet."""


class OutputError(Exception):
    """An output shared by all inputs cannot be written: stdout is closed or full, or the records' disk is full."""


def progress(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    """Yield the items, with a progress bar on stderr if that is a terminal."""
    if IS_QUIET.get() or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total=total, console=Console(stderr=True), transient=True)


def frame_progress(frames: Iterable[T], source: Source, total: int | None = None) -> Iterator[T]:
    """Yield frames of a source, with frame rate and time left on stderr if that is a terminal.

    `total` is about their number; None stands for all frames of the source.
    """
    if IS_QUIET.get() or not sys.stderr.isatty():
        yield from frames
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        rate,
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(printable(source.name)), total=total or source.frame_count, rate="")
        for frame in frames:
            yield frame
            speed = bar.tasks[task].finished_speed or bar.tasks[task].speed
            bar.update(task, advance=1, rate=f"{speed:.0f} frames/s" if speed else "")


def printable(text: str) -> str:
    """Return a text with its control characters, which a file name may contain, escaped."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def print_line(line: str) -> None:
    """Print a line on stdout, at once.

    Raises:
        OutputError: stdout is closed or full.
    """
    try:
        print(printable(line), flush=True)
    except OSError as problem:
        raise OutputError(f"cannot write to the standard output: {problem.strerror or problem}") from problem


class Recorder(Protocol):
    """Where records go: a `RecordWriter`, or the standard output."""

    def write(self, record: Record) -> None:
        """Write a record."""

    def discard(self) -> None:
        """Remove what was written."""


def write_record(recorder: Recorder | None, record: Record) -> None:
    """Write a record if there is a writer.

    Raises:
        OutputError: The record cannot be written.
    """
    try:
        if recorder is not None:
            recorder.write(record)
    except MoveNetError as problem:
        raise OutputError(str(problem)) from problem


def print_status(line: str) -> None:
    """Print a line on stderr, apart from the JSON on stdout; nothing with --quiet."""
    if not IS_QUIET.get():
        print(printable(line), file=sys.stderr, flush=True)


def print_progress(step: str) -> None:
    """Print what is being done now, on stderr if that is a terminal."""
    if sys.stderr.isatty():
        print_status(f"{step} …")


def print_error(error: Exception) -> None:
    """Print an error as one line on stderr."""
    print(printable(f"movenet: {error}"), file=sys.stderr, flush=True)


def escape_unencodable() -> None:
    """Make stdout and stderr escape characters that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def close_stdout() -> None:
    """Flush stdout; after a failure, keep the interpreter from flushing it again at exit.

    Raises:
        OutputError: stdout is closed or full.
    """
    try:
        sys.stdout.flush()
    except OSError as problem:
        # Python's own flush at exit would fail with a traceback and another exit code.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write to the standard output: {problem.strerror or problem}") from problem


def print_poses(record: Record, target: Path | None, estimate_s: float) -> None:
    """Print one line for a photo: size, number of people with scores, time, path of the annotated copy."""
    scores = ", ".join(f"{pose.score:.2f}" for pose in record.poses)
    found = f"{len(record.poses)} × person ({scores})" if record.poses else "no person"
    drawn = f" → {target}" if target else ""
    size = f"{record.width}×{record.height}"
    print_line(f"{record.source}  {size}  {found}  {1000 * estimate_s:.0f} ms{drawn}")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int = 0) -> None:
    """Print a table on stdout; heads are broken at spaces, so that narrow columns fit into 80 characters.

    Args:
        heads: Of the columns.
        rows: As many cells each as there are heads.
        text_columns: So many columns from the left are aligned left; the others hold figures and are aligned right.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0)
    for at, head in enumerate(heads):
        justify: Literal["left", "right"] = "left" if at < text_columns else "right"
        table.add_column(head.replace(" ", "\n"), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # A table wider than the terminal keeps its width, so that no figure is cut off.
    natural = Console(width=1000).measure(table).maximum
    Console(width=max(Console().width, natural)).print(table)
