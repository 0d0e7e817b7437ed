"""What int8 costs and saves: AP and milliseconds of fp32, bf16 (where the processor has it) and int8, in one run.

    python benchmarks/int8.py --annotations single.json --images images

The milliseconds of a picture are medians of the whole estimate at its defaults, picture in memory → pose; those of the
network are one square, or eight at once, per square. All take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from movenet import Estimator, Runtime, open_engine, read_photo
from movenet.annotations import to_results
from movenet.bench import Table
from movenet.evaluation import Truth, read_truth, score, to_estimates

T = TypeVar("T")
FLOATS = "bf16" if open_engine("lightning").precision == "bf16" else "fp32"
"""What int8 is compared with: the fastest floats of this processor."""
KINDS = {kind: ("", Runtime(precision=kind)) for kind in dict.fromkeys(("fp32", FLOATS))} | {
    "int8": ("-int8", Runtime())
}
MODELS = {"lightning": 192, "thunder": 256, "multipose": 256}
"""And the sides of the squares they are timed with."""


def timed(job: Callable[[], T], times: list[float]) -> T:
    """Run a job and note its milliseconds."""
    start = time.perf_counter()
    result = job()
    times.append(1000 * (time.perf_counter() - start))
    return result


def network(model: str, count: int, calls: int = 40) -> list[float]:
    """Return the median milliseconds per square of each kind, `count` squares at once."""
    squares = np.random.default_rng(0).integers(0, 256, (count, *[MODELS[model]] * 2, 3), dtype=np.uint8)
    engines = [open_engine(model + ending, runtime) for ending, runtime in KINDS.values()]
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(calls):
        for engine, of in zip(engines, times, strict=True):
            engine(squares)  # back in the caches
            timed(lambda engine=engine: engine(squares), of)
    return [median(of) / count for of in times]


def pictures(model: str, truth: Truth, photos: dict) -> list[tuple[float, float]]:
    """Return AP and the median milliseconds per picture of each kind."""
    estimators = [
        Estimator(model + ending, min_score=0.0, runtime=runtime) for ending, runtime in KINDS.values()
    ]
    found: list[list] = [[] for _ in estimators]
    times: list[list[float]] = [[] for _ in estimators]
    for number, photo in photos.items():
        for estimator, results, of in zip(estimators, found, times, strict=True):
            poses = timed(lambda estimator=estimator, photo=photo: estimator(photo), of)
            results += to_results(number, poses)
    aps = [score(truth, to_estimates(results, truth))["AP"] for results in found]
    return list(zip(aps, map(median, times), strict=True))


def table(annotations: Path, images: Path) -> str:
    """Measure and return the table."""
    truth = read_truth(annotations)
    photos = {image.id: read_photo(image.path) for image in truth.images(images)}
    rows = []
    for model in MODELS:
        whole = [] if model == "multipose" else pictures(model, truth, photos)
        rows += lines(model, whole, network(model, 1), network(model, 8))
    return Table(("", "AP", "ms per picture", "network, 1", "network, 8"), tuple(rows), 2).markdown()


def lines(
    model: str, whole: list[tuple[float, float]], one: Sequence[float], eight: Sequence[float]
) -> list[tuple[str, ...]]:
    """Return the lines of a model; against the fastest floats, how many times as fast int8 is."""
    found = [
        (f"{model}, {kind}", *cells(whole, i), f"{one[i]:.2f}", f"{eight[i]:.2f}")
        for i, kind in enumerate(KINDS)
    ]
    faster = [f"**{times[-2] / times[-1]:.2f}**" for times in (one, eight)]
    picture = f"**{whole[-2][1] / whole[-1][1]:.2f}**" if whole else ""
    return [*found, (f"times as fast as {FLOATS}", "", picture, *faster)]


def cells(whole: list[tuple[float, float]], i: int) -> tuple[str, str]:
    """Return AP and milliseconds of a kind, empty for a model that was not asked."""
    return (f"{whole[i][0]:.4f}", f"{whole[i][1]:.1f}") if whole else ("", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    print(table(arguments.annotations, arguments.images))


if __name__ == "__main__":
    main()
