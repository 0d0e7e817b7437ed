"""`movenet doctor`: check this installation and say how to repair it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from movenet.doctor import CheckResult

MARKS: Final = {"ok": "ok", "failed": "[bold red]failed[/]", "missing": "[dim]–[/]"}


def doctor() -> None:
    """Check the installation and say how to repair it.

    Checked are files, hashes, engines, their answers, processor and precision. The exit code is 1 if something needs
    mending.
    """
    from movenet.doctor import run_checks

    show(run_checks())


def show(results: Sequence[CheckResult]) -> None:
    """Print results as a table.

    Raises:
        typer.Exit: with code 1, if one needs mending.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "what", "result", show_header=False, box=None)
    for result in results:
        table.add_row(MARKS[result.status], result.name, escape(result.message))
    Console().print(table)
    if not all(result.passed for result in results):
        raise typer.Exit(1)
