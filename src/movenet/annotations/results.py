"""Estimated poses in COCO's result format (cocodataset.org, results format, keypoint detection)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from movenet.annotations.coco import PERSON, PX_DIGITS, to_coco_px
from movenet.annotations.values import read_json
from movenet.atomic import atomic_write
from movenet.errors import DataError
from movenet.pose import Pose

SCORE_DIGITS: Final = 6
"""Decimals of scores. Results are rounded before evaluation, so that a saved file gives exactly the same AP."""


def to_results(image_id: int, poses: Iterable[Pose]) -> Iterator[dict[str, Any]]:
    """Yield the poses of an image as COCO keypoint results, in COCO's pixels.

    A keypoint that is not finite becomes 0, 0, 0. The id of a pose becomes track_id, as in PoseTrack.
    """
    for pose in poses:
        triples = np.column_stack([to_coco_px(pose.keypoints), pose.scores]).astype(np.float64)
        triples[~np.isfinite(triples).all(axis=1)] = 0
        triples[:, :2] = np.round(triples[:, :2], PX_DIGITS)
        triples[:, 2] = np.round(triples[:, 2], SCORE_DIGITS)
        result = {
            "image_id": image_id,
            "category_id": PERSON,
            "keypoints": triples.ravel().tolist(),
            "score": round(float(np.nan_to_num(pose.score)), SCORE_DIGITS),
        }
        yield result if pose.id is None else result | {"track_id": int(pose.id)}


def write_results(path: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Write COCO keypoint results as a JSON list, one result per line, atomically.

    Raises:
        FileError: The file cannot be written.
    """
    with atomic_write(path) as temporary:
        lines = ",\n".join(json.dumps(result) for result in results)
        temporary.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read COCO keypoint results of any program.

    Raises:
        DataError: The file is missing or not a JSON list of objects.
    """
    results = read_json(path, "a JSON list of COCO results")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise DataError(f"expected a JSON list of COCO results, objects each, in {path}, got something else")
    return results
