"""`movenet eval-video`: how well a person is followed, on clips whose truth is exact."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from movenet.cli.evaluate import ListOption
from movenet.cli.options import (
    EngineName,
    EngineOption,
    ModelOption,
    PrecisionName,
    PrecisionOption,
    ThreadsOption,
)

if TYPE_CHECKING:
    from movenet.video_evaluation import Row


def evaluate_video(
    *,
    annotations: ListOption,
    images: Annotated[Path, typer.Option(help="Folder of the pictures.", show_default=False)],
    model: ModelOption = "lightning",
    clips: Annotated[int, typer.Option(min=1, help="How many clips of four seconds.")] = 50,
    seed: Annotated[int, typer.Option(help="Decides photos, motion and noise.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for figures.json and tradeoff.svg.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Compare ways to follow a person and to calm the keypoints, on a moving camera's clips of annotated photos.

    Where every keypoint is in every frame follows from the camera's motion. docs/video.md says what the figures mean.
    """
    from movenet.cli.output import progress
    from movenet.clips import make_clips
    from movenet.engine import Runtime
    from movenet.estimator import Estimator
    from movenet.video_evaluation import compare, contestants, to_plain, write_report

    estimator = Estimator(model, runtime=Runtime(engine.value, precision.value, threads))
    films = progress(make_clips(annotations, images, clips, seed), "filming and following", clips)
    rows = compare(films, contestants(estimator), estimator.min_score)
    figures = {
        "model": estimator.engine.card.name,
        "precision": estimator.engine.precision,
        "annotations": annotations.name,
        "clips": clips,
        "seed": seed,
        "rows": to_plain(rows),
    }
    if out is not None:
        write_report(out, figures, rows)
    print(dumps(figures)) if json else _print(rows)


def _print(rows: Sequence[Row]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from movenet.video_evaluation import HEADS, to_cells

    # Narrow heads: everything fits into 80 columns.
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0)
    for at, head in enumerate(HEADS):
        table.add_column(head.replace(" ", "\n"), justify="left" if at < 2 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*to_cells(row))
    Console().print(table)
