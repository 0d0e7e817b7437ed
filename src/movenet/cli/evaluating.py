"""The steps of `movenet eval`: look or read, report, show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from json import dumps
from pathlib import Path
from typing import Final

from movenet.annotations import read_results
from movenet.cli.output import print_figures, progress, say
from movenet.engine import Runtime
from movenet.estimator import Estimator, Method, People, Preset
from movenet.evaluation import Assessment, Truth, to_plain
from movenet.evaluation.protocol import Measured, measure, versions
from movenet.media import read_photo

WORST: Final = 12
"""Pictures drawn in a report."""
TABLE: Final = ("AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "ms_per_image")


@dataclass(frozen=True, slots=True)
class Question:
    """What looks at the images, and how; see `movenet.estimator.Estimator` and `movenet.evaluation.protocol`."""

    model: str | None
    people: People
    method: Method
    preset: Preset
    crop_to_box: float | None
    runtime: Runtime


def look(truth: Truth, folder: Path, question: Question) -> Measured:
    """Show the images to the model."""
    return measure(
        _open(question),
        truth,
        folder,
        box_factor=question.crop_to_box,
        progress=lambda answers, count: progress(answers, "evaluating", count),
    )


def _open(question: Question) -> Estimator:
    """Open an estimator that gives every pose, however unsure; where boxes are given, nobody needs to be found."""
    q = question
    if q.crop_to_box is not None:
        return Estimator(q.model, method="whole", min_score=0.0, runtime=q.runtime)
    return Estimator(
        q.model, people=q.people, method=q.method, min_score=0.0, settings=q.preset, runtime=q.runtime
    )


def read(path: Path) -> Measured:
    """Take the results of any program from a file."""
    protocol = {"pictures": f"results read from {path.name}; how they came about is not known here"}
    return Measured(path.name, read_results(path), protocol)


def report(path: Path, assessment: Assessment, tried: Measured, folder: Path | None) -> None:
    """Write the report, with the worst pictures if their folder is known."""
    from movenet.evaluation.report import write_report
    from movenet.evaluation.worst import draw_worst, find_worst, to_jpeg

    a = assessment
    paths = {} if folder is None else {image.id: image.path for image in a.truth.images(folder)}
    worst = find_worst(a.truth.people, a.pairs, WORST) if paths else []
    drawn = [
        draw_worst(read_photo(paths[w.image_id]), w.image_id, a.truth.people, a.estimates, a.pairs)
        for w in worst
    ]
    entries = [(entry, to_jpeg(square)) for entry, square in zip(worst, drawn, strict=True)]
    time = {} if tried.ms_per_image is None else {"time": _time(tried.ms_per_image)}
    write_report(path, f"{tried.name} on {a.truth.name}", a, {**_protocol(tried), **time}, entries)


def show(assessment: Assessment, tried: Measured, *, json: bool) -> None:
    """Print the figures, all of them as JSON or the first of them as a table."""
    plain = to_plain(assessment)
    ms = None if tried.ms_per_image is None else round(tried.ms_per_image, 4)
    figures = {**plain, "ms_per_image": ms}
    first = {name: figures[name] for name in TABLE}
    if json:
        say(dumps({**first, **plain, "protocol": _protocol(tried)}))
        return
    shown = {name.replace("_per_image", ""): value for name, value in first.items() if value is not None}
    print_figures(shown, json=False)
    gains = ", ".join(f"{name} {gain:.3f}" for name, gain in assessment.costs.cumulative.items())
    say(f"PCK@0.2 {assessment.pck.mean:.3f} · AP lost to: {gains}")


def _protocol(tried: Measured) -> dict[str, str]:
    """Say how it was measured, with the versions of the packages in use by now, and when."""
    said = ", ".join(f"{name} {number}" for name, number in versions().items())
    return {**tried.protocol, "versions": said, "date": datetime.now(timezone.utc).strftime("%Y-%m-%d")}


def _time(ms: float) -> str:
    return f"{ms:.1f} ms a picture, without reading the file"
