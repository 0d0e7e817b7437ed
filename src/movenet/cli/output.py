"""How commands print: progress on a terminal only, figures as a table or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from movenet.errors import MoveNetError

if TYPE_CHECKING:
    from movenet.media.source import Source
    from movenet.records import Record

T = TypeVar("T")


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
        task = bar.add_task(source.name, total=source.frame_count, rate="")
        for frame in frames:
            yield frame
            speed = bar.tasks[task].finished_speed or bar.tasks[task].speed
            bar.update(task, advance=1, rate=f"{speed:.0f} frames/s" if speed else "")


def tell(sentence: str) -> None:
    """Print a line on stderr, where it disturbs no JSON."""
    print(sentence, file=sys.stderr, flush=True)


def complain(error: MoveNetError) -> None:
    """Print one line on stderr: what went wrong, for a person."""
    tell(f"movenet: {error}")


def print_poses(record: Record, target: Path | None, estimate_s: float) -> None:
    """Print one line for a picture: what was found, where it was drawn, how long it took."""
    scores = ", ".join(f"{pose.score:.2f}" for pose in record.poses)
    found = f"{len(record.poses)} × person ({scores})" if record.poses else "nobody"
    drawn = f" → {target}" if target else ""
    print(
        f"{record.source}  {record.width}×{record.height}  {found}  {1000 * estimate_s:.0f} ms{drawn}",
        flush=True,
    )


def print_figures(figures: Mapping[str, float], *, json: bool) -> None:
    """Print named figures as one JSON object or as a table."""
    rounded = {name: round(value, 4) for name, value in figures.items()}
    if json:
        print(dumps(rounded))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*rounded)
    table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in rounded.values()))
    Console().print(table)
