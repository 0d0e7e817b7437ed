"""Error of joint angles against annotated keypoints, by joint and by reliability.

    python benchmarks/angle_errors.py ANNOTATIONS.json IMAGES [--models lightning thunder]

Protocol: every annotated person with keypoints, estimated in the crop of their annotated box; an angle counts if its
keypoints are annotated. The error of a joint is the absolute difference of the included angles in degrees; that of a
segment is taken around the circle. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from movenet.analysis import ANGLE_NAMES, JOINT_ANGLES, angle_arrays
from movenet.annotations import read_coco
from movenet.calibration import probabilities
from movenet.estimator import Estimator
from movenet.media import read_photo
from movenet.pose import KEYPOINTS

BANDS = ((0.8, 1.01), (0.5, 0.8), (0.0, 0.5))
"""Of reliability."""


def measure(annotations: Path, images: Path, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return errors in degrees, NaN where not annotated, and reliabilities, both (people, angles)."""
    estimator = Estimator(model, people="many")
    errors, reliabilities = [], []
    for image in read_coco(annotations, images, KEYPOINTS).strict().images:
        people = [person for person in image.people if person.labelled.any() and not person.crowd]
        if not people:
            continue
        poses = estimator(read_photo(image.path), boxes=[person.box for person in people])
        for person, pose in zip(people, poses, strict=True):
            truth, _ = angle_arrays(
                np.where(person.labelled[:, None], person.keypoints, np.nan), np.ones(len(KEYPOINTS))
            )
            guess, reliability = angle_arrays(pose.keypoints, probabilities(pose.scores, model))
            errors.append(np.abs((guess - truth + 180) % 360 - 180))
            reliabilities.append(reliability)
    return np.array(errors), np.array(reliabilities)


def main() -> None:
    """Measure each model and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--models", nargs="+", default=["lightning", "thunder"])
    options = parser.parse_args()
    for model in options.models:
        errors, reliability = measure(options.annotations, options.images, model)
        joints = errors[:, : len(JOINT_ANGLES)]
        print(f"\n{model}, {options.annotations.name}, {len(errors)} people\n")
        print("| reliability | share | mean ° | median ° | p90 ° |\n|---|---|---|---|---|")
        annotated = np.isfinite(joints)
        for low, high in BANDS:
            certain = reliability[:, : len(JOINT_ANGLES)]
            band = annotated & (certain >= low) & (certain < high)
            print(f"| {low} to {min(high, 1.0)} | {row(joints[band], annotated.sum())} |")
        print("\n| angle, reliability ≥ 0.5 | share | mean ° | median ° | p90 ° |\n|---|---|---|---|---|")
        pooled = dict.fromkeys(name.removeprefix("left_").removeprefix("right_") for name in ANGLE_NAMES)
        for name in pooled:
            columns = [at for at, one in enumerate(ANGLE_NAMES) if one.endswith(name)]
            columns = columns if name not in ANGLE_NAMES else [ANGLE_NAMES.index(name)]
            part, certain = errors[:, columns], reliability[:, columns]
            known = np.isfinite(part)
            kind = "" if f"left_{name}" in JOINT_ANGLES else " (segment)"
            print(f"| {name}{kind} | {row(part[known & (certain >= 0.5)], known.sum())} |")


def row(errors: np.ndarray, total: int) -> str:
    """Return share, mean, median and 90th percentile as cells."""
    if not len(errors):
        return "0 % | – | – | –"
    high = np.percentile(errors, 90)
    return f"{len(errors) / total:.0%} | {errors.mean():.1f} | {np.median(errors):.1f} | {high:.1f}"


if __name__ == "__main__":
    main()
