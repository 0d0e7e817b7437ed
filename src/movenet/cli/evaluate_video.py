"""`movenet eval-video`: accuracy of tracking, on synthetic videos of exact ground truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from movenet.cli.evaluate import ListOption
from movenet.cli.options import (
    DeviceName,
    DeviceOption,
    EngineName,
    EngineOption,
    JsonOption,
    ModelOption,
    PeopleName,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    PresetName,
    PresetOption,
    ThreadsOption,
)
from movenet.errors import MoveNetError

if TYPE_CHECKING:
    from movenet.estimator import Estimator
    from movenet.video_evaluation import Row


def evaluate_video(
    *,
    annotations: ListOption,
    images: Annotated[Path, typer.Option(help="Folder of the pictures.", show_default=False)],
    model: ModelOption = "lightning",
    people: PeopleOption = PeopleName.one,
    preset: PresetOption = PresetName.balanced,
    clips: Annotated[int, typer.Option(min=1, help="Number of clips, of four seconds each.")] = 50,
    seed: Annotated[int, typer.Option(help="Seed of the choice of photos, motion and noise.")] = 1,
    passer_by: Annotated[
        bool, typer.Option("--passer-by", help="A second person walks past: is the first one followed?")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for figures.json and, of one person, tradeoff.svg."),
    ] = None,
    json: JsonOption = False,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
    device: DeviceOption = DeviceName.cpu,
) -> None:
    """Compare methods of tracking and smoothing on synthetic videos. They are made of annotated photos.

    The ground truth follows from the annotations and the camera's motion. docs/video-results.md explains the metrics.
    With --people many: methods to track several people by ids, who cross, leave and come back; see docs/tracking.md.
    """
    from movenet.cli.output import print_line, print_status, print_table
    from movenet.engine import Runtime, device_of
    from movenet.estimator import Estimator
    from movenet.video_evaluation import to_plain, write_plot, write_report

    if passer_by and people is not PeopleName.one:
        raise MoveNetError("--passer-by is for --people one")
    runtime = Runtime(engine.value, precision.value, threads, device.value)
    estimator = Estimator(model, people=people.value, settings=preset.value, runtime=runtime)
    heads, cells, rows = _compare(estimator, (annotations, images, clips, seed), passer_by=passer_by)
    report = {
        "model": estimator.engine.card.name,
        "precision": estimator.engine.precision,
        "device": device_of(estimator.engine),
        "people": people.value,
        "preset": preset.value,
        "annotations": annotations.name,
        "clips": clips,
        "seed": seed,
        "passer_by": passer_by,
        "rows": to_plain(rows),
    }
    if out is not None:
        write_report(out, report)
        if people is PeopleName.one:
            write_plot(out / "tradeoff.svg", rows)
    if json:
        print_line(dumps(report))
    else:
        print_table(heads, cells, text_columns=2 if people is PeopleName.one else 1)
        if out is not None:
            print_status(f"→ {out}")


def _compare(
    estimator: Estimator, source: tuple[Path, Path, int, int], *, passer_by: bool
) -> tuple[Sequence[str], Sequence[Sequence[str]], Sequence[Row[Any, Any]]]:
    """Return the heads and cells of the table, and the rows; `source` holds the arguments of `make_clips`."""
    from movenet.cli.output import progress
    from movenet.synthetic.many_people import make_scenes
    from movenet.synthetic.one_person import make_clips
    from movenet.synthetic.passer_by import make_clips_with_passer_by
    from movenet.video_evaluation import multi_person_comparison, single_person_comparison

    comparison: Any
    clips: Iterable[Any]
    if estimator.people == "one":
        make = make_clips_with_passer_by if passer_by else make_clips
        comparison, clips = single_person_comparison(estimator), make(*source)
    else:
        comparison, clips = multi_person_comparison(estimator), make_scenes(*source)
    rows = comparison.compare(progress(clips, "rendering and tracking", source[2]))
    return tuple(comparison.columns), [comparison.to_cells(row) for row in rows], rows
