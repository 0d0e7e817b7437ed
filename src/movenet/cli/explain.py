"""`movenet explain`: one figure that shows how the network arrives at a pose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
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
    typer.Option(help="Whose way is shown: left_wrist, …, or all; the most instructive if not given."),
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
) -> None:
    """Draw every step from a photo to its pose: what the network sees, answers, and how the answer is read.

    Without -o the figure of NAME.jpg is NAME.explained.png in the current folder.
    """
    from movenet.cli.output import say
    from movenet.engine import Runtime
    from movenet.estimator import Estimator
    from movenet.explain import check_request, draw_figure, write_figure
    from movenet.explain import explain as walk
    from movenet.media import read_photo

    target = Path(f"{photo.stem}.explained.png") if out is None else out
    check_request(target, keypoint)
    image = read_photo(photo)
    runtime = Runtime(engine.value, precision.value, threads)
    explanation = walk(image, Estimator(model, method=method.value, runtime=runtime))
    write_figure(target, draw_figure(explanation, keypoint))
    say(f"{target}: {'nobody' if explanation.pose is None else 'a person'} explained")
