"""`movenet eval`: COCO keypoint AP and AR of a model, or of results in a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
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
    MethodName,
    MethodOption,
    ModelIfNamedOption,
    PeopleName,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    PresetName,
    PresetOption,
    ThreadsOption,
)

if TYPE_CHECKING:
    from movenet.engine import Runtime
    from movenet.estimator import Estimator
    from movenet.evaluation import Assessment, Truth
    from movenet.evaluation.protocol import ImageResult, Measured

WORST: Final = 12
"""Pictures of a report: those with the worst poses."""
HEADS: Final = ("AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "ms_per_image")
"""Figures of the printed table, which also come first in the JSON object."""

ListOption = Annotated[Path, typer.Option(help="COCO keypoint annotations (JSON).", show_default=False)]
FolderOption = Annotated[Path | None, typer.Option(help="Folder of the pictures.", show_default=False)]
CropOption = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        help="Estimate one square crop per annotated person, of so many times the annotated box; no detector runs.",
    ),
]
SaveOption = Annotated[Path | None, typer.Option(help="Write the poses in COCO's result format.")]
ScoreOption = Annotated[
    Path | None,
    typer.Option(help="Evaluate a file in COCO's result format, from any program; no model runs."),
]
CompareOption = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        help="Compare the AP of two files of results on the same pictures, by paired bootstrap; no model runs.",
        metavar="FILE FILE",
        show_default=False,
    ),
]
BESIDE_COMPARE: Final = frozenset({"annotations", "compare", "json"})
"""Options that --compare can be combined with."""


def evaluate(
    context: typer.Context,
    *,
    annotations: ListOption,
    images: FolderOption = None,
    model: ModelIfNamedOption = None,
    people: PeopleOption = PeopleName.one,
    method: MethodOption = MethodName.top_down,
    preset: PresetOption = PresetName.balanced,
    crop_to_box: CropOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Report: one HTML file.")] = None,
    json: JsonOption = False,
    save_results: SaveOption = None,
    score_results: ScoreOption = None,
    compare: CompareOption = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
    device: DeviceOption = DeviceName.cpu,
) -> None:
    """Measure COCO keypoint AP and AR, and the kinds of error.

    By default the estimator gets a whole picture and returns the main person, whatever the score. For annotations
    with many people in a picture there is --people many; with --crop-to-box the annotated boxes replace the detector.
    """
    from movenet.annotations import write_results
    from movenet.cli.output import print_status
    from movenet.cli.output_folders import make_folders
    from movenet.engine import Runtime
    from movenet.evaluation import assess, read_truth, to_estimates
    from movenet.evaluation.protocol import measure, read_measured

    truth = read_truth(annotations)
    if compare is not None:
        _check_alone(context)
        _print_comparison(compare, truth, json=json)
        return
    make_folders([out, save_results])
    if score_results is not None:
        measured = read_measured(score_results)
    elif images is not None:
        detection = None if crop_to_box is not None else (people, method, preset)
        runtime = Runtime(engine.value, precision.value, threads, device.value)
        estimator = _open_estimator(model, detection, runtime)
        measured = measure(estimator, truth, images, box_factor=crop_to_box, progress=_progress)
    else:
        raise typer.BadParameter("--images is needed, or --score-results")
    if save_results is not None:
        write_results(save_results, measured.results)
    assessment = assess(truth, to_estimates(measured.results, truth))
    if out is not None:
        _write_report(out, assessment, measured, images)
    _print(assessment, measured, json=json)
    for path in (out, save_results):
        if path is not None and not json:
            print_status(f"→ {path}")


def _open_estimator(
    model: str | None, detection: tuple[PeopleName, MethodName, PresetName] | None, runtime: Runtime
) -> Estimator:
    """Open an estimator that returns poses of every score; None as `detection` if there is no detector."""
    from movenet.estimator import Estimator

    if detection is None:
        return Estimator(model, method="whole", min_score=0.0, runtime=runtime)
    people, method, preset = (choice.value for choice in detection)
    return Estimator(model, people=people, method=method, min_score=0.0, settings=preset, runtime=runtime)


def _check_alone(context: typer.Context) -> None:
    """Raise BadParameter if an option is given that --compare would ignore."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source and source.name != "DEFAULT"]
    given = [name for name in given if name not in BESIDE_COMPARE]
    if given:
        raise typer.BadParameter(f"--compare runs no model: leave --{given[0].replace('_', '-')} out")


def _print_comparison(files: tuple[Path, Path], truth: Truth, *, json: bool) -> None:
    """Print the AP of two files of results, their difference and its interval."""
    from movenet.annotations import read_results
    from movenet.cli.output import print_line, print_table
    from movenet.evaluation import compare, to_estimates
    from movenet.evaluation.comparison import CONFIDENCE, DRAWS

    first, second = (to_estimates(read_results(path), truth) for path in files)
    c = compare(truth, first, second)
    if json:
        print_line(dumps(c.to_plain()))
        return
    print_table(["results", "AP"], [[files[0].name, f"{c.first:.4f}"], [files[1].name, f"{c.second:.4f}"]])
    print_line(
        f"difference {c.difference:+.4f}, {CONFIDENCE:.0%} interval {c.low:+.4f} to {c.high:+.4f} "
        f"(paired bootstrap, {DRAWS} draws of {c.images} pictures)"
    )


def _progress(results: Iterator[ImageResult], count: int) -> Iterator[ImageResult]:
    from movenet.cli.output import progress

    return progress(results, "evaluating", count)


def _write_report(path: Path, assessment: Assessment, measured: Measured, folder: Path | None) -> None:
    """Write the HTML report, with the worst pictures if their folder is known."""
    from movenet.evaluation.report import write_report
    from movenet.evaluation.worst import draw_worst, find_worst, to_jpeg
    from movenet.media import read_photo

    a = assessment
    paths = {} if folder is None else {image.id: image.path for image in a.truth.images(folder)}
    worst = find_worst(a.truth.people, a.pairs, WORST) if paths else []
    drawn = [
        draw_worst(read_photo(paths[w.image_id]), w.image_id, a.truth.people, a.estimates, a.pairs)
        for w in worst
    ]
    entries = [(entry, to_jpeg(square)) for entry, square in zip(worst, drawn, strict=True)]
    ms = measured.ms_per_image
    time = {} if ms is None else {"time": f"{ms:.1f} ms per picture, without reading the file"}
    write_report(path, f"{measured.name} on {a.truth.name}", a, {**_protocol(measured), **time}, entries)


def _print(assessment: Assessment, measured: Measured, *, json: bool) -> None:
    """Print all figures as JSON, or the most important ones as a table."""
    from movenet.cli.output import print_line, print_table
    from movenet.evaluation import to_plain

    plain = to_plain(assessment)
    ms = None if measured.ms_per_image is None else round(measured.ms_per_image, 4)
    figures = {name: ({**plain, "ms_per_image": ms})[name] for name in HEADS}
    if json:
        print_line(dumps({**figures, **plain, "protocol": _protocol(measured)}))
        return
    cells = {
        name.replace("_per_image", ""): _cell(value) for name, value in figures.items() if value is not None
    }
    print_table(list(cells), [list(cells.values())])
    gains = ", ".join(f"{name} {gain:.3f}" for name, gain in assessment.costs.cumulative.items())
    print_line(f"PCK@0.2 {assessment.pck.mean:.3f} · AP lost to: {gains}")


def _cell(value: float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _protocol(measured: Measured) -> dict[str, str]:
    """Return the protocol with the date and the versions of the packages loaded by now."""
    from movenet.evaluation.protocol import versions

    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    return {**measured.protocol, "versions": packages, "date": date}
