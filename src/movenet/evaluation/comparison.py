"""Compares two lists of results on the same pictures: the difference of AP and its bootstrap interval.

The pictures are drawn again and again with replacement, the same for both lists, and the difference of AP is taken in
each draw (paired bootstrap; Efron and Tibshirani, 1993). Where the interval excludes 0, the difference is larger than
the choice of pictures explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.evaluation.assessment import rounded
from movenet.evaluation.coco_ap import RECALLS, Matches, match_estimates
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.truth import Truth

DRAWS: Final = 2000
"""Number of draws of the bootstrap."""
CONFIDENCE: Final = 0.95
"""Share of the draws inside the interval."""
SEED: Final = 1
"""Seed of the draws, so that the same files give the same interval."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The AP of two lists of results, and the interval of their difference."""

    first: float
    """AP of the first list."""
    second: float
    """AP of the second list."""
    low: float
    """Lower end of the interval of second − first."""
    high: float
    """Upper end of that interval."""
    images: int
    """Number of pictures that are drawn from."""

    @property
    def difference(self) -> float:
        """AP of the second list − AP of the first."""
        return self.second - self.first

    def to_plain(self) -> dict[str, Any]:
        """Return the figures for JSON, rounded; undefined ones are null."""
        figures = {"first": self.first, "second": self.second, "difference": self.difference}
        interval = {"low": self.low, "high": self.high, "confidence": CONFIDENCE}
        return rounded({**figures, **interval, "draws": DRAWS, "images": self.images})


def compare(truth: Truth, first: Estimates, second: Estimates) -> Comparison:
    """Compare the AP of two lists of results; NaN if no person counts.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    count = len(truth.files)
    both = [match_estimates(truth, estimates) for estimates in (first, second)]
    whole = [weighted_ap(matches, np.ones(count)) for matches in both]
    rng = np.random.default_rng(SEED)
    draws = [np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(DRAWS)]
    aps = np.array([[weighted_ap(matches, weights) for matches in both] for weights in draws])
    tail = 100 * (1 - CONFIDENCE) / 2
    drawn = aps[np.isfinite(aps).all(axis=1)]  # a draw may hold nobody who counts
    low, high = np.percentile(drawn[:, 1] - drawn[:, 0], [tail, 100 - tail]) if len(drawn) else [np.nan] * 2
    return Comparison(whole[0], whole[1], float(low), float(high), count)


def weighted_ap(matches: Matches, weights: NDArray[np.floating] | NDArray[np.integer]) -> float:
    """Return COCO's AP where picture i counts `weights[i]` times; NaN if no person counts."""
    people = float(weights @ matches.people)
    if not people:
        return np.nan
    weight = weights[matches.images]
    correct = np.cumsum(weight * matches.correct, axis=1)
    wrong = np.cumsum(weight * matches.wrong, axis=1)
    precision = correct / np.maximum(correct + wrong, np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    precision = np.pad(precision, ((0, 0), (0, 1)))
    at = [np.searchsorted(recall, RECALLS) for recall in correct / people]
    return float(np.take_along_axis(precision, np.array(at), axis=1).mean())
