"""`movenet eval-video`: how well a person is followed, on clips whose truth is exact."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from movenet.cli.evaluate import ListOption
from movenet.cli.options import (
    EngineName,
    EngineOption,
    ModelOption,
    PeopleName,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    PresetName,
    PresetOption,
    ThreadsOption,
)

if TYPE_CHECKING:
    from movenet.estimator import Estimator


def evaluate_video(
    *,
    annotations: ListOption,
    images: Annotated[Path, typer.Option(help="Folder of the pictures.", show_default=False)],
    model: ModelOption = "lightning",
    people: PeopleOption = PeopleName.one,
    preset: PresetOption = PresetName.balanced,
    clips: Annotated[int, typer.Option(min=1, help="How many clips of four seconds.")] = 50,
    seed: Annotated[int, typer.Option(help="Decides photos, motion and noise.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for figures.json and, of one person, tradeoff.svg."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Compare ways to follow a person and to calm the keypoints, on a moving camera's clips of annotated photos.

    Where every keypoint is in every frame follows from the camera's motion. docs/video.md says what the figures mean.
    With --people many: ways to tell who is who, on scenes in which several people cross, leave and come back; see
    docs/tracking.md.
    """
    from movenet.engine import Runtime
    from movenet.estimator import Estimator

    runtime = Runtime(engine.value, precision.value, threads)
    estimator = Estimator(model, people=people.value, settings=preset.value, runtime=runtime)
    figures = {
        "model": estimator.engine.card.name,
        "precision": estimator.engine.precision,
        "people": people.value,
        "preset": preset.value,
        "annotations": annotations.name,
        "clips": clips,
        "seed": seed,
    }
    source = _Source(annotations, images, clips, seed)
    follow = _follow_one if people is PeopleName.one else _follow_many
    heads, cells, plain = follow(estimator, source, figures, out)
    print(dumps(plain)) if json else _print(heads, cells)


class _Source(NamedTuple):
    """What is filmed."""

    annotations: Path
    images: Path
    clips: int
    seed: int


Table = tuple[Sequence[str], Sequence[Sequence[str]], dict[str, Any]]
"""Heads, rows of cells, and all as JSON holds it."""


def _follow_one(estimator: Estimator, source: _Source, figures: dict[str, Any], out: Path | None) -> Table:
    from movenet.cli.output import progress
    from movenet.synthetic.one_person import make_clips
    from movenet.video_evaluation import HEADS, compare, contestants, to_cells, to_plain, write_report

    films = progress(make_clips(*source), "filming and following", source.clips)
    rows = compare(films, contestants(estimator), estimator.min_score)
    plain = figures | {"rows": to_plain(rows)}
    if out is not None:
        write_report(out, plain, rows)
    return HEADS, [to_cells(row) for row in rows], plain


def _follow_many(estimator: Estimator, source: _Source, figures: dict[str, Any], out: Path | None) -> Table:
    from movenet.cli.output import progress
    from movenet.synthetic.many_people import make_scenes
    from movenet.video_evaluation import crowds

    films = progress(make_scenes(*source), "filming and following", source.clips)
    rows = crowds.compare(films, crowds.ways(estimator))
    plain = figures | {"rows": crowds.to_plain(rows)}
    if out is not None:
        crowds.write_report(out, plain)
    return crowds.HEADS, [crowds.to_cells(row) for row in rows], plain


def _print(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable

    # Narrow heads: everything fits into 80 columns.
    table = RichTable(box=SIMPLE_HEAD, pad_edge=False, padding=0)
    for at, head in enumerate(heads):
        words = all(not row[at][:1].isdigit() and row[at][:1] not in "–-" for row in rows)
        table.add_column(head.replace(" ", "\n"), justify="left" if words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
