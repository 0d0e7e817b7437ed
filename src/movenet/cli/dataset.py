"""`movenet dataset`: build a data set from clips, apply a review to it, check labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from movenet.cli.options import (
    DeviceName,
    DeviceOption,
    EngineName,
    EngineOption,
    JsonOption,
    PrecisionName,
    PrecisionOption,
    ThreadsOption,
)
from movenet.cli.panels import PanelCommand
from movenet.errors import DataError, MoveNetError

if TYPE_CHECKING:
    from movenet.annotations import Problem
    from movenet.dataset.building import BuildResult

EXAMPLES: Final = 3
"""Places printed for each kind of problem."""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Build data sets from clips, review them, check labels.",
)
ClipsArgument = Annotated[
    list[str], typer.Argument(help="Videos, or folders of pictures.", show_default=False)
]
LabelsArgument = Annotated[
    list[Path], typer.Argument(help="COCO files (.json), or folders of YOLO-pose labels.", show_default=False)
]


@app.command("build", cls=PanelCommand)
def build(
    clips: ClipsArgument,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the data set.", show_default=False)],
    every: Annotated[
        float, typer.Option(min=0.01, help="Seconds from one examined frame to the next.")
    ] = 0.5,
    val_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the clips kept for validation.")
    ] = 0.1,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Minimum mean score of a person's labels.")
    ] = 0.3,
    json: JsonOption = False,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
    device: DeviceOption = DeviceName.cpu,
) -> None:
    """Turn clips into a COCO data set, labelled by Thunder. It has the frames with a new pose or place.

    Ctrl-C ends it early and keeps the data set made so far. Then open review.html in a browser.
    """
    from movenet.cli.output import frame_progress, print_error
    from movenet.dataset.building import BuildSettings, build
    from movenet.dataset.labelling import Labeller, LabelSettings
    from movenet.dataset.review import write_review_page
    from movenet.dataset.selection import SelectionSettings
    from movenet.engine import Runtime

    labels = LabelSettings(min_score=min_score)
    settings = BuildSettings(
        selection=SelectionSettings(interval_s=every), labels=labels, val_share=val_share
    )
    labeller = Labeller(labels, runtime=Runtime(engine.value, precision.value, threads, device.value))
    built = build(clips, out, labeller, settings, frame_progress)
    for clip, reason in built.failed.items():
        print_error(MoveNetError(reason if clip in reason else f"{clip}: {reason}"))
    if len(built.failed) == len(clips) and not sum(built.counted.pictures.values()):
        raise DataError("not one of the clips could be read")
    if built.kept:
        raise DataError(f"no picture came of the clips: the data set in {out} stays as it was")
    _print_built(built, write_review_page(out), json=json)
    if built.stopped:
        raise KeyboardInterrupt


@app.command("apply", cls=PanelCommand)
def apply(
    folder: Annotated[Path, typer.Argument(help="A data set made by build.", show_default=False)],
    decisions: Annotated[Path | None, typer.Argument(help="decisions.json of the review page.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Leave out the pictures rejected on the review page. It writes train.json and val.json anew."""
    from movenet.cli.output import print_line, print_status
    from movenet.dataset.store import assemble

    counted = assemble(folder, decisions)
    if json:
        print_line(dumps(asdict(counted)))
        return
    for part, pictures in counted.pictures.items():
        print_line(f"{folder / part}.json  {pictures} pictures, {counted.people[part]} people")
    print_line(f"{counted.rejected} rejected")
    print_status(f"next: movenet train {folder}")


@app.command("check", cls=PanelCommand)
def check(
    labels: LabelsArgument,
    *,
    images: Annotated[
        Path | None, typer.Option(help="Folder of the pictures, if not beside the labels.")
    ] = None,
    sides: Annotated[
        bool, typer.Option("--sides", help="Compare left and right with Thunder's estimate.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Find broken labels. The exit code is 1 if there is an error, 0 with warnings alone."""
    from movenet.annotations.check import check as check_labels
    from movenet.cli.output import print_line, progress
    from movenet.dataset.sides import SideCheck

    found = check_labels(labels, images, SideCheck() if sides else None)
    problems = list(progress(found, "checking", None))
    if json:
        counts = Counter(problem.kind for problem in problems)
        print_line(dumps({"counts": counts, "problems": [asdict(problem) for problem in problems]}))
    else:
        _print_problems(problems)
    if any(problem.is_error for problem in problems):
        raise typer.Exit(1)


def _print_built(built: BuildResult, page: Path, *, json: bool) -> None:
    from movenet.cli.output import print_line, print_status

    if json:
        print_line(dumps({**asdict(built.counted), "left_out": built.left_out, "failed": built.failed}))
        return
    if built.stopped:
        print_status("stopped early: what was done is kept")
    for part, pictures in built.counted.pictures.items():
        print_line(f"{part}: {pictures} pictures, {built.counted.people[part]} people")
    left_out = ", ".join(f"{n} × {reason}" for reason, n in sorted(built.left_out.items()))
    print_line(f"left out: {left_out or 'nothing'}")
    print_line(f"review: open {page}")
    print_status(f"next: movenet train {page.parent}")


def _print_problems(problems: Sequence[Problem]) -> None:
    from movenet.annotations import ERRORS, WARNINGS
    from movenet.cli.output import print_line

    if not problems:
        print_line("no problems found")
        return
    for kinds, name in ((ERRORS, "error"), (WARNINGS, "warning")):
        for kind, meaning in kinds.items():
            found = [problem for problem in problems if problem.kind == kind]
            if found:
                print_line(f"{name:8} {len(found):5} × {kind}: {meaning}")
            for problem in found[:EXAMPLES]:
                print_line(f"{'':16} {problem.file}, {problem.place}: {problem.message}")
