"""`movenet run`: poses on photos, videos, cameras and streams, drawn, recorded and printed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
    DRAWING,
    EXERCISE_HELP,
    JOBS,
    VIDEOS,
    BackgroundName,
    BlurName,
    DeviceName,
    DeviceOption,
    EngineName,
    EngineOption,
    EveryOption,
    ExecutorName,
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
    ProbabilitiesOption,
    SmoothName,
    ThreadsOption,
    ToOption,
    WorkersOption,
)
from movenet.cli.typed_options import takes

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        help="Photos, videos, folders, globs, URLs, the number of a camera, or - for stdin; any mixture.",
        show_default=False,
    ),
]
ListOption = Annotated[
    str | None,
    typer.Option(
        "--from-list",
        help="More inputs: a text file with one per line, - for stdin, or a .parquet with a column path or url.",
        rich_help_panel=JOBS,
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Annotated file, or folder for several.")]
RecordsOption = Annotated[
    str | None,
    typer.Option(
        help="Poses as .jsonl, .csv, .wide.csv, .parquet or .json; - for CSV on stdout; a folder, also "
        "s3://BUCKET/FOLDER, for a job of many files (docs/scale.md)."
    ),
]
FormatOption = Annotated[
    FormatName | None,
    typer.Option(help="Format of the files in a folder of records; default jsonl.", rich_help_panel=JOBS),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume", help="Do what an earlier run into this folder of records left.", rich_help_panel=JOBS
    ),
]
ExecutorOption = Annotated[
    ExecutorName | None,
    typer.Option(help="What runs the files of a job: threads here (default), or Ray.", rich_help_panel=JOBS),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        help="Ray cluster, such as auto or ray://head:10001; default: Ray on this machine.",
        rich_help_panel=JOBS,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, and nothing else.")]
ScoreOption = Annotated[float | None, typer.Option(min=0, max=1, help="Minimum score of a pose.")]
AnglesOption = Annotated[
    bool,
    typer.Option(
        "--angles", help="Draw the joint angles and record them (.jsonl, --json).", rich_help_panel=DRAWING
    ),
]
TrailsOption = Annotated[
    bool,
    typer.Option("--trails", help="Draw where wrists and ankles were (videos).", rich_help_panel=DRAWING),
]
HeatMapOption = Annotated[
    bool,
    typer.Option("--heat-map", help="Draw where people have been so far (videos).", rich_help_panel=DRAWING),
]
LabelsOption = Annotated[
    str | None,
    typer.Option(
        help="Text above each person: none, id, score or id,score; default id with --people many.",
        show_default=False,
        rich_help_panel=DRAWING,
    ),
]
BoxesOption = Annotated[
    bool, typer.Option("--boxes", help="Draw a box around each person.", rich_help_panel=DRAWING)
]
LineWidthOption = Annotated[
    float | None,
    typer.Option(
        help="Width of the lines in pixels; default: by the person's size.", rich_help_panel=DRAWING
    ),
]
KeypointThresholdOption = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="Lowest score of a keypoint that is drawn; default 0.3.", rich_help_panel=DRAWING
    ),
]
BackgroundOption = Annotated[
    BackgroundName | None,
    typer.Option(
        help="Behind the skeletons: picture (default), black or, for photos, transparent.",
        rich_help_panel=DRAWING,
    ),
]
BlurOption = Annotated[
    BlurName | None,
    typer.Option(
        help="For privacy: blur the face, or the whole body, of everybody found, also in --crops.",
        rich_help_panel=DRAWING,
    ),
]
CropsOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder for a picture of each person: NAME-1.jpg; of videos NAME-FRAME-ID.jpg.",
        rich_help_panel=DRAWING,
    ),
]
ShowOption = Annotated[
    bool,
    typer.Option(
        "--show", help="Show the annotated pictures in a window; Esc or q ends.", rich_help_panel=DRAWING
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print results and errors only: no progress, no closing line.")
]
ExerciseOption = Annotated[
    str | None, typer.Option(help=EXERCISE_HELP, show_default=False, rich_help_panel=VIDEOS)
]
SmoothOption = Annotated[
    SmoothName | None,
    typer.Option(
        help="Smoothing of keypoints; default causal; offline reads the whole file first.",
        show_default=False,
        rich_help_panel=VIDEOS,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFlags:
    """The arguments of `movenet run`, as the command line gives them."""

    inputs: Inputs = None
    out: OutOption = None
    records: RecordsOption = None
    model: ModelIfNamedOption = None
    json: JsonOption = False
    smooth: SmoothOption = None
    people: PeopleOption = PeopleName.one
    method: MethodOption = MethodName.top_down
    preset: PresetOption = PresetName.balanced
    min_score: ScoreOption = None
    probabilities: ProbabilitiesOption = False
    palette: PaletteOption = None
    labels: LabelsOption = None
    boxes: BoxesOption = False
    line_width: LineWidthOption = None
    keypoint_threshold: KeypointThresholdOption = None
    background: BackgroundOption = None
    blur: BlurOption = None
    angles: AnglesOption = False
    trails: TrailsOption = False
    heat_map: HeatMapOption = False
    crops: CropsOption = None
    show: ShowOption = False
    quiet: QuietOption = False
    exercise: ExerciseOption = None
    start_s: FromOption = None
    end_s: ToOption = None
    every: EveryOption = None
    lock: LockOption = None
    engine: EngineOption = EngineName.openvino
    precision: PrecisionOption = PrecisionName.auto
    threads: ThreadsOption = None
    workers: WorkersOption = None
    device: DeviceOption = DeviceName.cpu
    from_list: ListOption = None
    records_format: FormatOption = None
    resume: ResumeOption = False
    executor: ExecutorOption = None
    address: AddressOption = None


@takes(RunFlags)
def run(flags: RunFlags) -> None:
    """Estimate poses in photos, videos, cameras and streams. Draw, record and print them.

    A folder stands for the photos and videos in it. Without -o, --records, --json, --crops and --show the annotated
    copy of NAME.jpg is NAME.pose.jpg in the current folder. A camera or a stream prints one JSON object per
    frame. Ctrl-C stops and completes the output files.
    """
    from movenet.cli.run_flags import carry_out

    if not carry_out(flags):
        raise typer.Exit(1)
