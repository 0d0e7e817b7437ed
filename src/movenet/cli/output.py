"""How commands print: progress on a terminal only, figures as a table or as JSON."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from io import TextIOWrapper
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from movenet.errors import MoveNetError

if TYPE_CHECKING:
    from movenet.media.sources.base import Source
    from movenet.records import Record, RecordWriter

T = TypeVar("T")

_CONTROLS: Final = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)
"""What moves the cursor, changes the terminal's colours, turns the reading direction or is no character at all."""


class OutputError(Exception):
    """An output of all inputs together takes no more: stdout is full or closed, or the records' disk is."""


def progress(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    """Yield the items, with a progress bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total=total, console=Console(stderr=True), transient=True)


def frame_progress(frames: Iterable[T], source: Source) -> Iterator[T]:
    """Yield the frames of a source, with frame rate and time left on stderr if that is a terminal."""
    if not sys.stderr.isatty():
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
        task = bar.add_task(escape(printable(source.name)), total=source.frame_count, rate="")
        for frame in frames:
            yield frame
            speed = bar.tasks[task].finished_speed or bar.tasks[task].speed
            bar.update(task, advance=1, rate=f"{speed:.0f} frames/s" if speed else "")


def printable(text: str) -> str:
    """Return a text whose control characters, as a file's name may hold them, are escaped."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def say(line: str) -> None:
    """Print a line on stdout, at once.

    Raises:
        OutputError: stdout is closed or full.
    """
    try:
        print(printable(line), flush=True)
    except OSError as problem:
        raise OutputError(f"cannot write to the standard output: {problem.strerror or problem}") from problem


def write_record(recorder: RecordWriter | None, record: Record) -> None:
    """Write a record, if there are to be any.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        if recorder is not None:
            recorder.write(record)
    except MoveNetError as problem:
        raise OutputError(str(problem)) from problem


def tell(sentence: str) -> None:
    """Print a line on stderr, where it disturbs no JSON."""
    print(printable(sentence), file=sys.stderr, flush=True)


def complain(error: Exception) -> None:
    """Print one line on stderr: what went wrong, for a person."""
    tell(f"movenet: {error}")


def escape_unencodable() -> None:
    """Let stdout and stderr write characters that their code page lacks as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def close_stdout() -> None:
    """Write what is held back; without success, keep the interpreter from trying again at its end.

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
    """Print one line for a picture: what was found, where it was drawn, how long it took."""
    scores = ", ".join(f"{pose.score:.2f}" for pose in record.poses)
    found = f"{len(record.poses)} × person ({scores})" if record.poses else "nobody"
    drawn = f" → {target}" if target else ""
    size = f"{record.width}×{record.height}"
    say(f"{record.source}  {size}  {found}  {1000 * estimate_s:.0f} ms{drawn}")


def print_figures(figures: Mapping[str, float], *, json: bool) -> None:
    """Print named figures as one JSON object or as a table."""
    rounded = {name: round(value, 4) for name, value in figures.items()}
    if json:
        say(dumps(rounded))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*rounded)
    table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in rounded.values()))
    Console().print(table)
