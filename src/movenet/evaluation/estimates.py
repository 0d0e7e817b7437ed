"""Estimated poses in COCO's result format, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import PERSON
from movenet.annotations.values import MAX_VALUE, to_integer
from movenet.errors import DataError
from movenet.evaluation.truth import Truth
from movenet.pose import KEYPOINTS


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """P estimated people, in COCO's pixels and in the order of their list."""

    image_ids: NDArray[np.int64]
    """Shape (P,)."""
    keypoints: NDArray[np.float64]
    """Shape (P, K, 2): x, y."""
    scores: NDArray[np.float64]
    """Shape (P, K): scores of the keypoints; their range depends on the program that wrote them."""
    score: NDArray[np.float64]
    """Shape (P,): score of the person."""
    boxes: NDArray[np.float64]
    """Shape (P, 4): x, y, width, height; COCO takes the size of a false positive from it."""

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, which: NDArray[Any]) -> Estimates:
        """Return some of the people, by a mask of shape (P,) or by their indices."""
        return Estimates(*(getattr(self, field.name)[which] for field in fields(self)))


def to_estimates(results: Sequence[Mapping[str, Any]], truth: Truth) -> Estimates:
    """Turn COCO keypoint results of people into arrays; results of other categories are left out.

    Raises:
        DataError: if one is malformed, not finite, or of a picture that the annotations do not name, or if there are
            results but none of people.
    """
    categories = truth.categories | {PERSON}
    try:
        people = [r for r in results if to_integer(r.get("category_id", PERSON), "category_id") in categories]
        triples = np.array([r["keypoints"] for r in people], np.float64).reshape(-1, len(KEYPOINTS), 3)
        score = np.array([r["score"] for r in people], np.float64).reshape(-1)
        image_ids = np.array([to_integer(r["image_id"], "image_id") for r in people], np.int64)
        boxes = _boxes(people, triples[..., :2])
        if len(score) != len(people):
            raise ValueError("a score that is a list")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"expected every result to have image_id, keypoints (17 × x, y, score) and score, "
            f"got something else ({error!r})"
        ) from None
    if not all((np.abs(values) <= MAX_VALUE).all() for values in (triples, score, boxes)):
        raise DataError("expected results with finite numbers, got NaN, infinity or beyond ±1e9")
    if results and not people:
        raise DataError(
            f"expected results of category {min(categories)} (people), got {len(results)} of others"
        )
    if unknown := set(image_ids.tolist()) - set(truth.files):
        raise DataError(f"a result names picture {min(unknown)}, which {truth.name} does not")
    return Estimates(image_ids, triples[..., :2], triples[..., 2], score, boxes)


def _boxes(results: Sequence[Mapping[str, Any]], keypoints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the results' own boxes, else the extents of their keypoints (P, K, 2), as pycocotools does."""
    low, high = keypoints.min(axis=1), keypoints.max(axis=1)
    extents = np.concatenate([low, high - low], axis=1)
    boxes = [r.get("bbox") or extent for r, extent in zip(results, extents, strict=True)]
    return np.array(boxes, np.float64).reshape(-1, 4)
