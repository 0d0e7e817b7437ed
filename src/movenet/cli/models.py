"""`movenet models`: the table of models."""

from __future__ import annotations


def models() -> None:
    """List the models of the wheel: input, size, SHA-256, source and licence."""
    from rich.console import Console
    from rich.table import Table

    from movenet.models import MODELS

    table = Table("model", "input", "people", "size", "SHA-256", "source", "licence")
    for card in MODELS.values():
        people = "many" if card.finds_many else "one"
        size = f"{card.path.stat().st_size / 1e6:.1f} MB" if card.path.is_file() else "missing"
        table.add_row(card.name, f"{card.side} px", people, size, card.sha256, card.source, card.licence)
    Console().print(table)
