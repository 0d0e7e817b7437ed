"""`movenet run`: poses on photos, videos, cameras and streams, drawn, recorded and printed."""

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
    ExecutorName,
    ExerciseOption,
    FormatName,
    FromOption,
    LockOption,
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
    ToOption,
    WorkersOption,
)

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        help="Photos, videos, folders, globs, the number of a camera or a URL.", show_default=False
    ),
]
ListOption = Annotated[
    str | None,
    typer.Option(
        "--from-list",
        help="More inputs: a text file with one a line, - for stdin, or a .parquet with a column path or url.",
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Annotated file, or folder for several.")]
RecordsOption = Annotated[
    str | None,
    typer.Option(
        help="Poses as .jsonl, .csv, .wide.csv, .parquet or .json; a folder, also s3://BUCKET/FOLDER, for a job of "
        "many files (docs/scale.md)."
    ),
]
FormatOption = Annotated[
    FormatName | None, typer.Option(help="Format of the files in a folder of records; default jsonl.")
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Do what an earlier run into this folder of records left.")
]
ExecutorOption = Annotated[
    ExecutorName | None, typer.Option(help="What runs the files of a job: threads here (default), or Ray.")
]
AddressOption = Annotated[
    str | None,
    typer.Option(help="Ray cluster, such as auto or ray://head:10001; default: Ray on this machine."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")]
ScoreOption = Annotated[float | None, typer.Option(min=0, max=1, help="Minimum score of a pose.")]
ProbabilitiesOption = Annotated[
    bool,
    typer.Option(
        "--probabilities",
        help="Keypoint scores become the probability that the keypoint is right, in every output.",
    ),
]
AnglesOption = Annotated[
    bool, typer.Option("--angles", help="Draw the joint angles and record them (.jsonl, --json).")
]
TrailsOption = Annotated[bool, typer.Option("--trails", help="Draw where wrists and ankles were.")]
SmoothOption = Annotated[
    SmoothName | None,
    typer.Option(
        help="Smoothing of videos; default causal; offline reads the whole file first.", show_default=False
    ),
]


def run(
    inputs: Inputs = None,
    *,
    from_list: ListOption = None,
    out: OutOption = None,
    records: RecordsOption = None,
    records_format: FormatOption = None,
    resume: ResumeOption = False,
    executor: ExecutorOption = None,
    address: AddressOption = None,
    model: ModelIfNamedOption = None,
    json: JsonOption = False,
    smooth: SmoothOption = None,
    people: PeopleOption = PeopleName.one,
    method: MethodOption = MethodName.top_down,
    preset: PresetOption = PresetName.balanced,
    min_score: ScoreOption = None,
    probabilities: ProbabilitiesOption = False,
    palette: PaletteOption = None,
    angles: AnglesOption = False,
    trails: TrailsOption = False,
    exercise: ExerciseOption = None,
    start_s: FromOption = None,
    end_s: ToOption = None,
    every: EveryOption = None,
    lock: LockOption = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
    workers: WorkersOption = None,
    device: DeviceOption = DeviceName.cpu,
) -> None:
    """Estimate the poses in photos, videos, cameras and streams; draw, record and print them.

    A folder stands for the photos and videos in it. Without -o, --records and --json the annotated copy of NAME.jpg
    is NAME.pose.jpg in the current folder. A camera or a stream prints one JSON object per frame. Ctrl-C stops and
    completes the output files.
    """
    from movenet.cli.run_job import JobOptions, sort_records
    from movenet.cli.run_models import ModelOptions
    from movenet.cli.run_plan import Overlays, RunOptions
    from movenet.cli.run_start import RunInputs, start_run
    from movenet.cli.selection import parse_lock, select_frames
    from movenet.engine import Runtime
    from movenet.estimator import MIN_SCORE

    overlays, frames = Overlays(angles, trails, exercise), select_frames(start_s, end_s, every)
    least = MIN_SCORE if min_score is None else min_score
    smoothing, person = smooth.value if smooth else None, parse_lock(lock)
    runtime = Runtime(engine.value, precision.value, threads, device.value)
    models = ModelOptions(model, people.value, method.value, preset.value, least, runtime)
    folder, file = sort_records(records)
    options = RunOptions(
        out, file, json, smoothing, palette, overlays, frames, person, workers, probabilities
    )
    names = RunInputs(tuple(inputs or ()), from_list)
    form, runner = (choice and choice.value for choice in (records_format, executor))
    job = JobOptions(folder, form, resume, runner, address)
    if not start_run(names, options, models, job):
        raise typer.Exit(1)
