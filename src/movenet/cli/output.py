"""How commands print: progress on a terminal only, figures as a table or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from json import dumps
from typing import TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    """Yield the items, with a progress bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total=total, console=Console(stderr=True), transient=True)


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
