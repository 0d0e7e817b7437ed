"""`movenet analyze`: angles, repetitions and events of a video or of records, as a report, a table or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
    DeviceName,
    DeviceOption,
    EngineName,
    EngineOption,
    EveryOption,
    ExerciseOption,
    FromOption,
    JsonOption,
    LockOption,
    ModelOption,
    PeopleName,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    ThreadsOption,
    ToOption,
    threads_beside_video,
)

InputArgument = Annotated[
    str, typer.Argument(help="A video, or records: .jsonl, .csv, .parquet or .json.", show_default=False)
]
CompareOption = Annotated[
    str | None, typer.Option(help="A video or records to compare with.", show_default=False)
]
ReportOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="The report: .html.", show_default=False)
]
CsvOption = Annotated[
    Path | None,
    typer.Option(help="Angles of every frame: .csv.", show_default=False),
]
ExportOption = Annotated[
    Path | None,
    typer.Option(
        help="A laboratory's format: .trc or .c3d (with --height), .mot, .dlc.csv or a folder .openpose.",
        show_default=False,
    ),
]
HeightOption = Annotated[
    float | None, typer.Option(help="Height of the person in metres, for the scale.", show_default=False)
]


def analyze(
    source: InputArgument,
    *,
    exercise: ExerciseOption = None,
    compare: CompareOption = None,
    out: ReportOption = None,
    csv: CsvOption = None,
    export: ExportOption = None,
    json: JsonOption = False,
    height: HeightOption = None,
    model: ModelOption = "lightning",
    people: PeopleOption = PeopleName.one,
    start_s: FromOption = None,
    end_s: ToOption = None,
    every: EveryOption = None,
    lock: LockOption = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
    device: DeviceOption = DeviceName.cpu,
) -> None:
    """Measure angles, repetitions and events; compare recordings.

    Records of `movenet run --records` are analysed without running a model again; --model then names the model that
    made them. Angles are those in the plane of the picture.
    """
    from movenet.cli.analyze_execution import AnalyzeOptions, Outputs, execute
    from movenet.cli.analyze_input import Reader
    from movenet.cli.selection import parse_lock, select_frames
    from movenet.engine import Runtime

    reader = Reader(
        model=model,
        people=people.value,
        runtime=Runtime(engine.value, precision.value, threads_beside_video(threads, device), device.value),
        frames=select_frames(start_s, end_s, every),
        person=parse_lock(lock),
    )
    execute(AnalyzeOptions(source, exercise, compare, height, Outputs(out, csv, export, json)), reader)
