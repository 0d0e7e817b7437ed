"""`movenet models`: the table of models."""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from movenet.cli.options import JsonOption
from movenet.cli.output import print_line

if TYPE_CHECKING:
    from movenet.models import ModelCard

USES: Final[Mapping[str, str]] = {
    "lightning": "fastest; the default for one person",
    "thunder": "more accurate; the default with --people many",
    "multipose": "detects the people; --method bottom-up",
    "posenet": "the predecessor, for comparison",
}
"""What each official model is for; the int8 versions are chosen by --precision."""


def models(
    *,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Add file, SHA-256, source, licence (--json always has them)."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """List the models of the package, and what each is for.

    The versions in int8 need no choice: --precision auto takes them where they are faster (movenet doctor).
    """
    from movenet.models import MODELS

    if json:
        print_line(dumps({"models": [_to_plain(card) for card in MODELS.values()]}))
        return
    rows = [(card.name, f"{card.side} px", _size(card), _use(card)) for card in MODELS.values()]
    for name, side, size, use in [("name", "input", "file", "use"), *rows]:
        print_line(f"{name:16}{side:8}{size:>8}  {use}")
    for card in MODELS.values() if verbose else ():
        print_line(f"{card.name}: MobileNet{'V1' if card.family == 'posenet' else 'V2'} × {card.width}")
        for what in ("path", "sha256", "source", "licence"):
            print_line(f"    {what:8} {getattr(card, what)}")


def _to_plain(card: ModelCard) -> dict[str, Any]:
    """Return what the table and --verbose say of a model, ready for JSON; "bytes" is None if its file is missing."""
    return {
        "name": card.name,
        "use": _use(card),
        "family": card.family,
        "width": card.width,
        "side": card.side,
        "keypoints": list(card.keypoint_names),
        "people": "many" if card.is_multi_person else "one",
        "int8": card.is_int8,
        "path": str(card.path),
        "bytes": card.path.stat().st_size if card.path.is_file() else None,
        "sha256": card.sha256,
        "source": card.source,
        "licence": card.licence,
    }


def _size(card: ModelCard) -> str:
    return f"{card.path.stat().st_size / 1e6:.1f} MB" if card.path.is_file() else "missing"


def _use(card: ModelCard) -> str:
    return f"{card.base} in int8" if card.is_int8 else USES[card.name]
