"""`movenet eval`: how good estimates are on a COCO keypoint list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
    EngineName,
    EngineOption,
    MethodName,
    MethodOption,
    ModelIfNamedOption,
    PeopleName,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    PresetName,
    PresetOption,
    ThreadsOption,
)

ListOption = Annotated[Path, typer.Option(help="COCO keypoint annotations (JSON).", show_default=False)]
FolderOption = Annotated[Path | None, typer.Option(help="Folder of the pictures.", show_default=False)]
CropOption = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        help="Look once at a square of so many times the annotated box, for each person; not at whole pictures.",
    ),
]


def evaluate(
    *,
    annotations: ListOption,
    images: FolderOption = None,
    model: ModelIfNamedOption = None,
    people: PeopleOption = PeopleName.one,
    method: MethodOption = MethodName.top_down,
    preset: PresetOption = PresetName.balanced,
    crop_to_box: CropOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Report: one HTML file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
    save_results: Annotated[
        Path | None, typer.Option(help="Write the poses in COCO's result format.")
    ] = None,
    score_results: Annotated[
        Path | None, typer.Option(help="Score poses in COCO's result format, of any program; no model runs.")
    ] = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Measure COCO keypoint AP and AR, and what is behind them.

    By default a whole picture goes in and the one person found in it comes out, however unsure. For lists with many
    people in a picture there is --people many; with --crop-to-box the annotated boxes say where everybody is.
    """
    from movenet.annotations import write_results
    from movenet.cli import evaluating
    from movenet.engine import Runtime
    from movenet.evaluation import assess, read_truth, to_estimates

    truth = read_truth(annotations)
    if score_results is not None:
        tried = evaluating.read(score_results)
    elif images is not None:
        runtime = Runtime(engine.value, precision.value, threads)
        question = evaluating.Question(model, people.value, method.value, preset.value, crop_to_box, runtime)
        tried = evaluating.look(truth, images, question)
    else:
        raise typer.BadParameter("--images is needed, or --score-results")
    if save_results is not None:
        write_results(save_results, tried.results)
    assessment = assess(truth, to_estimates(tried.results, truth))
    if out is not None:
        evaluating.report(out, assessment, tried, images)
    evaluating.show(assessment, tried, json=json)
