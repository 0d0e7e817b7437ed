"""Average precision and recall, by COCO's own protocol (cocodataset.org, keypoints-eval)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.annotations import PERSON
from movenet.errors import MissingExtraError
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.truth import People, Truth
from movenet.pose import SIGMAS

NAMES: Final = {"AP": 0, "AP50": 1, "AP75": 2, "APM": 3, "APL": 4, "AR": 5, "ARM": 8, "ARL": 9}
"""Names of the metrics, and their indices in COCO's summary."""
THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)
"""Thresholds of OKS that AP is averaged over."""
RECALLS: Final = np.linspace(0, 1, 101)
"""Recalls at which AP reads the precision."""
MAX_ESTIMATES: Final = 20
"""Most estimates of a picture that count, those of the highest score."""
WRONG, CORRECT, IGNORED = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Which of D estimates are correct at each of the `THRESHOLDS`, by falling score."""

    images: NDArray[np.intp]
    """Shape (D,): number of the picture, in the order of `Truth.files`."""
    correct: NDArray[np.bool_]
    """Shape (10, D): matched with a person who counts."""
    wrong: NDArray[np.bool_]
    """Shape (10, D): matched with nobody. An estimate matched with a person who is ignored is neither."""
    people: NDArray[np.int64]
    """Number of people who count, of each picture."""


def score(truth: Truth, estimates: Estimates) -> dict[str, float]:
    """Return AP, AP50, AP75, APM, APL, AR, ARM and ARL, 0…1; NaN where no person of that kind is annotated.

    The mean over thresholds of OKS from 0.50 to 0.95, 20 estimates a picture at most. M: people from 32² to 96²
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
    evaluator = _evaluator(image_ids, people, estimates, sigmas)
    evaluator.run()
    stats = {name: float(evaluator.stats[i]) for name, i in NAMES.items()}
    return {name: math.nan if value < 0 else value for name, value in stats.items()}


def match_estimates(truth: Truth, estimates: Estimates) -> Matches:
    """Match estimates to people by COCO's rules, at each threshold of OKS.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    ids, people = np.array(list(truth.files)), truth.people
    counts = np.array([(~people.ignored[people.image_ids == i]).sum() for i in ids])
    images, scores, found = [], [], []
    if len(estimates):
        evaluator = _evaluator(ids.tolist(), people, estimates, SIGMAS)
        evaluator.evaluate()
        for n, i in enumerate(ids.tolist()):
            own = people.image_ids == i
            order = np.argsort(-estimates.score[estimates.image_ids == i], kind="stable")[:MAX_ESTIMATES]
            oks = np.array(evaluator.ious[i, PERSON]).reshape(len(order), own.sum())
            images.append(np.full(len(order), n))
            scores.append(estimates.score[estimates.image_ids == i][order])
            found.append(_match(oks, people.ignored[own], people.crowds[own]))
    outcome = np.concatenate(found, axis=1) if found else np.zeros((len(THRESHOLDS), 0), np.int8)
    order = np.argsort(-np.concatenate(scores), kind="stable") if scores else np.zeros(0, int)
    image = np.concatenate(images)[order] if images else order
    outcome = outcome[:, order]
    return Matches(image, outcome == CORRECT, outcome == WRONG, counts)


def _match(
    oks: NDArray[np.float64], ignored: NDArray[np.bool_], crowds: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Return what became of D estimates by falling score, (thresholds, D), from their OKS (D, G) with people.

    Each takes the free person of the highest OKS; one who is ignored only if there is no other. A crowd is always free.
    """
    outcome = np.full((len(THRESHOLDS), len(oks)), WRONG, np.int8)
    for row, threshold in zip(outcome, THRESHOLDS, strict=True):
        free = np.ones(len(ignored), bool)
        for d, similar in enumerate(oks):
            near = free & (similar >= threshold)
            candidates = near & ~ignored if (near & ~ignored).any() else near
            if candidates.any():
                # of equals the last, as COCO's code takes it
                g = len(oks[d]) - 1 - int(np.where(candidates, similar, -1)[::-1].argmax())
                free[g] = crowds[g]
                row[d] = IGNORED if ignored[g] else CORRECT
    return outcome


def _evaluator(image_ids: list[int], people: People, estimates: Estimates, sigmas: ArrayLike) -> Any:
    """Return COCO's evaluator of keypoints, not yet run."""
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
    return COCOeval_faster(truth, truth.loadRes(_results(estimates)), "keypoints", kpt_oks_sigmas=sigmas)


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
