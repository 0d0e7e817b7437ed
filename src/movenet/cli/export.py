"""`movenet export`: a model for another runtime, written only if its answers are torch's."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class FormatName(str, Enum):
    """The formats a user can ask for: `movenet.export.formats.FORMATS`."""

    onnx = "onnx"
    openvino = "openvino"
    litert = "litert"
    ncnn = "ncnn"
    coreml = "coreml"
    torch = "torch"


class StoredName(str, Enum):
    """The precisions a user can ask for: `movenet.export.job.Precision`."""

    fp32 = "fp32"
    fp16 = "fp16"
    int8 = "int8"


class AnswerName(str, Enum):
    """What an export answers: `movenet.export.job.Answer`."""

    heads = "heads"
    keypoints = "keypoints"


ModelArgument = Annotated[
    str, typer.Argument(help="lightning, thunder, multipose, posenet or an ONNX file of ours.")
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", help="The file; its sheet is beside it, with .json added.")
]
SideOption = Annotated[
    int | None, typer.Option(help="Side of the square in pixels, where the format fixes it.")
]
PicturesOption = Annotated[
    Path | None, typer.Option(help="Folder of pictures to check with and to calibrate int8 on.")
]
ApOption = Annotated[Path | None, typer.Option(help="COCO keypoint list to measure the export's AP on.")]


def export(
    model: ModelArgument,
    *,
    out: OutOption,
    format: Annotated[FormatName, typer.Option("--format", "-f", help="The runtime.")] = FormatName.onnx,  # noqa: A002
    precision: Annotated[StoredName, typer.Option(help="How weights are stored.")] = StoredName.fp32,
    answer: Annotated[AnswerName, typer.Option(help="Raw heads, or Google's own output.")] = AnswerName.heads,
    side: SideOption = None,
    pictures: PicturesOption = None,
    ap: ApOption = None,
    images: Annotated[Path | None, typer.Option(help="Folder of that list's pictures.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the sheet, and nothing else.")] = False,
) -> None:
    """Write a model for another runtime, and compare it with torch on real pictures first.

    If the answers differ by more than the precision explains, nothing is written and the exit code is 1.
    """
    from movenet.cli import exporting

    wish = exporting.wish(format.value, precision.value, answer.value, side, pictures)
    exporting.run(model, out, wish, exporting.assessor(ap, images, wish), json=json)
