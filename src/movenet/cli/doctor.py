"""`movenet doctor`: is this installation sound, and if not, what to do."""

from __future__ import annotations

import typer


def doctor() -> None:
    """Check files, hashes, engines, processor and precision; exit code 1 if something needs mending."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from movenet.doctor import examine

    findings = examine()
    table = Table("", "what", "finding", show_header=False, box=None)
    for finding in findings:
        table.add_row("ok" if finding.sound else "[bold red]mend[/]", finding.what, escape(finding.says))
    Console().print(table)
    if not all(finding.sound for finding in findings):
        raise typer.Exit(1)
