"""What each step of the estimator is worth, in AP and in milliseconds.

    python benchmarks/ablation.py --annotations single.json --images images [--models lightning thunder]

Every row is one change to the default rule, on the same decoded pictures, in one run. AP is COCO's, the whole picture
in, one person out. The milliseconds (picture in memory → pose) are medians and only comparable within one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from movenet import Estimator, Pose, Runtime, read_photo
from movenet.annotations import to_results
from movenet.estimator import SecondCrop, default_settings
from movenet.evaluation import read_truth, score, to_estimates
from movenet.models import MODELS

Answers = Callable[[NDArray[np.uint8]], list[Pose]]


def variants(model: str) -> Iterator[tuple[str, Answers]]:
    """Yield name and estimator of every row."""

    def look_twice(**changes: object) -> Estimator:
        return Estimator(model, min_score=0.0, settings=replace(default_settings(model, "one"), **changes))

    yield "whole picture, padded", Estimator(model, method="whole", min_score=0.0)
    yield "top-down, not guided", look_twice(guide_weight=0.0)
    yield "**default**", look_twice()
    yield "default in fp32", Estimator(model, min_score=0.0, runtime=Runtime(precision="fp32"))
    yield "guide weight 0.3", look_twice(guide_weight=0.3)
    yield "guide weight 0.9", look_twice(guide_weight=0.9)
    for factor in (1.0, 1.2, 1.3):
        yield f"crop of {factor} ×", look_twice(crop_factor=factor)
    for side in (192, 384):
        yield f"detector at {side} px", look_twice(detector_sides_px=(side,))
    yield "detector at 256 and 384 px", look_twice(detector_sides_px=(256, 384))
    yield "not blended with the detection", look_twice(blend=None)
    yield "distance + 1.8 cells for all keypoints, as Google's", look_twice(distance_offset_cells=1.8)
    yield "second crop of 1.0 ×", look_twice(second_crop=SecondCrop(1.0, MODELS[model].side))
    yield "second crop resized to 256 px", look_twice(second_crop=SecondCrop(1.1, 256))
    yield "second crop resized to 288 px", look_twice(second_crop=SecondCrop(1.1, 288))
    yield "with the mirrored crop (flip)", look_twice(flip=True)


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
        for name, estimator in variants(model):
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
