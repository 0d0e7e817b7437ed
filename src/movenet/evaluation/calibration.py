"""Calibration of keypoint scores: how well a score predicts the probability that the keypoint is correct.

A keypoint is correct if COCO's similarity ks with its true place is at least 0.5. Calibration is measured in two ways:
over all keypoints of estimates that are paired with a person, where an unlabelled keypoint (most are outside the
picture) is incorrect, as for a user who draws keypoints above a threshold; and over the labelled keypoints alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.calibration import LOGIT_MARGIN, CalibrationCurve, logistic, logit
from movenet.evaluation.errors import MATCH_KS
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.matching import Pairs, keypoint_similarity
from movenet.evaluation.truth import People

BINS: Final = 10
"""Number of bins of equal width, from 0 to 1."""
PRIOR: Final = 1e-2
"""Weight of the prior (slope 1, intercept 0), in number of keypoints."""


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Reliability diagram: scores against the share of correct keypoints, in `BINS` bins of equal width."""

    counts: NDArray[np.int64]
    """Shape (BINS,): number of keypoints."""
    scores: NDArray[np.float64]
    """Shape (BINS,): mean score; NaN in an empty bin."""
    correct: NDArray[np.float64]
    """Shape (BINS,): share of correct keypoints; NaN in an empty bin."""

    @property
    def ece(self) -> float:
        """Expected calibration error: mean distance of score and share, weighted by counts; NaN without any."""
        if not self.counts.sum():
            return math.nan
        gaps = np.nan_to_num(np.abs(self.scores - self.correct))
        return float(np.average(gaps, weights=self.counts))


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Reliability of scores, as they are and mapped by a curve fitted on one half of the pictures."""

    before: Reliability
    """Scores of all pictures, as they are."""
    curve: CalibrationCurve
    """CalibrationCurve fitted on the first half of the pictures."""
    held_out: Reliability
    """Scores of the second half, as they are."""
    after: Reliability
    """Scores of the second half, mapped by the curve."""


def reliability(scores: NDArray[np.float64], correct: NDArray[np.bool_]) -> Reliability:
    """Return the reliability of N keypoints, with scores 0…1; both arrays have shape (N,)."""
    bins = np.clip((scores * BINS).astype(int), 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    undefined = np.full(BINS, np.nan)
    sums = [np.bincount(bins, weights=values, minlength=BINS) for values in (scores, correct)]
    means = [np.divide(s, counts, out=undefined.copy(), where=counts > 0) for s in sums]
    return Reliability(counts, *means)


def fit(scores: NDArray[np.float64], correct: NDArray[np.bool_]) -> CalibrationCurve:
    """Return the logistic regression of `correct` on N scores, 0…1, by Newton's method; both have shape (N,).

    The prior makes it defined for any input; without input it is the identity.
    """
    inputs = np.stack([logit(scores), np.ones(len(scores))], axis=1)
    start = np.array([1.0, 0.0])
    weights = start
    for _ in range(100):
        probability = logistic(inputs @ weights)
        gradient = inputs.T @ (correct - probability) - PRIOR * (weights - start)
        hessian = (inputs * (probability * (1 - probability))[:, None]).T @ inputs + PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return CalibrationCurve(max(float(weights[0]), LOGIT_MARGIN), float(weights[1]))


def calibrate(people: People, estimates: Estimates, pairs: Pairs) -> tuple[Calibration, Calibration] | None:
    """Return the calibration over all keypoints, and over the labelled ones, of estimates paired with a person.

    The first half is every second picture, in the order of ids. A keypoint that no person has labelled is left out.
    None if a score is outside 0…1.
    """
    scores = estimates.scores[pairs.estimates]
    if not ((scores >= 0) & (scores <= 1)).all():
        return None
    labelled = people.labelled[pairs.people]
    ks = keypoint_similarity(
        estimates.keypoints[pairs.estimates], people.keypoints[pairs.people], people.areas[pairs.people]
    )
    correct = labelled & (ks >= MATCH_KS)
    first = np.broadcast_to(first_half(people.image_ids[pairs.people])[:, None], labelled.shape)
    every = np.broadcast_to(labelled.any(axis=0), labelled.shape)
    return (
        _calibrate(scores[every], correct[every], first[every]),
        _calibrate(scores[labelled], correct[labelled], first[labelled]),
    )


def first_half(image_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of N image ids belong to the first half: every second picture, in the order of ids."""
    _, rank = np.unique(image_ids, return_inverse=True)
    return np.asarray(rank % 2 == 0, bool)


def _calibrate(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], first: NDArray[np.bool_]
) -> Calibration:
    curve = fit(scores[first], correct[first])
    rest, truth = scores[~first], correct[~first]
    return Calibration(
        reliability(scores, correct), curve, reliability(rest, truth), reliability(curve(rest), truth)
    )
