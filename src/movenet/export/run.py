"""Export: convert a model, run the result in its own runtime, compare it with PyTorch, write file and report."""

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
from movenet.export.job import Answer, ExportJob, Precision, Runner
from movenet.export.verify import LIMITS, Difference, Progress, draw_squares, measure
from movenet.models import MULTIPLE, ModelCard, find_model, read_card
from movenet.networks.onnx_file import read_network, read_properties

SHEET: Final = ".json"
"""Suffix of the report, added to the name of the export."""
PACKAGES: Final = ("movenet", "torch", "numpy", "onnx")
"""Packages whose versions every report lists, in addition to those of the format."""
Assess = Callable[[ModelCard, Runner], Mapping[str, Any]]
"""A function of a model's card and a runner that returns raw heads; returns metrics for the report."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Format and options of an export."""

    format: str
    precision: Precision = "fp32"
    answer: Answer = "heads"
    side: int | None = None
    """Side of the input in pixels, a multiple of 32, for formats of fixed size; None is the model's own."""
    pictures: Path | None = None
    """Folder of pictures for the comparison and for the calibration of int8; None takes those of the package."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A written export."""

    path: Path
    bytes: int
    difference: Difference
    assessed: Mapping[str, Any] | None


def export_model(
    model: str | Path,
    target: Path,
    request: ExportRequest,
    assess: Assess | None = None,
    tell: Callable[[str], None] = lambda _: None,
    progress: Progress = lambda squares, _: squares,
) -> Exported:
    """Export a model, compare its outputs with PyTorch's, and write it if they agree; else nothing is written.

    Args:
        model: a name out of `movenet.MODELS`, or an ONNX file that movenet wrote.
        target: the file to write; the report gets the same name and ".json".
        request: format and options.
        assess: computes further metrics of the export before it is written; they go into the report.
        tell: is called with each step, in words, before it begins.
        progress: takes the squares of the comparison and their number, and yields the squares while it shows how far
            it is.

    Raises:
        ModelError: if the model is unknown, the request does not fit it, or the outputs differ too much.
        MissingExtraError: if a package is missing.
        EngineError: if a converter fails.
        FileError: if the target cannot be written.
    """
    form = find_format(request.format)
    form.check(request.precision, request.answer, target)
    tell(f"reading {model}")
    job, source = prepare(model, request)
    with temporary_folder(target) as folder:
        path = folder / target.name
        tell(f"converting to {form.name} {request.precision}")
        form.convert(job, path)
        tell(f"comparing with PyTorch on {len(job.squares)} squares")
        run = form.open_file(path, job)
        difference = measure(job, run, progress)
        if too_much := difference.beyond(LIMITS[request.precision]):
            raise ModelError(
                f"not written: as {form.name} {request.precision} the outputs differ from PyTorch's by more than "
                f"allowed: {', '.join(too_much)}"
            )
        assessed = None if assess is None else assess(job.card, run)
        files = _list(form.files(path))
        sheet = _describe(job, form, source, files)
        sheet |= {
            "difference": asdict(difference),
            "limit": asdict(LIMITS[request.precision]),
            "measured": assessed,
        }
        path.with_name(target.name + SHEET).write_text(json.dumps(sheet, indent=1) + "\n", encoding="utf-8")
        tell(f"writing {target}")
        _publish([*form.files(path), path.with_name(target.name + SHEET)], target.parent)
    return Exported(target, sum(file["bytes"] for file in files.values()), difference, assessed)


def find_format(name: str) -> Format:
    """Return the format of this name.

    Raises:
        ModelError: if there is none.
    """
    if name not in FORMATS:
        raise ModelError(f"expected a format out of {', '.join(FORMATS)}, got '{name}'")
    return FORMATS[name]


def format_of(target: Path) -> str:
    """Return the name of the format that a file's ending stands for.

    Raises:
        ModelError: if no format has this ending.
    """
    for form in FORMATS.values():
        if target.suffix == form.suffix:
            return form.name
    endings = ", ".join(f"{form.suffix} ({form.name})" for form in FORMATS.values())
    raise ModelError(f"expected a name with one of the endings {endings}, got {target.name}")


def prepare(model: str | Path, request: ExportRequest) -> tuple[ExportJob, Path]:
    """Return the export job for a model, and the file that holds the model.

    Raises:
        ModelError: if the model is unknown or int8 already, or the request does not fit it.
    """
    found = find_model(model)
    if isinstance(found, ModelCard):
        found.check()
    card = found if isinstance(found, ModelCard) else read_card(found, read_properties(found))
    if card.is_int8:
        raise ModelError(
            f"{card.name} is int8 already: export the model it was made from with --precision int8"
        )
    if request.answer == "keypoints" and card.family == "posenet":
        raise ModelError("PoseNet was never published with its decoder inside: export its heads")
    if request.precision == "int8" and card.family == "posenet":
        raise ModelError("PoseNet is not offered in int8: export it in fp32 or fp16")
    side = request.side or card.side
    if side % MULTIPLE:
        raise ModelError(f"expected a side that is a multiple of {MULTIPLE} px, got {side}")
    network = read_network(card.path)
    squares = draw_squares(network, card, side, request.pictures)
    return ExportJob(card, network, request.precision, request.answer, side, squares), card.path


def _publish(files: list[Path], folder: Path) -> None:
    """Move the files to their folder, the report last, so that a report always belongs to the files beside it."""
    (folder / files[-1].name).unlink(missing_ok=True)
    for made in files:
        place = folder / made.name
        if place.is_dir():  # a package cannot be replaced, only moved out of the way
            place.rename(made.with_name(f"{made.name}.old"))
        made.replace(place)


def _list(files: list[Path]) -> dict[str, dict[str, Any]]:
    """Return SHA-256 and size of each file; of a folder, those of the files in it."""
    parts = [part for file in files for part in ([file] if file.is_file() else sorted(file.rglob("*")))]
    return {
        part.relative_to(files[0].parent).as_posix(): {
            "sha256": hashlib.sha256(part.read_bytes()).hexdigest(),
            "bytes": part.stat().st_size,
        }
        for part in parts
        if part.is_file()
    }


def _describe(job: ExportJob, form: Format, source: Path, files: Mapping[str, Any]) -> dict[str, Any]:
    card = job.card
    return {
        "format": form.name,
        "precision": job.precision,
        "answer": job.answer,
        "outputs": job.names,
        "side": job.side,
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
