"""What is to be judged: estimated poses in COCO's result format, as lists on disk and as arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import written_whole
from movenet.errors import DataError
from movenet.evaluation.truth import PERSON, Truth
from movenet.pose import KEYPOINTS, Pose
from movenet.records import COCO_SHIFT_PX

PX_DIGITS: Final = 3
"""Results are rounded to a thousandth of a pixel before they are scored, so that a saved file scores the same."""
SCORE_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """P estimated people, in COCO's pixels and in the order of their list."""

    image_ids: NDArray[np.int64]
    """Shape (P,)."""
    keypoints: NDArray[np.float64]
    """Shape (P, K, 2): x, y."""
    scores: NDArray[np.float64]
    """Shape (P, K): of each keypoint; whatever the program that made them writes there."""
    score: NDArray[np.float64]
    """Shape (P,): of the person."""
    boxes: NDArray[np.float64]
    """Shape (P, 4): x, y, width, height, of which COCO takes the size of a person who was never there."""

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, which: NDArray[Any]) -> Estimates:
        """Return some of the people, by a mask of shape (P,) or by their indices."""
        return Estimates(*(getattr(self, field.name)[which] for field in fields(self)))


def to_results(image_id: int, poses: Iterable[Pose]) -> Iterator[dict[str, Any]]:
    """Turn the poses of a picture into COCO keypoint results, in COCO's pixels; what is not finite is 0, 0, 0."""
    for pose in poses:
        triples = np.column_stack([pose.keypoints + COCO_SHIFT_PX, pose.scores]).astype(np.float64)
        triples[~np.isfinite(triples).all(axis=1)] = 0
        triples[:, :2] = np.round(triples[:, :2], PX_DIGITS)
        triples[:, 2] = np.round(triples[:, 2], SCORE_DIGITS)
        yield {
            "image_id": image_id,
            "category_id": PERSON,
            "keypoints": triples.ravel().tolist(),
            "score": round(float(np.nan_to_num(pose.score)), SCORE_DIGITS),
        }


def write_results(path: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Write COCO keypoint results, one a line, as a JSON list that appears when it is whole.

    Raises:
        MediaError: if the folder is missing or the system refuses.
    """
    with written_whole(path) as temporary:
        lines = ",\n".join(json.dumps(result) for result in results)
        temporary.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read COCO keypoint results, whatever program wrote them.

    Raises:
        DataError: if the file is missing or not a JSON list.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read the results {path}: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"expected a JSON list of COCO results in {path}, got no JSON: {error}") from None
    if not isinstance(results, list):
        raise DataError(f"expected a JSON list of COCO results in {path}, got a {type(results).__name__}")
    return results


def to_estimates(results: Sequence[Mapping[str, Any]], truth: Truth) -> Estimates:
    """Turn COCO keypoint results of people into arrays; results of other categories are left out.

    Raises:
        DataError: if one is malformed, not finite, or of a picture that the annotations do not name.
    """
    try:
        people = [result for result in results if result.get("category_id", PERSON) == PERSON]
        triples = np.array([r["keypoints"] for r in people], np.float64).reshape(-1, len(KEYPOINTS), 3)
        score = np.array([r["score"] for r in people], np.float64).reshape(-1)
        image_ids = np.array([int(r["image_id"]) for r in people], np.int64)
        boxes = _boxes(people, triples[..., :2])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"expected every result to have image_id, keypoints (17 × x, y, score) and score, "
            f"got something else ({error!r})"
        ) from None
    if not (np.isfinite(triples).all() and np.isfinite(score).all()):
        raise DataError("expected results with finite numbers, got NaN or infinity")
    if strangers := set(image_ids.tolist()) - set(truth.files):
        raise DataError(f"a result names picture {min(strangers)}, which {truth.name} does not")
    return Estimates(image_ids, triples[..., :2], triples[..., 2], score, boxes)


def _boxes(results: Sequence[Mapping[str, Any]], keypoints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the results' own boxes, else the extents of their keypoints (P, K, 2), as pycocotools does."""
    low, high = keypoints.min(axis=1), keypoints.max(axis=1)
    extents = np.concatenate([low, high - low], axis=1)
    boxes = [r.get("bbox") or extent for r, extent in zip(results, extents, strict=True)]
    return np.array(boxes, np.float64).reshape(-1, 4)
