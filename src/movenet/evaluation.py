"""Average precision on COCO keypoint data, by COCO's own protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from movenet.errors import DataError, missing_extra
from movenet.pose import Pose
from movenet.records import COCO_SHIFT_PX

PERSON: Final = 1
"""COCO's category of people."""

NAMES: Final = {"AP": 0, "AP50": 1, "AP75": 2, "APM": 3, "APL": 4, "AR": 5}
"""Our names of the figures, and where COCO's summary holds them."""


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One picture of an annotation file."""

    id: int
    path: Path


def read_annotations(annotations: Path) -> dict[str, Any]:
    """Read a COCO keypoint annotation file.

    Raises:
        DataError: if it is missing or not one.
    """
    try:
        data = json.loads(annotations.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read the annotations {annotations}: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{annotations} is not JSON: {error}") from None
    if not isinstance(data, dict) or not all(
        isinstance(data.get(k), list) for k in ("images", "annotations")
    ):
        raise DataError(f"expected COCO keypoint annotations with images and annotations in {annotations}")
    return data


def list_images(annotations: Path, folder: Path) -> list[CocoImage]:
    """Return the pictures that an annotation file names, in its order.

    Raises:
        DataError: if the file is wrong or a picture is missing from the folder.
    """
    try:
        images = [
            CocoImage(i["id"], folder / i["file_name"]) for i in read_annotations(annotations)["images"]
        ]
    except (KeyError, TypeError):
        raise DataError(f"expected every image of {annotations} to have an id and a file_name") from None
    missing = [image.path for image in images if not image.path.is_file()]
    if missing or not images:
        what = (
            f"{len(missing)} of {len(images)} pictures are missing, such as {missing[0]}"
            if missing
            else "no picture"
        )
        raise DataError(f"{annotations}: {what}")
    return images


def to_results(image_id: int, poses: Iterable[Pose]) -> Iterator[dict[str, Any]]:
    """Turn the poses of a picture into COCO keypoint results, in COCO's pixels."""
    for pose in poses:
        triples = np.column_stack([pose.keypoints + COCO_SHIFT_PX, pose.scores])
        yield {
            "image_id": image_id,
            "category_id": PERSON,
            "keypoints": triples.astype(float).ravel().tolist(),
            "score": float(pose.score),
        }


def score(annotations: Path, results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return AP, AP50, AP75, APM, APL and AR of results in COCO's format against an annotation file.

    The mean over thresholds of OKS from .50 to .95, 20 poses a picture at most (cocodataset.org, keypoints-eval).

    Raises:
        DataError: if the annotations are wrong or a result names a picture that is not among them.
    """
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError:
        raise DataError(missing_extra("faster-coco-eval", "eval", "scoring")) from None
    data = read_annotations(annotations)
    if strangers := {r["image_id"] for r in results} - {i["id"] for i in data["images"]}:
        raise DataError(f"a result names picture {min(strangers)}, which {annotations} does not")
    if not results:
        return dict.fromkeys(NAMES, 0.0)
    truth = COCO(data)
    judge = COCOeval_faster(truth, truth.loadRes([dict(r) for r in results]), "keypoints")
    judge.run()
    return {name: float(judge.stats[i]) for name, i in NAMES.items()}


def count_people(annotations: Path) -> int:
    """Return how many people with labelled keypoints an annotation file holds, crowd regions left out."""
    people = read_annotations(annotations)["annotations"]
    return sum(1 for person in people if person.get("num_keypoints", 0) and not person.get("iscrowd"))
