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
    ExerciseOption,
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
    list[str],
    typer.Argument(
        help="Photos, videos, folders, globs, the number of a camera or a URL.", show_default=False
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Annotated file, or folder for several.")]
RecordsOption = Annotated[
    Path | None, typer.Option(help="Poses as .jsonl, .csv, .wide.csv, .parquet or .json.")
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
ProbabilitiesOption = Annotated[
    bool,
    typer.Option(
        "--probabilities",
        help="Keypoint scores become the probability that the keypoint is right, in every output.",
    ),
]
JsonLinesOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")
]


def run(
    inputs: Inputs,
    *,
    out: OutOption = None,
    records: RecordsOption = None,
    model: ModelIfNamedOption = None,
    json: JsonLinesOption = False,
    smooth: SmoothOption = None,
    people: PeopleOption = PeopleName.one,
    method: MethodOption = MethodName.top_down,
    preset: PresetOption = PresetName.balanced,
    min_score: Annotated[float | None, typer.Option(min=0, max=1, help="Minimum score of a pose.")] = None,
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
    from movenet.cli.run_execution import execute
    from movenet.cli.run_plan import Overlays, RunOptions, plan_run
    from movenet.cli.selection import parse_lock, select_frames
    from movenet.engine import Runtime
    from movenet.estimator import MIN_SCORE, Estimator

    overlays, frames = Overlays(angles, trails, exercise), select_frames(start_s, end_s, every)
    smoothing = smooth.value if smooth else None
    options = RunOptions(
        out, records, json, smoothing, palette, overlays, frames, parse_lock(lock), workers, probabilities
    )
    plan = plan_run(inputs, options, video_palette="clear" if people is PeopleName.one else "person")

    def open_estimator(cores: int | None) -> Estimator:
        share = threads or (None if device in (DeviceName.gpu, DeviceName.npu) else cores)
        return Estimator(
            "lightning" if plan.videos and model is None else model,
            people=people.value,
            method=method.value,
            min_score=MIN_SCORE if min_score is None else min_score,
            settings=preset.value,
            runtime=Runtime(engine.value, precision.value, share, device.value),
        )

    if not execute(plan, open_estimator):
        raise typer.Exit(1)
