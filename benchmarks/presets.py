"""The cost and the AP of estimator settings, among them every preset: one table and one figure.

    python benchmarks/presets.py SHARED [--only one many plot] [--precision fp32]

Writes the tables "curve-one" and "curve-many" of docs/accuracy.md and docs/img/presets.svg; SHARED holds
data/coco-val-dev. Every picture runs with all settings in turn before the next picture, so that a busy machine slows
all of them alike. Times are medians (one person) and means (many) from the picture in memory to the poses, relative
to the first model's preset balanced.
AP is given for all pictures, and for the half whose image id modulo 4 is 2 or 3: settings were chosen on the other.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import pages
from movenet import Estimator, Runtime, open_engine, read_photo
from movenet.annotations import to_results
from movenet.engine import Engine
from movenet.estimator import EstimatorSettings, SecondCrop, default_settings
from movenet.evaluation import read_truth, to_estimates
from movenet.evaluation.coco_ap import match_estimates
from movenet.evaluation.comparison import weighted_ap

WARM_UP = 5
FIGURES = Path(__file__).parent / "presets.json"
PLOT = Path(__file__).parents[1] / "docs" / "img" / "presets.svg"
COLOURS = {"lightning": "#0072b2", "thunder": "#d55e00"}
PRESETS = ("fast", "balanced", "accurate", "best")

Image = NDArray[np.uint8]


def one_person(model: str) -> Iterator[tuple[str, EstimatorSettings]]:
    """Yield names and settings for one person."""
    settings = {preset: default_settings(model, "one", preset) for preset in PRESETS}
    yield from settings.items()
    if model == "lightning":
        yield "mirrored crop", replace(settings["balanced"], flip=True)
        yield "second crop, 256 px", replace(settings["balanced"], second_crop=SecondCrop(1.1, 256))
    else:
        yield "second crop as in best, not mirrored", replace(settings["best"], flip=False)


def many_people(model: str) -> Iterator[tuple[str, EstimatorSettings]]:
    """Yield names and settings for many people."""
    settings = {preset: default_settings(model, "many", preset) for preset in PRESETS}
    yield from settings.items()
    yield "fast, mirrored", replace(settings["fast"], flip=True, flip_min_score=0.2)
    yield "best, not mirrored", replace(settings["best"], flip=False)
    yield "best, everybody mirrored", replace(settings["best"], flip_min_score=0.0)


def measure(data: Path, people: str, engines: Mapping[str, Engine], detector: Engine) -> list[dict]:
    """Measure AP and milliseconds of all settings on the list of one person or of many people."""
    truth = read_truth(data / f"{'single' if people == 'one' else 'multi'}.json")
    candidates = one_person if people == "one" else many_people
    rows = [
        {"model": model, "name": name, "times": [], "results": [], "settings": settings}
        for model in engines
        for name, settings in candidates(model)
    ]
    for row in rows:
        row["run"] = Estimator(
            engines[row["model"]],
            people=people,
            settings=row.pop("settings"),
            detector=detector,
            min_score=0.0,
        )
    for number, image in enumerate(truth.images(data / "images")):
        photo = read_photo(image.path)
        for row in rows:
            start = time.perf_counter()
            poses = row["run"](photo)
            if number >= WARM_UP:
                row["times"].append(1000 * (time.perf_counter() - start))
            row["results"] += to_results(image.id, poses)
    second = np.array([number % 4 in (2, 3) for number in truth.files], float)
    typical = median if people == "one" else mean
    return [
        {
            "model": row["model"],
            "name": row["name"],
            "ms": typical(row["times"]),
            "ap": weighted_ap(matches, np.ones(len(truth.files))),
            "ap_held_out": weighted_ap(matches, second),
        }
        for row in rows
        for matches in [match_estimates(truth, to_estimates(row["results"], truth))]
    ]


def relative(rows: Sequence[dict]) -> list[dict]:
    """Return the rows with "time": their milliseconds relative to the first model's preset balanced."""
    reference = next(row["ms"] for row in rows if row["name"] == "balanced")
    return [{**row, "time": row["ms"] / reference} for row in rows]


def table(rows: Sequence[dict]) -> str:
    """Return the table of one list, by rising time within a model."""
    lines = ["| | AP | AP, held-out half | time |", "|---|---|---|---|"]
    for row in sorted(relative(rows), key=lambda row: (row["model"], row["ms"])):
        name = f"**{row['name']}**" if row["name"] in PRESETS else row["name"]
        lines.append(
            f"| {row['model']}, {name} | {row['ap']:.3f} | {row['ap_held_out']:.3f} | {row['time']:.2f} |"
        )
    return "\n".join(lines)


def plot(figures: Mapping[str, Sequence[dict]]) -> None:
    """Draw AP against time: the presets filled and joined, other settings hollow."""
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": "presets",
        "text.color": "#222",
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(9.5, 3.8), layout="constrained")
        for axes, (name, rows) in zip(
            figure.subplots(1, 2), sorted(figures.items(), reverse=True), strict=True
        ):
            rows = relative(rows)
            for model in dict.fromkeys(row["model"] for row in rows):
                draw(axes, model, [row for row in rows if row["model"] == model])
            axes.set(
                title=f"{name} person" if name == "one" else "many people",
                xlabel=f"time, {rows[0]['model'].capitalize()} balanced = 1",
                ylabel="AP",
            )
            axes.margins(x=0.15, y=0.12)
            axes.legend(frameon=False, loc="lower right")
        figure.savefig(PLOT, format="svg", metadata={"Date": None, "Creator": None})


def draw(axes: Axes, model: str, rows: Sequence[dict]) -> None:
    """Draw the settings of one model."""
    chosen = sorted((row for row in rows if row["name"] in PRESETS), key=lambda row: row["ms"])
    others = [row for row in rows if row["name"] not in PRESETS]
    style = {"color": COLOURS[model], "marker": "o", "label": model.capitalize()}
    axes.plot([row["time"] for row in chosen], [row["ap"] for row in chosen], **style)
    axes.scatter(
        [row["time"] for row in others],
        [row["ap"] for row in others],
        facecolor="none",
        edgecolor=COLOURS[model],
    )
    for row in chosen:
        axes.annotate(
            row["name"], (row["time"], row["ap"]), xytext=(6, -10), textcoords="offset points", fontsize=9
        )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--only", nargs="+", choices=("one", "many", "plot"), default=["one", "many", "plot"])
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    runtime = Runtime(precision=arguments.precision)
    detector = open_engine("multipose", runtime)
    figures = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    for people, models in (("one", ("lightning", "thunder")), ("many", ("thunder",))):
        if people in arguments.only:
            engines = {model: open_engine(model, runtime) for model in models}
            rows = measure(arguments.shared / "data" / "coco-val-dev", people, engines, detector)
            print(table(rows), flush=True)
            figures[people] = rows
    if arguments.precision == "auto":
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
        for people in {"one", "many"} & set(arguments.only):
            pages.put("accuracy", f"curve-{people}", table(figures[people]))
        if "plot" in arguments.only:
            plot(figures)


if __name__ == "__main__":
    main()
