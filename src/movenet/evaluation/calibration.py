"""Do keypoint scores mean what they seem to mean: the chance that the keypoint is right?

A keypoint is right when it is within the distance at which COCO's similarity of that keypoint is .5. Two questions
are asked. Of *every* keypoint that the model gives for a person: is it there and right? One that nobody could label
counts as wrong, for most of these are out of the picture. This is what a user who draws keypoints above a threshold
wants to know. Of the *labelled* ones alone: is it right?
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.calibration import LOGIT_MARGIN, CalibrationCurve, logistic, logit
from movenet.evaluation.errors import NEAR
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.matching import Pairs, keypoint_similarity
from movenet.evaluation.truth import People

BINS: Final = 10
"""Of equal width, from 0 to 1."""
PRIOR: Final = 1e-2
"""How many keypoints' worth of belief there is, before any is seen, that scores are right as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Scores against the share that is right, in `BINS` bins of equal width."""

    counts: NDArray[np.int64]
    """Shape (BINS,)."""
    scores: NDArray[np.float64]
    """Shape (BINS,): mean score; NaN in an empty bin."""
    right: NDArray[np.float64]
    """Shape (BINS,): share that is right; NaN in an empty bin."""

    @property
    def ece(self) -> float:
        """Expected calibration error: mean distance of score and share, weighted by counts; NaN without any."""
        if not self.counts.sum():
            return math.nan
        gaps = np.nan_to_num(np.abs(self.scores - self.right))
        return float(np.average(gaps, weights=self.counts))


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How reliable scores are, and would be after a map fitted on one half of the pictures."""

    before: Reliability
    """All pictures."""
    curve: CalibrationCurve
    """Fitted on the first half."""
    held_out: Reliability
    """The second half, as it is."""
    after: Reliability
    """The second half, mapped."""


def reliability(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> Reliability:
    """Sort N keypoints into bins by their scores, 0…1; both arrays have shape (N,)."""
    bins = np.clip((scores * BINS).astype(int), 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    nothing = np.full(BINS, np.nan)
    sums = [np.bincount(bins, weights=values, minlength=BINS) for values in (scores, right)]
    means = [np.divide(s, counts, out=nothing.copy(), where=counts > 0) for s in sums]
    return Reliability(counts, *means)


def fit(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> CalibrationCurve:
    """Return the curve under which N scores, 0…1, best explain what is right: logistic regression, by Newton.

    With `PRIOR` it is defined for any input, all right or all wrong included; without input it changes nothing.
    """
    inputs = np.stack([logit(scores), np.ones(len(scores))], axis=1)
    start = np.array([1.0, 0.0])
    weights = start
    for _ in range(100):
        chance = logistic(inputs @ weights)
        slope = inputs.T @ (right - chance) - PRIOR * (weights - start)
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + PRIOR * np.eye(2)
        step = np.linalg.solve(bend, slope)
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return CalibrationCurve(max(float(weights[0]), LOGIT_MARGIN), float(weights[1]))


def calibrate(people: People, estimates: Estimates, pairs: Pairs) -> tuple[Calibration, Calibration] | None:
    """Return the calibration of every keypoint, and of the labelled ones alone, of estimates that have a person.

    The halves are every second picture in the order of their ids. A keypoint that the list labels for nobody is
    left out. None if scores leave 0…1: they are no probabilities then.
    """
    scores = estimates.scores[pairs.estimates]
    if not ((scores >= 0) & (scores <= 1)).all():
        return None
    labelled = people.labelled[pairs.people]
    alike = keypoint_similarity(
        estimates.keypoints[pairs.estimates], people.keypoints[pairs.people], people.areas[pairs.people]
    )
    right = labelled & (alike >= NEAR)
    first = np.broadcast_to(first_half(people.image_ids[pairs.people])[:, None], labelled.shape)
    every = np.broadcast_to(labelled.any(axis=0), labelled.shape)
    return (
        _calibrate(scores[every], right[every], first[every]),
        _calibrate(scores[labelled], right[labelled], first[labelled]),
    )


def first_half(image_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of N image ids belong to the first half: every second picture, in the order of ids."""
    _, rank = np.unique(image_ids, return_inverse=True)
    return np.asarray(rank % 2 == 0, bool)


def _calibrate(
    scores: NDArray[np.float64], right: NDArray[np.bool_], first: NDArray[np.bool_]
) -> Calibration:
    curve = fit(scores[first], right[first])
    rest, truth = scores[~first], right[~first]
    return Calibration(
        reliability(scores, right), curve, reliability(rest, truth), reliability(curve(rest), truth)
    )
