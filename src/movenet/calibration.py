"""Calibration: from a keypoint's score to the probability that the keypoint is right.

The official models' scores are lower than the probabilities: of the keypoints that score 0.3 about half are right, of
those at 0.5 seven in eight. Scores are reported unchanged, so that published thresholds keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import ModelError
from movenet.models import ModelCard, base_of
from movenet.pose import Pose

LOGIT_MARGIN: Final = 1e-4
"""Scores are clipped to this distance from 0 and 1 before their logit is taken."""


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Platt scaling of scores: probability = logistic(slope · logit(score) + intercept). It keeps their order."""

    slope: float = 1.0
    """Above 0."""
    intercept: float = 0.0

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities, 0…1, of scores of any shape, 0…1."""
        return logistic(self.slope * logit(np.asarray(scores, np.float64)) + self.intercept)


CALIBRATION_CURVES: Final[Mapping[str, CalibrationCurve]] = {
    "lightning": CalibrationCurve(2.24, 2.06),
    "thunder": CalibrationCurve(2.05, 1.93),
}
"""By official model. Fitted on top-down poses in every second of 486 pictures of COCO val2017 (docs/accuracy.md)."""


def probabilities(scores: ArrayLike, model: str | ModelCard = "lightning") -> NDArray[np.float64]:
    """Return the probability that each keypoint is right.

    A keypoint is right if it is in the picture and its own OKS term with the true position is at least 0.5. Expected
    calibration error (ECE) on pictures not used for the fit: 0.02 with one person, 0.05 in crowds.

    Args:
        scores: any shape, 0…1: `Pose.scores` of a top-down estimate by MoveNet.
        model: name of an official model, or the card of a model made from one (`ModelCard.base`).

    Returns:
        The probabilities, 0…1, of the same shape.

    Raises:
        ModelError: if there is no calibration for the model.
    """
    return curve_of(model)(scores)


def curve_of(model: str | ModelCard) -> CalibrationCurve:
    """Return the calibration of a model, as `probabilities` takes it.

    Raises:
        ModelError: if there is none.
    """
    base = base_of(model)
    curve = CALIBRATION_CURVES.get(base or "")
    if curve is None:
        raise ModelError(
            f"expected a model made from one of {', '.join(CALIBRATION_CURVES)}, got one made from {base}"
        )
    return curve


def with_probabilities(pose: Pose, model: str | ModelCard = "lightning") -> Pose:
    """Return the pose with the probability of each keypoint in place of its score; the person's score remains.

    Keypoints of a probability of 0.5 (`Style(min_score=0.5)`) are as often right as wrong.

    Args:
        pose: a top-down estimate by MoveNet.
        model: as in `probabilities`.

    Raises:
        ModelError: if there is no calibration for the model.
    """
    return replace(pose, scores=probabilities(pose.scores, model).astype(np.float32))


def logit(scores: ArrayLike, margin: float = LOGIT_MARGIN) -> NDArray[np.float64]:
    """Return log(p / (1 − p)) of scores of any shape, 0…1, first clipped to `margin` … 1 − `margin`."""
    inside = np.clip(np.asarray(scores, np.float64), margin, 1 - margin)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + e^−x) of values of any shape."""
    return np.asarray(1 / (1 + np.exp(-values)), np.float64)
