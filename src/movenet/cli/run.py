"""`movenet run`: poses on photos, videos, cameras and streams, drawn, recorded and printed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
    EngineName,
    EngineOption,
    MethodName,
    MethodOption,
    ModelIfNamedOption,
    PaletteOption,
    PeopleName,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    PresetName,
    PresetOption,
    SmoothName,
    ThreadsOption,
)

Inputs = Annotated[
    list[str],
    typer.Argument(help="Photos, videos, folders, globs, a camera's number or a URL.", show_default=False),
]


def run(
    inputs: Inputs,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Annotated file, or folder for several.")
    ] = None,
    records: Annotated[
        Path | None, typer.Option(help="Poses as .jsonl, .csv, .wide.csv, .parquet or .json.")
    ] = None,
    model: ModelIfNamedOption = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")
    ] = False,
    smooth: Annotated[
        SmoothName | None,
        typer.Option(
            help="How videos are calmed, usually causal; offline looks at the whole file.", show_default=False
        ),
    ] = None,
    people: PeopleOption = PeopleName.one,
    method: MethodOption = MethodName.top_down,
    preset: PresetOption = PresetName.balanced,
    min_score: Annotated[float | None, typer.Option(min=0, max=1, help="Least score of a pose.")] = None,
    palette: PaletteOption = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Find the person in each photo or video, draw the skeleton and print the result.

    A folder stands for the photos and videos in it. Without -o, --records and --json the annotated copy of NAME.jpg
    is NAME.pose.jpg in the current folder. A camera or a stream prints one JSON object for each frame until Ctrl-C,
    which finishes what was begun.
    """
    from movenet.cli.job import Wishes, plan
    from movenet.cli.running import carry_out
    from movenet.engine import Runtime
    from movenet.estimator import MIN_SCORE, Estimator
    from movenet.machine import threads_for_video

    wishes = Wishes(out, records, json, smooth.value if smooth else None, palette)
    job = plan(inputs, wishes, usual_palette="clear" if people is PeopleName.one else "person")
    if job.films and threads is None:
        threads = threads_for_video()
    open_estimator = partial(
        Estimator,
        "lightning" if job.films and model is None else model,
        people=people.value,
        method=method.value,
        min_score=MIN_SCORE if min_score is None else min_score,
        settings=preset.value,
        runtime=Runtime(engine.value, precision.value, threads),
    )
    if not carry_out(job, open_estimator):
        raise typer.Exit(1)
