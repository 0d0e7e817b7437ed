"""`movenet run`: poses on photos, videos, cameras and streams, drawn, recorded and printed."""

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
    typer.Argument(help="Photos, folders, globs, videos, a camera's number or a URL.", show_default=False),
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
        SmoothName, typer.Option(help="How videos are calmed; offline looks at the whole file.")
    ] = SmoothName.causal,
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

    Without -o, --records and --json the annotated copy of NAME.jpg is NAME.pose.jpg in the current folder. A camera
    or a stream prints one JSON object for each frame until Ctrl-C, which finishes what was begun.
    """
    from movenet.cli.inputs import sort_inputs
    from movenet.cli.photos import run_photos
    from movenet.cli.videos import Wishes, run_videos
    from movenet.cores import threads_for_video
    from movenet.drawing import Style
    from movenet.engine import Runtime
    from movenet.estimator import MIN_SCORE, Estimator

    photos, films, sound = sort_inputs(inputs)
    if films and threads is None:
        threads = threads_for_video()
    runtime = Runtime(engine.value, precision.value, threads)
    limit = MIN_SCORE if min_score is None else min_score
    model = "lightning" if films and model is None else model
    estimator = Estimator(
        model,
        people=people.value,
        method=method.value,
        min_score=limit,
        rule=preset.value,
        runtime=runtime,
    )
    usual = "clear" if photos or people is PeopleName.one else "person"
    style = Style(usual if palette is None else palette)
    if photos:
        sound &= run_photos(photos, estimator, out, style=style, json=json)
    if films:
        sound &= run_videos(films, estimator, Wishes(out, records, json, smooth.value, style))
    if not sound:
        raise typer.Exit(1)
