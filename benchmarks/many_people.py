"""Top-down against bottom-up, at every preset: AP and milliseconds on a COCO list, recall by number of people.

    python benchmarks/many_people.py SHARED [--only list crowds plot]

Writes the tables of docs/many-people.md and docs/img/many-people.svg; SHARED holds data/coco-val-dev. Crowds of 1 … 20
are composed of people of the list of single persons, each cut out with some of their crop_around and drawn in a cell
of their own. Milliseconds, after a warm-up, are means on the list and medians of crowds of one size, from the picture
in memory to the poses, and only comparable within one run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import mean, median

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import pages
from movenet import Crop, Estimator, Pose, read_photo
from movenet.annotations import from_coco_px, to_results
from movenet.evaluation import read_truth, score, to_estimates
from movenet.oks import similarity
from movenet.pose import SIGMAS

SETTINGS = [
    (method, preset) for method in ("top-down", "bottom-up") for preset in ("fast", "balanced", "best")
]
COLOURS = {"top-down": "#0072b2", "bottom-up": "#d55e00"}
LINES = {"fast": ":", "balanced": "-", "best": "--"}
CELL_PX = 160
COUNTS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20)
PICTURES = 8
"""Crowds of each number of people."""
FOUND_OKS = 0.5
WARM_UP = 40
"""Pictures shown before the clock runs: OpenVINO prepares a shape when it first comes."""
FIGURES = Path(__file__).parent / "many_people.json"
PLOT = Path(__file__).parents[1] / "docs" / "img" / "many-people.svg"

Image = NDArray[np.uint8]
Person = tuple[Image, NDArray[np.float64], NDArray[np.bool_]]
"""A square of a person, (CELL_PX, CELL_PX, 3), the keypoints in it, (17, 2) x, y, and which of them are labelled."""


def timed(estimator: Estimator, images: Sequence[Image]) -> tuple[list[list[Pose]], list[float]]:
    """Return the poses of each picture, and the milliseconds of each."""
    for image in islice(cycle(images), WARM_UP):
        estimator(image)
    poses, times = [], []
    for image in images:
        start = time.perf_counter()
        poses.append(estimator(image))
        times.append(1000 * (time.perf_counter() - start))
    return poses, times


def on_list(data: Path) -> list[dict]:
    """Measure AP and milliseconds of every setting on `multi`."""
    truth = read_truth(data / "multi.json")
    photos = {image.id: read_photo(image.path) for image in truth.images(data / "images")}
    rows = []
    for method, preset in SETTINGS:
        estimator = Estimator(people="many", method=method, settings=preset, min_score=0.0)
        poses, times = timed(estimator, list(photos.values()))
        results = [r for number, found in zip(photos, poses, strict=True) for r in to_results(number, found)]
        figures = score(truth, to_estimates(results, truth))
        rows.append({"method": method, "preset": preset, "ms": mean(times), **figures})
        print(rows[-1], flush=True)
    return rows


def persons(data: Path) -> list[Person]:
    """Return people of `single` of whom at least 12 keypoints are labelled, and who are at least 120 px long."""
    truth = read_truth(data / "single.json")
    paths = {image.id: image.path for image in truth.images(data / "images")}
    people = truth.people
    good = ~people.ignored & (people.labelled.sum(axis=1) >= 12) & (people.boxes[:, 2:].max(axis=1) >= 120)
    found = []
    for i in np.flatnonzero(good):
        x, y, w, h = people.boxes[i].tolist()
        crop = Crop.around_box((x, y, w, h), 1.15, CELL_PX)
        square = crop.cut(read_photo(paths[int(people.image_ids[i])]))
        found.append((square, crop.to_output(from_coco_px(people.keypoints[i])), people.labelled[i]))
    return found


def crowd(people: Sequence[Person]) -> tuple[Image, NDArray[np.float64]]:
    """Return a picture of people, row by row, and their keypoints (P, 17, 2) in it."""
    columns = int(np.ceil(np.sqrt(len(people))))
    rows = -(-len(people) // columns)
    image = np.zeros((rows * CELL_PX, columns * CELL_PX, 3), np.uint8)
    places = []
    for i, (square, keypoints, _) in enumerate(people):
        top, left = i // columns * CELL_PX, i % columns * CELL_PX
        image[top : top + CELL_PX, left : left + CELL_PX] = square
        places.append(keypoints + np.array((left, top)))
    return image, np.stack(places)


def count_found(poses: Sequence[Pose], places: NDArray[np.float64], people: Sequence[Person]) -> int:
    """Return how many people have a pose of their own with OKS of at least 0.5 on their labelled keypoints."""
    free = [pose.keypoints for pose in poses]
    found = 0
    for keypoints, (_, _, labelled) in zip(places, people, strict=True):
        if not free:
            break
        low, high = keypoints[labelled].min(axis=0), keypoints[labelled].max(axis=0)
        area = 0.53 * float(np.prod(high - low))
        others = np.stack(free)[:, labelled]
        alike = similarity(keypoints[None, labelled], others, [area], np.array(SIGMAS)[labelled])[0]
        if alike.max() >= FOUND_OKS:
            found += 1
            del free[int(alike.argmax())]
    return found


def on_crowds(data: Path) -> list[dict]:
    """Measure recall, false positives, and milliseconds by number of people."""
    rng = np.random.default_rng(5)
    pool = persons(data)
    casts = {n: [[pool[i] for i in rng.permutation(len(pool))[:n]] for _ in range(PICTURES)] for n in COUNTS}
    rows = []
    for method, preset in SETTINGS:
        estimator = Estimator(people="many", method=method, settings=preset)
        for n, cast in casts.items():
            pictures = [crowd(people) for people in cast]
            poses, times = timed(estimator, [image for image, _ in pictures])
            hits = [
                count_found(p, places, people)
                for p, (_, places), people in zip(poses, pictures, cast, strict=True)
            ]
            extra = sum(map(len, poses)) - sum(hits)
            total = n * PICTURES
            rows.append(
                {
                    "method": method,
                    "preset": preset,
                    "people": n,
                    "recall": sum(hits) / total,
                    "extra": extra / total,
                    "ms": median(times),
                }
            )
        print(rows[-1], flush=True)
    return rows


def list_table(rows: Sequence[dict]) -> str:
    """Return the table of the COCO list."""
    lines = ["| | AP | AP50 | AP75 | AP-M | AP-L | AR | ms |", "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        cells = [f"{r[name]:.3f}" for name in ("AP", "AP50", "AP75", "APM", "APL", "AR")]
        lines.append(f"| {r['method']}, {r['preset']} | {' | '.join(cells)} | {r['ms']:.0f} |")
    return "\n".join(lines)


def crowd_table(rows: Sequence[dict]) -> str:
    """Return recall and milliseconds of some numbers of people."""
    shown = [n for n in (1, 4, 8, 12, 16, 20) if n in COUNTS]
    lines = [f"| recall / ms, people: | {' | '.join(map(str, shown))} |", "|---" * (len(shown) + 1) + "|"]
    for method, preset in SETTINGS:
        mine = {r["people"]: r for r in rows if (r["method"], r["preset"]) == (method, preset)}
        cells = [f"{mine[n]['recall']:.2f} / {mine[n]['ms']:.0f}" for n in shown]
        lines.append(f"| {method}, {preset} | {' | '.join(cells)} |")
    return "\n".join(lines)


def lines_of(rows: Sequence[dict]) -> Iterator[tuple[str, str, list[dict]]]:
    """Yield method, preset and the rows of each setting."""
    for method, preset in SETTINGS:
        yield method, preset, [r for r in rows if (r["method"], r["preset"]) == (method, preset)]


def plot(figures: dict) -> None:
    """Draw AP against time, and recall and time against the number of people."""
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": "many",
        "text.color": "#222",
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        for r in figures["list"]:
            left.scatter([r["ms"]], [r["AP"]], color=COLOURS[r["method"]], zorder=3)
            left.annotate(r["preset"], (r["ms"], r["AP"]), xytext=(6, -3), textcoords="offset points")
        for method, preset, rows in lines_of(figures["crowds"]):
            people = [r["people"] for r in rows]
            style = {"color": COLOURS[method], "linestyle": LINES[preset], "label": f"{method}, {preset}"}
            middle.plot(people, [r["recall"] for r in rows], **style)
            right.plot(people, [r["ms"] for r in rows], **style)
        left.set(title="multi", xlabel="ms per picture", ylabel="AP")
        left.margins(x=0.3, y=0.15)
        middle.set(title="composed crowds", xlabel="people", ylabel="recall at OKS 0.5", ylim=(0, 1.02))
        right.set(title="composed crowds", xlabel="people", ylabel="ms per picture", ylim=(0, None))
        middle.legend(frameon=False, fontsize=8, loc="lower left")
        figure.savefig(PLOT, format="svg", metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument(
        "--only", nargs="+", choices=("list", "crowds", "plot"), default=["list", "crowds", "plot"]
    )
    arguments = parser.parse_args()
    data = arguments.shared / "data" / "coco-val-dev"
    figures = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    if "list" in arguments.only:
        figures["list"] = on_list(data)
        pages.put("many-people", "list", list_table(figures["list"]))
    if "crowds" in arguments.only:
        figures["crowds"] = on_crowds(data)
        pages.put("many-people", "crowds", crowd_table(figures["crowds"]))
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    if "plot" in arguments.only:
        plot(figures)


if __name__ == "__main__":
    main()
