"""What each step of the estimator is worth, in AP and in milliseconds.

    python benchmarks/ablation.py --annotations single.json --images images [--models lightning thunder]

Every row is one change to the default rule, on the same decoded pictures, in one run. AP is COCO's, the whole picture
in, one person out. The milliseconds (picture in memory → pose) are medians and only comparable within one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from movenet import Estimator, LookRule, Runtime, read_photo
from movenet.estimator import default_rule
from movenet.evaluation import read_truth, score, to_estimates, to_results


def variants(model: str) -> Iterator[tuple[str, int, LookRule, str]]:
    """Yield (name, looks, rule, precision) of every row."""
    rule = default_rule(model, "one")
    yield "one look: the whole picture, padded", 1, rule, "auto"
    yield "two looks, not guided", 2, replace(rule, guide_share=0.0), "auto"
    yield "**default**", 2, rule, "auto"
    yield "default in f32", 2, rule, "f32"
    yield "guided, starts leaning .3", 2, replace(rule, guide_share=0.3), "auto"
    yield "guided, starts leaning .9", 2, replace(rule, guide_share=0.9), "auto"
    for factor in (1.0, 1.2, 1.3):
        yield f"square of {factor} ×", 2, replace(rule, factor=factor), "auto"
    for side in (192, 384):
        yield f"first look at {side} px", 2, replace(rule, first_sides_px=(side,)), "auto"
    yield "first looks at 256 and 384 px", 2, replace(rule, first_sides_px=(256, 384)), "auto"
    yield "with the mirrored square (flip)", 2, replace(rule, flip=True), "auto"


def main() -> None:
    """Measure every variant and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["lightning", "thunder"])
    arguments = parser.parse_args()
    truth = read_truth(arguments.annotations)
    photos = {image.id: read_photo(image.path) for image in truth.images(arguments.images)}
    for model in arguments.models:
        print(f"\n| {model} | AP | AP50 | AP75 | ms |\n|---|---|---|---|---|")
        for name, looks, rule, precision in variants(model):
            estimator = Estimator(
                model, looks=looks, min_score=0.0, rule=rule, runtime=Runtime(precision=precision)
            )
            results, times = [], []
            for number, photo in photos.items():
                start = time.perf_counter()
                poses = estimator(photo)
                times.append(1000 * (time.perf_counter() - start))
                results += to_results(number, poses)
            figures = score(truth, to_estimates(results, truth))
            row = " | ".join(f"{figures[key]:.3f}" for key in ("AP", "AP50", "AP75"))
            print(f"| {name} | {row} | {median(times):.1f} |", flush=True)


if __name__ == "__main__":
    main()
