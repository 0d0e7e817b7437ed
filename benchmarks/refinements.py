"""What was tried on the second look and left out: two squares instead of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from movenet import Estimator, Pose, Sighting
from movenet.estimator import agree

SMALLER = 0.87
"""Side of the second square, as a share of the first."""


class Look(Protocol):
    """A second look at somebody."""

    def __call__(self, estimator: Estimator, image: NDArray[np.uint8], sighting: Sighting) -> Pose:
        """Return their pose."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """An estimator of one person whose second look is another."""

    estimator: Estimator
    look: Look

    def __call__(self, image: NDArray[np.uint8]) -> list[Pose]:
        """Return the pose of the most prominent person, or an empty list."""
        found = self.estimator.find(image)
        if not found:
            return []
        chosen = max(found, key=lambda sighting: sighting.prominence)
        return [agree(chosen, self.look(self.estimator, image, chosen))]


def two_scales(estimator: Estimator, image: NDArray[np.uint8], sighting: Sighting) -> Pose:
    """Look through the usual square and through a smaller one; return the mean, weighted by the scores."""
    side, factor = estimator.engine.card.side, estimator.rule.factor
    crops = [sighting.crop(side, factor * share) for share in (1, SMALLER)]
    guides = [sighting.guide(crop, estimator.rule.guide_share) for crop in crops]
    poses = estimator.look([image, image], crops, guides)
    weights = np.stack([pose.scores for pose in poses])[..., None] + np.float32(1e-6)
    places = (np.stack([pose.keypoints for pose in poses]) * weights).sum(axis=0) / weights.sum(axis=0)
    scores = np.mean([pose.scores for pose in poses], axis=0)
    return replace(poses[0], keypoints=places, scores=scores, score=float(scores.mean()))
