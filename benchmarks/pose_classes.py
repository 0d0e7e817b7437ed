"""Folders of photos by class, for `movenet classes`, sorted by a rule on annotated keypoints.

    python benchmarks/pose_classes.py ANNOTATIONS.json IMAGES FOLDER [--limit 150]
    movenet classes train TRAIN_FOLDER -o classes.npz
    movenet classes test classes.npz TEST_FOLDER

Classes: "lying" (trunk more than 60 degrees from upright), "arms up" (both wrists more than 0.4 torso lengths above
their shoulders), "crouching" (hips less than 1 torso length above the ankles), "upright" (hips more than 1.4 torso
lengths above the ankles, both wrists below the shoulders). Photos that fit none are left out. The folders hold links.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from movenet.analysis import Track, signal_of
from movenet.annotations import read_coco
from movenet.pose import KEYPOINTS


def class_of(keypoints: np.ndarray) -> str | None:
    """Return the class of annotated keypoints (17, 2), NaN where not annotated; None if they fit none."""
    known = np.isfinite(keypoints[:, 0]).astype(float)
    track = Track(None, np.zeros(1), keypoints[None], known[None])
    lean, hips, hands = (signal_of(track, name)[0] for name in ("trunk_lean", "hip_height", "hand_height"))
    if not np.isfinite([*lean, *hips, *hands]).all():
        return None
    if lean[0] > 60:
        return "lying"
    if (hands > 0.4).all():
        return "arms up"
    if hips.max() < 1.0:
        return "crouching"
    return "upright" if hips.min() > 1.4 and (hands < 0).all() else None


def main() -> None:
    """Sort and link."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=150, help="Photos of a class.")
    parser.add_argument("--prefix", default="", help="Only photos whose names start like this.")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for image in read_coco(options.annotations, options.images, KEYPOINTS).strict().images:
        if not image.path.name.startswith(options.prefix):
            continue
        (person, *_) = image.people
        name = class_of(np.where(person.labelled[:, None], person.keypoints, np.nan))
        if name is None or counts[name] >= options.limit:
            continue
        counts[name] += 1
        (options.folder / name).mkdir(parents=True, exist_ok=True)
        (options.folder / name / image.path.name).symlink_to(image.path.resolve())
    print(dict(counts))


if __name__ == "__main__":
    main()
