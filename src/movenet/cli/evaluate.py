"""`movenet eval`: average precision on a COCO keypoint list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
    EngineName,
    EngineOption,
    LooksOption,
    ModelOption,
    PrecisionName,
    PrecisionOption,
    ThreadsOption,
)


def evaluate(
    *,
    annotations: Annotated[Path, typer.Option(help="COCO keypoint annotations (JSON).", show_default=False)],
    images: Annotated[Path, typer.Option(help="Folder of the pictures.", show_default=False)],
    model: ModelOption = "lightning",
    looks: LooksOption = 2,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Measure COCO keypoint AP and AR: a whole picture in, the one person found in it out, however unsure."""
    from movenet.batch import estimate_photos
    from movenet.cli.output import print_figures, progress
    from movenet.engine import Runtime
    from movenet.estimator import Estimator
    from movenet.evaluation import count_people, list_images, score, to_results

    runtime = Runtime(engine.value, precision.value, threads)
    estimator = Estimator(model, looks=looks, min_score=0.0, runtime=runtime)
    listed = list_images(annotations, images)
    results: list[dict[str, object]] = []
    busy_s = 0.0
    photos = estimate_photos([image.path for image in listed], estimator)
    for image, photo in zip(listed, progress(photos, "evaluating", len(listed)), strict=True):
        if photo.error is not None:
            raise photo.error
        results += to_results(image.id, photo.poses)
        busy_s += photo.estimate_s
    figures = {
        **score(annotations, results),
        "images": len(listed),
        "people": count_people(annotations),
        "ms_per_image": 1000 * busy_s / len(listed),
    }
    print_figures(figures, json=json)
