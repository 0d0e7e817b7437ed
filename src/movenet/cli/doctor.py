"""`movenet doctor`: is this installation sound, and if not, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from movenet.doctor import CheckResult

MARKS: Final = {"ok": "ok", "mend": "[bold red]mend[/]", "absent": "[dim]–[/]"}


def doctor() -> None:
    """Check files, hashes, engines, their answers, processor and precision; exit code 1 if something needs mending."""
    from movenet.doctor import examine

    show(examine())


def show(findings: Sequence[CheckResult]) -> None:
    """Print findings as a table.

    Raises:
        typer.Exit: with code 1, if one needs mending.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "what", "finding", show_header=False, box=None)
    for finding in findings:
        table.add_row(MARKS[finding.mark], finding.what, escape(finding.says))
    Console().print(table)
    if not all(finding.sound for finding in findings):
        raise typer.Exit(1)
