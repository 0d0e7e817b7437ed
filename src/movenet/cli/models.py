"""`movenet models`: the table of models."""

from __future__ import annotations


def models() -> None:
    """List the models of the wheel: input, size, file, SHA-256, source and licence."""
    from movenet.models import MODELS

    for card in MODELS.values():
        people = "every person" if card.is_multi_person else "one person"
        size = f"{card.path.stat().st_size / 1e6:.1f} MB" if card.path.is_file() else "missing"
        backbone = "MobileNetV1" if card.family == "posenet" else "MobileNetV2"
        print(f"{card.name}: {people}, input {card.side} px, {backbone} × {card.width}, {size}")
        print(f"    file     {card.path}")
        print(f"    SHA-256  {card.sha256}")
        print(f"    source   {card.source}")
        print(f"    licence  {card.licence}")
