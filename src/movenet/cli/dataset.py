"""`movenet dataset`: make a data set of clips, apply a review to it, find broken labels in any."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import EngineName, EngineOption, PrecisionName, PrecisionOption, ThreadsOption

app = typer.Typer(no_args_is_help=True, help="Make data sets of clips, review them, find broken labels.")
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]
ClipsArgument = Annotated[
    list[str], typer.Argument(help="Videos, or folders of pictures.", show_default=False)
]
LabelsArgument = Annotated[
    list[Path], typer.Argument(help="COCO files (.json), or folders of YOLO-pose labels.", show_default=False)
]


@app.command("build")
def build(
    clips: ClipsArgument,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the data set.", show_default=False)],
    every: Annotated[
        float, typer.Option(min=0.01, help="Seconds: of so many, one frame is looked at.")
    ] = 0.5,
    val_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the clips kept for validation.")
    ] = 0.1,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Least mean score of a person's labels.")
    ] = 0.3,
    json: JsonOption = False,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Turn clips into a COCO data set: frames in which something new happens, people with labels of the large model.

    Ctrl-C ends it early; what is there by then is a data set. Then open review.html in a browser.
    """
    from movenet.cli import datasets
    from movenet.engine import Runtime

    settings = datasets.settings(every, val_share, min_score)
    datasets.build_and_tell(clips, out, settings, Runtime(engine.value, precision.value, threads), json=json)


@app.command("apply")
def apply(
    folder: Annotated[Path, typer.Argument(help="A data set made by build.", show_default=False)],
    decisions: Annotated[Path | None, typer.Argument(help="decisions.json of the review sheet.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Write train.json and val.json anew, without the pictures rejected on the review sheet."""
    from movenet.cli import datasets

    datasets.apply_and_tell(folder, decisions, json=json)


@app.command("check")
def check(
    labels: LabelsArgument,
    *,
    images: Annotated[
        Path | None, typer.Option(help="Folder of the pictures, if not beside the labels.")
    ] = None,
    sides: Annotated[
        bool, typer.Option("--sides", help="Ask Thunder whether left and right are swapped.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Find broken labels; the exit code is 1 if there is an error, 0 with warnings alone."""
    from movenet.cli import datasets

    if not datasets.check_and_tell(labels, images, sides=sides, json=json):
        raise typer.Exit(1)
