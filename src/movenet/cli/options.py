"""Options that several commands share."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Final

import typer

COMPUTATION: Final = "Computation"
DRAWING: Final = "Drawing"
LIMITS: Final = "Limits"
MQTT: Final = "MQTT"
WEB_PAGE: Final = "Web page (--format web)"
VIDEOS: Final = "Videos"
JOBS: Final = "Jobs of many files (docs/scale.md)"
"""Heads of the groups of options in help texts."""


class EngineName(str, Enum):
    """Values of --engine: `movenet.engine.ENGINES`."""

    openvino = "openvino"
    onnxruntime = "onnxruntime"
    torch = "torch"


class PrecisionName(str, Enum):
    """Values of --precision: `movenet.engine.Precision`."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"
    int8 = "int8"


class DeviceName(str, Enum):
    """Values of --device: `movenet.engine.Device`."""

    cpu = "cpu"
    gpu = "gpu"
    npu = "npu"
    auto = "auto"


class SmoothName(str, Enum):
    """Values of --smooth: how the keypoints of videos are smoothed."""

    off = "off"
    causal = "causal"
    offline = "offline"


class FormatName(str, Enum):
    """Values of --records-format: `movenet.scale.RecordsFormat`."""

    parquet = "parquet"
    jsonl = "jsonl"


class ExecutorName(str, Enum):
    """Values of --executor: what runs the files of a job."""

    threads = "threads"
    ray = "ray"


class BackgroundName(str, Enum):
    """Values of --background: `movenet.drawing.BACKGROUNDS`."""

    picture = "picture"
    black = "black"
    transparent = "transparent"


class BlurName(str, Enum):
    """Values of --blur: `movenet.drawing.blur.BlurPart`."""

    face = "face"
    person = "person"


class PeopleName(str, Enum):
    """Values of --people: `movenet.estimator.People`."""

    one = "one"
    many = "many"
    auto = "auto"


class MethodName(str, Enum):
    """Values of --method: `movenet.estimator.Method`."""

    top_down = "top-down"
    bottom_up = "bottom-up"
    whole = "whole"


class PresetName(str, Enum):
    """Values of --preset: `movenet.estimator.Preset`."""

    fast = "fast"
    balanced = "balanced"
    accurate = "accurate"
    best = "best"


PeopleOption = Annotated[
    PeopleName,
    typer.Option(
        help="How many to find: the main person, all people, or all of about the main person's size."
    ),
]
_MODEL = typer.Option(
    "--model",
    "-m",
    metavar="NAME|FILE",
    help="lightning (fast), thunder (accurate), another name of movenet models, or an .onnx or .xml file.",
)
ModelOption = Annotated[str, _MODEL]
ModelIfNamedOption = Annotated[str | None, _MODEL]
MethodOption = Annotated[
    MethodName,
    typer.Option(
        help="Detect people and estimate each in a crop; take the detector's poses; or estimate the whole picture."
    ),
]
PresetOption = Annotated[PresetName, typer.Option(help="Speed against accuracy.")]
PaletteOption = Annotated[
    str | None,
    typer.Option(
        help="Colours: clear, classic or person; default clear, and person for videos with --people many.",
        show_default=False,
        rich_help_panel=DRAWING,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]
EngineOption = Annotated[EngineName, typer.Option(help="Inference engine.", rich_help_panel=COMPUTATION)]
PrecisionOption = Annotated[
    PrecisionName,
    typer.Option(
        help="Arithmetic; auto: the fastest here that keeps the accuracy (movenet doctor).",
        rich_help_panel=COMPUTATION,
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Threads of one inference; default: chosen for this processor.",
        rich_help_panel=COMPUTATION,
    ),
]
FromOption = Annotated[
    float | None,
    typer.Option(
        "--from",
        min=0,
        help="Start of the part to process, in seconds of the video.",
        rich_help_panel=VIDEOS,
    ),
]
ToOption = Annotated[
    float | None,
    typer.Option(
        "--to", min=0, help="End of the part to process, in seconds of the video.", rich_help_panel=VIDEOS
    ),
]
EveryOption = Annotated[
    str | None,
    typer.Option(
        help="Process one frame in N, such as 5, or one in N seconds, such as 0.5s.", rich_help_panel=VIDEOS
    ),
]
LockOption = Annotated[
    str | None,
    typer.Option(
        help="Person to follow: prominent, largest, central, X,Y, X,Y,WIDTH,HEIGHT in pixels, or id:N with "
        "--people many.",
        show_default=False,
        rich_help_panel=VIDEOS,
    ),
]
EXERCISE_HELP: Final = (
    "Exercise to count: squat, lunge, push-up, sit-up, pull-up, biceps-curl, jumping-jack, shoulder-press or a "
    ".toml file."
)
ExerciseOption = Annotated[str | None, typer.Option(help=EXERCISE_HELP, show_default=False)]
ProbabilitiesOption = Annotated[
    bool,
    typer.Option(
        "--probabilities",
        help="Keypoint scores become the probability that the keypoint is right, in every output.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Photos, or parts of recordings, processed side by side; default: one per core for many photos, 1 for "
        "videos.",
        show_default=False,
        rich_help_panel=COMPUTATION,
    ),
]
DeviceOption = Annotated[
    DeviceName,
    typer.Option(
        help="Where the network runs; auto: on the GPU if the engine finds one.", rich_help_panel=COMPUTATION
    ),
]


def threads_beside_video(threads: int | None, device: DeviceName) -> int | None:
    """Return the threads of inference while a video is decoded: as given, else the default; None on a GPU or NPU."""
    if threads is not None or device in (DeviceName.gpu, DeviceName.npu):
        return threads
    from movenet.machine import threads_for_video

    return threads_for_video()
