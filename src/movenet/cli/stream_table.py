"""How several streams are doing, on stderr: a table on a terminal, else a line of each now and then."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from movenet.cli.output import print_status, printable
from movenet.scale.live_stream import StreamState

if TYPE_CHECKING:
    from typing import Self

    from rich.live import Live
    from rich.table import Table

TABLE_HZ: Final = 2.0
"""Updates of the table per second."""
LOG_S: Final = 30.0
"""Time between two reports elsewhere."""
HEADS: Final = ("stream", "frames/s", "frames", "dropped", "lost", "people", "")


class StreamTable:
    """A table that is rewritten on a terminal, else a line of each stream every `LOG_S`; at the end a line of each."""

    def __init__(self, states: Sequence[StreamState], *, on_terminal: bool) -> None:
        """Take the states of the streams, and whether a table may be shown."""
        self._states = states
        self._live = self._open() if on_terminal else None
        self._shown_s = time.monotonic()

    def _open(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        return Live(console=console, get_renderable=self._table, refresh_per_second=TABLE_HZ, transient=True)

    def _table(self) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for head in HEADS:
            table.add_column(head, justify="left" if head in ("stream", "") else "right", overflow="fold")
        for state in self._states:
            table.add_row(*(escape(printable(cell)) for cell in cells(state)))
        return table

    def update(self) -> None:
        """Report if it is time; a table updates itself."""
        now_s = time.monotonic()
        if self._live is None and now_s - self._shown_s >= LOG_S:
            self._shown_s = now_s
            self._print()

    def _print(self) -> None:
        for state in self._states:
            print_status(stream_line(state))

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        self._print()


def cells(state: StreamState) -> tuple[str, ...]:
    """Return the cells of a stream under `HEADS`."""
    condition = "" if state.condition == "running" else state.error or state.condition
    numbers = (state.frames, state.dropped, state.losses, state.people)
    return (state.name, f"{state.rate_fps:.1f}", *map(str, numbers), condition)


def stream_line(state: StreamState) -> str:
    """Return what a stream has done, in one line."""
    counts = f"{state.frames} frames, {state.dropped} dropped, {state.losses} times lost"
    if state.condition == "running":
        return f"{state.name}: {state.rate_fps:.1f} frames/s, {counts}"
    reason = (state.error or state.condition).removeprefix(f"{state.name}: ")
    return f"{state.name}: {reason}; {counts}"
