"""The flags that several commands share, each said once."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer


class EngineName(str, Enum):
    """The engines a user can ask for: `movenet.engine.ENGINES`."""

    openvino = "openvino"
    onnxruntime = "onnxruntime"
    torch = "torch"


class PrecisionName(str, Enum):
    """The precisions a user can ask for: `movenet.engine.Precision`."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    int8 = "int8"


class SmoothName(str, Enum):
    """How a user can have videos calmed."""

    off = "off"
    causal = "causal"
    offline = "offline"


class PeopleName(str, Enum):
    """Whom a user can look for: `movenet.estimator.People`."""

    one = "one"
    many = "many"
    auto = "auto"


class MethodName(str, Enum):
    """How to get from a picture to poses: `movenet.estimator.Method`."""

    top_down = "top-down"
    bottom_up = "bottom-up"
    whole = "whole"


class PresetName(str, Enum):
    """How much time a user can have taken: `movenet.estimator.Preset`."""

    fast = "fast"
    balanced = "balanced"
    best = "best"


PeopleOption = Annotated[
    PeopleName, typer.Option(help="The person it is about, everybody, or those in front.")
]
_MODEL = typer.Option(
    "--model",
    "-m",
    help="lightning (fast), thunder (accurate), posenet (the predecessor) or an ONNX file.",
)
ModelOption = Annotated[str, _MODEL]
ModelIfNamedOption = Annotated[str | None, _MODEL]
MethodOption = Annotated[
    MethodName,
    typer.Option(help="Find people and look at each, take them as found, or look at the whole picture once."),
]
PresetOption = Annotated[PresetName, typer.Option(help="How much time to take.")]
PaletteOption = Annotated[
    str | None,
    typer.Option(
        help="clear, classic or person; usually clear, and person in videos of many.", show_default=False
    ),
]
EngineOption = Annotated[EngineName, typer.Option(help="What runs the network.")]
PrecisionOption = Annotated[
    PrecisionName, typer.Option(help="auto: the fastest here that keeps the accuracy; movenet doctor tells.")
]
ThreadsOption = Annotated[
    int | None, typer.Option(min=1, help="Threads an inference may use; as many as fit if not given.")
]
