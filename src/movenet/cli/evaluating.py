"""The steps of `movenet eval`: look or read, report, show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from json import dumps
from pathlib import Path
from typing import Any, Final

from movenet import trial
from movenet.annotations import read_results
from movenet.cli.output import print_figures, progress, say
from movenet.engine import Runtime
from movenet.estimator import Estimator, Method, People, Preset
from movenet.evaluation import Assessment, Truth, to_plain
from movenet.media import read_photo

WORST: Final = 12
"""Pictures drawn in a report."""
TABLE: Final = ("AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "ms_per_image")


@dataclass(frozen=True, slots=True)
class Question:
    """What looks at the pictures, and how; see `movenet.estimator.Estimator` and `movenet.trial.boxed`."""

    model: str | None
    people: People
    method: Method
    preset: Preset
    crop_to_box: float | None
    runtime: Runtime


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """Results and where they come from."""

    name: str
    results: Sequence[Mapping[str, Any]]
    protocol: Mapping[str, str]
    ms_per_image: float | None = None
    """None where nobody measured it."""


def look(truth: Truth, folder: Path, question: Question) -> Tried:
    """Show the pictures to the model."""
    images = truth.images(folder)
    factor = question.crop_to_box
    estimator = _open(question)
    ask = trial.whole(estimator) if factor is None else trial.boxed(estimator, truth.people, factor)
    answers = list(progress(trial.run(images, ask), "evaluating", len(images)))
    results = [result for answer in answers for result in answer.results]
    busy_s = sum(answer.estimate_s for answer in answers)
    protocol = trial.protocol(estimator, factor)
    return Tried(protocol["model"], results, protocol, 1000 * busy_s / len(images))


def _open(question: Question) -> Estimator:
    """Open an estimator that gives every pose, however unsure; where boxes are given, nobody needs to be found."""
    q = question
    if q.crop_to_box is not None:
        return Estimator(q.model, method="whole", min_score=0.0, runtime=q.runtime)
    return Estimator(
        q.model, people=q.people, method=q.method, min_score=0.0, rule=q.preset, runtime=q.runtime
    )


def read(path: Path) -> Tried:
    """Take the results of any program from a file."""
    protocol = {"pictures": f"results read from {path.name}; how they came about is not known here"}
    return Tried(path.name, read_results(path), protocol)


def report(path: Path, assessment: Assessment, tried: Tried, folder: Path | None) -> None:
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


def show(assessment: Assessment, tried: Tried, *, json: bool) -> None:
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
    gains = ", ".join(f"{name} {gain:.3f}" for name, gain in assessment.costs.in_turn.items())
    say(f"PCK@0.2 {assessment.pck.mean:.3f} · AP lost to: {gains}")


def _protocol(tried: Tried) -> dict[str, str]:
    """Say how it was measured, with the versions of the packages in use by now, and when."""
    versions = ", ".join(f"{name} {number}" for name, number in trial.versions().items())
    return {**tried.protocol, "versions": versions, "date": datetime.now(timezone.utc).strftime("%Y-%m-%d")}


def _time(ms: float) -> str:
    return f"{ms:.1f} ms a picture, without reading the file"
