"""Average precision and recall, by COCO's own protocol (cocodataset.org, keypoints-eval)."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from movenet.annotations import PERSON
from movenet.errors import MissingExtraError
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.truth import People, Truth
from movenet.pose import SIGMAS

NAMES: Final = {"AP": 0, "AP50": 1, "AP75": 2, "APM": 3, "APL": 4, "AR": 5, "ARM": 8, "ARL": 9}
"""Names of the metrics, and their indices in COCO's summary."""


def score(truth: Truth, estimates: Estimates) -> dict[str, float]:
    """Return AP, AP50, AP75, APM, APL, AR, ARM and ARL, 0…1; NaN where no person of that kind is annotated.

    The mean over thresholds of OKS from .50 to .95, 20 estimates a picture at most. M: people from 32² to 96²
    square pixels; L: larger people; smaller people count in neither.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    return _summarize(list(truth.files), truth.people, estimates, SIGMAS)


def average_precision(people: People, estimates: Estimates, sigmas: ArrayLike = SIGMAS) -> float:
    """Return COCO's AP of people with any number K of keypoints, whose OKS sigmas are `sigmas`, shape (K,).

    NaN if all people are ignored.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    images = np.union1d(people.image_ids, estimates.image_ids).tolist()
    return _summarize(images, people, estimates, sigmas)["AP"]


def _summarize(
    image_ids: list[int], people: People, estimates: Estimates, sigmas: ArrayLike
) -> dict[str, float]:
    if people.ignored.all():
        return dict.fromkeys(NAMES, math.nan)
    if not len(estimates):
        return dict.fromkeys(NAMES, 0.0)
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError:
        raise MissingExtraError("faster-coco-eval", "eval", "scoring") from None
    truth = COCO(
        {
            "images": [{"id": image_id} for image_id in image_ids],
            "annotations": _annotations(people),
            "categories": [{"id": PERSON}],
        }
    )
    sigmas = np.asarray(sigmas, np.float64)
    evaluator = COCOeval_faster(truth, truth.loadRes(_results(estimates)), "keypoints", kpt_oks_sigmas=sigmas)
    evaluator.run()
    stats = {name: float(evaluator.stats[i]) for name, i in NAMES.items()}
    return {name: math.nan if value < 0 else value for name, value in stats.items()}


def _annotations(people: People) -> list[dict[str, Any]]:
    """Return the people as COCO writes them. Ids start at 1: to the evaluation 0 means no match."""
    triples = np.concatenate([people.keypoints, 2.0 * people.labelled[..., None]], axis=-1)
    rows = zip(
        people.image_ids.tolist(),
        triples.reshape(len(people), -1).tolist(),
        np.where(people.ignored, 0, people.counts).tolist(),
        people.areas.tolist(),
        people.boxes.tolist(),
        people.crowds.astype(int).tolist(),
        strict=True,
    )
    names = ("image_id", "keypoints", "num_keypoints", "area", "bbox", "iscrowd")
    return [
        {"id": i, "category_id": PERSON, **dict(zip(names, row, strict=True))}
        for i, row in enumerate(rows, start=1)
    ]


def _results(estimates: Estimates) -> list[dict[str, Any]]:
    triples = np.concatenate([estimates.keypoints, estimates.scores[..., None]], axis=-1)
    rows = zip(
        estimates.image_ids.tolist(),
        triples.reshape(len(estimates), -1).tolist(),
        estimates.score.tolist(),
        estimates.boxes.tolist(),
        strict=True,
    )
    names = ("image_id", "keypoints", "score", "bbox")
    return [{"category_id": PERSON, **dict(zip(names, row, strict=True))} for row in rows]
