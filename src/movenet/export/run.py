"""From a model to a file of another runtime that has been proven, with a sheet of what it is and how good."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from movenet.atomic import temporary_folder
from movenet.errors import ModelError
from movenet.export.formats import FORMATS, Format
from movenet.export.job import Answer, Order, Precision, Runner
from movenet.export.verify import LIMITS, Difference, draw_squares, measure
from movenet.models import MULTIPLE, ModelCard, find_model, read_card
from movenet.networks.onnx_file import read_network, read_properties

SHEET: Final = ".json"
"""Added to the name of an export: its sheet."""
PACKAGES: Final = ("movenet", "torch", "numpy", "onnx")
"""Packages whose versions every sheet tells, besides those of the format."""
Assess = Callable[[ModelCard, Runner], Mapping[str, Any]]
"""From a model's card and what runs it, with raw heads, to what was measured of it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a model is to be exported."""

    format: str
    precision: Precision = "fp32"
    answer: Answer = "heads"
    side: int | None = None
    """Of the square in pixels, a multiple of 32, for formats of fixed size; None is the model's own."""
    pictures: Path | None = None
    """Folder of pictures to check with, and to calibrate int8 on; None takes those of the package."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """An export that was written."""

    path: Path
    bytes: int
    difference: Difference
    assessed: Mapping[str, Any] | None


def ship(model: str | Path, target: Path, wish: Wish, assess: Assess | None = None) -> Shipped:
    """Export a model, compare its answers with torch's, and write it if they agree; nothing is written if not.

    Args:
        model: a name out of `movenet.MODELS`, or an ONNX file that movenet wrote.
        target: the file; beside it comes a sheet, the same name and ".json".
        wish: which format, and how.
        assess: asked for more figures on the export, before it is written; its answer goes into the sheet.

    Raises:
        ModelError: if the model is unknown, the wish does not fit, or the answers differ too much.
        MissingExtraError: if a package is missing.
        EngineError: if a converter fails.
        FileError: if the target cannot be written.
    """
    form = find_format(wish.format)
    form.check(wish.precision, wish.answer, target)
    order, source = take(model, wish)
    with temporary_folder(target) as folder:
        path = folder / target.name
        form.convert(order, path)
        run = form.open_file(path, order)
        difference = measure(order, run)
        if too_much := difference.beyond(LIMITS[wish.precision]):
            raise ModelError(
                f"not written: as {form.name} {wish.precision} the answers differ from torch's by more than "
                f"allowed: {', '.join(too_much)}"
            )
        assessed = None if assess is None else assess(order.card, run)
        files = _list(form.files(path))
        sheet = _describe(order, form, source, files)
        sheet |= {
            "difference": asdict(difference),
            "limit": asdict(LIMITS[wish.precision]),
            "measured": assessed,
        }
        path.with_name(target.name + SHEET).write_text(json.dumps(sheet, indent=1) + "\n", encoding="utf-8")
        _publish([*form.files(path), path.with_name(target.name + SHEET)], target.parent)
    return Shipped(target, sum(file["bytes"] for file in files.values()), difference, assessed)


def find_format(name: str) -> Format:
    """Return the format of this name.

    Raises:
        ModelError: if there is none.
    """
    if name not in FORMATS:
        raise ModelError(f"expected a format out of {', '.join(FORMATS)}, got '{name}'")
    return FORMATS[name]


def take(model: str | Path, wish: Wish) -> tuple[Order, Path]:
    """Return the order for a model, and the file the model is in.

    Raises:
        ModelError: if the model is unknown or int8 already, or the wish does not fit it.
    """
    found = find_model(model)
    if isinstance(found, ModelCard):
        found.check()
    card = found if isinstance(found, ModelCard) else read_card(found, read_properties(found))
    if card.is_int8:
        raise ModelError(
            f"{card.name} is int8 already: export the model it was made from with --precision int8"
        )
    if wish.answer == "keypoints" and card.family == "posenet":
        raise ModelError("PoseNet was never published with its decoder inside: export its heads")
    if wish.precision == "int8" and card.family == "posenet":
        raise ModelError("PoseNet is not offered in int8: export it in fp32 or fp16")
    side = wish.side or card.side
    if side % MULTIPLE:
        raise ModelError(f"expected a side that is a multiple of {MULTIPLE} px, got {side}")
    network = read_network(card.path)
    squares = draw_squares(network, card, side, wish.pictures)
    return Order(card, network, wish.precision, wish.answer, side, squares), card.path


def _publish(files: list[Path], folder: Path) -> None:
    """Move the files to their folder, the sheet last: where there is a sheet, it is of the files beside it."""
    (folder / files[-1].name).unlink(missing_ok=True)
    for made in files:
        place = folder / made.name
        if place.is_dir():  # a package cannot be replaced, only moved out of the way
            place.rename(made.with_name(f"{made.name}.old"))
        made.replace(place)


def _list(files: list[Path]) -> dict[str, dict[str, Any]]:
    """Return the SHA-256 and the size of each file, of a folder those in it."""
    parts = [part for file in files for part in ([file] if file.is_file() else sorted(file.rglob("*")))]
    return {
        part.relative_to(files[0].parent).as_posix(): {
            "sha256": hashlib.sha256(part.read_bytes()).hexdigest(),
            "bytes": part.stat().st_size,
        }
        for part in parts
        if part.is_file()
    }


def _describe(order: Order, form: Format, source: Path, files: Mapping[str, Any]) -> dict[str, Any]:
    card = order.card
    return {
        "format": form.name,
        "precision": order.precision,
        "answer": order.answer,
        "outputs": order.names,
        "side": order.side,
        "keypoints": card.keypoints,
        "files": files,
        "source": {
            "name": card.name,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
            "source": card.source,
            "licence": card.licence,
        },
        "checked_by": form.checked_by,
        "versions": dict(_versions({*PACKAGES, *form.packages.values()})),
        "python": sys.version.split()[0],
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
    }


def _versions(packages: set[str]) -> Iterator[tuple[str, str]]:
    for package in sorted(packages):
        with suppress(PackageNotFoundError):
            yield package, version(package)
