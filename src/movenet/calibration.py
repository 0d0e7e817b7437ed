"""How far to believe a keypoint: from its score to the chance that it is right.

The official scores are modest: of the keypoints that score .3, about half are right, of those at .5 six in seven. They
stay as they are, so that every published threshold means what it meant; here is what they are worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import ModelError
from movenet.models import ModelCard, base_of

CLOSEST: Final = 1e-4
"""Scores closer to 0 or 1 than this are taken for it: the logit ends there."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A map of scores that keeps their order: the logistic function of slope · logit(score) + intercept."""

    slope: float = 1.0
    """Above 0."""
    intercept: float = 0.0

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return scores of any shape, 0…1, as the curve has them."""
        return logistic(self.slope * logit(np.asarray(scores, np.float64)) + self.intercept)


CURVES: Final[Mapping[str, Curve]] = {"lightning": Curve(2.01, 1.93), "thunder": Curve(1.92, 1.74)}
"""Fitted with two looks on every second picture of a list of 486 out of COCO val2017 (docs/accuracy.md)."""


def probabilities(scores: ArrayLike, model: str | ModelCard = "lightning") -> NDArray[np.float64]:
    """Return how likely keypoints of these scores are right.

    Right is a keypoint that is in the picture and so near its true place that COCO's similarity (OKS) for it is .5 or
    more. Expected calibration error on pictures not fitted: .02 with one person, .05 in crowds.

    Args:
        scores: any shape, 0…1, as `Pose.scores` of a two-look estimate by MoveNet.
        model: name of an official model, or the card of any that was made from one (`ModelCard.base`).

    Returns:
        The probabilities, 0…1, of the same shape.

    Raises:
        ModelError: if nothing was measured for the model.
    """
    base = base_of(model)
    curve = CURVES.get(base or "")
    if curve is None:
        raise ModelError(f"expected a model made from one of {', '.join(CURVES)}, got one made from {base}")
    return curve(scores)


def logit(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log(p / (1 − p)) of scores of any shape, 0…1."""
    inside = np.clip(scores, CLOSEST, 1 - CLOSEST)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + e^−x) of values of any shape."""
    return np.asarray(1 / (1 + np.exp(-values)), np.float64)
