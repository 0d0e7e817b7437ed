"""`movenet doctor`: check this installation and say how to repair it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from json import dumps
from typing import TYPE_CHECKING, Final

import typer

from movenet.cli.options import JsonOption
from movenet.cli.output import print_line

if TYPE_CHECKING:
    from movenet.doctor import CheckResult

MARKS: Final = {"ok": "ok", "failed": "[bold red]failed[/]", "missing": "[dim]–[/]"}


def doctor(*, json: JsonOption = False) -> None:
    """Check the installation and say how to repair it.

    Checked are files, hashes, engines, their answers, processor and precision. The exit code is 1 if something needs
    mending.
    """
    from movenet.doctor import run_checks

    show(run_checks(), json=json)


def show(results: Sequence[CheckResult], *, json: bool = False) -> None:
    """Print results as a table, or as JSON.

    Raises:
        typer.Exit: with code 1, if one needs mending.
    """
    passed = all(result.passed for result in results)
    if json:
        print_line(dumps({"passed": passed, "checks": [asdict(result) for result in results]}))
    else:
        _print_table(results)
    if not passed:
        raise typer.Exit(1)


def _print_table(results: Sequence[CheckResult]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "what", "result", show_header=False, box=None)
    for result in results:
        table.add_row(MARKS[result.status], result.name, escape(result.message))
    Console().print(table)
