"""`movenet explain`: a figure of every step from a photo to its pose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
    DeviceName,
    DeviceOption,
    EngineName,
    EngineOption,
    MethodName,
    MethodOption,
    ModelOption,
    PrecisionName,
    PrecisionOption,
    ThreadsOption,
)

PhotoArgument = Annotated[Path, typer.Argument(help="A photo of a person.", show_default=False)]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="The figure: .png, .pdf or .svg.", show_default=False)
]
KeypointOption = Annotated[
    str | None,
    typer.Option(help="Keypoint to show: left_wrist, …, or all; default: the most instructive one."),
]


def explain(
    photo: PhotoArgument,
    *,
    out: OutOption = None,
    model: ModelOption = "lightning",
    keypoint: KeypointOption = None,
    method: MethodOption = MethodName.top_down,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
    device: DeviceOption = DeviceName.cpu,
) -> None:
    """Draw every step from a photo to its pose. They are the crop, the heads of the network, and their decoding.

    Without -o the figure of NAME.jpg is NAME.explained.png in the current folder.
    """
    from movenet.cli.output import print_line
    from movenet.cli.output_folders import make_folders
    from movenet.engine import Runtime
    from movenet.estimator import Estimator
    from movenet.explain import check_request, draw_figure, write_figure
    from movenet.explain import explain as explain_image
    from movenet.media import read_photo

    target = Path(f"{photo.stem}.explained.png") if out is None else out
    check_request(target, keypoint)
    image = read_photo(photo)
    make_folders([target])
    runtime = Runtime(engine.value, precision.value, threads, device.value)
    explanation = explain_image(image, Estimator(model, method=method.value, runtime=runtime))
    write_figure(target, draw_figure(explanation, keypoint))
    print_line(f"{target}: {'no person' if explanation.pose is None else 'a person'} explained")
