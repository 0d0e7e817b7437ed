"""A variant of pose estimation that is not used: two crops instead of one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from movenet import Detection, Estimator, Pose
from movenet.estimator import fuse_scores

SMALLER = 0.87
"""Side of the second square, as a share of the first."""


@dataclass(frozen=True, slots=True)
class TwoSquares:
    """An estimator of one person that runs on the usual crop and a smaller one."""

    estimator: Estimator

    def __call__(self, image: NDArray[np.uint8]) -> list[Pose]:
        """Return the pose of the most prominent person, or an empty list."""
        found = self.estimator.detect(image)
        if not found:
            return []
        chosen = max(found, key=lambda detection: detection.prominence)
        return [fuse_scores(chosen, self._look(image, chosen))]

    def _look(self, image: NDArray[np.uint8], detection: Detection) -> Pose:
        """Return the mean of both squares' poses, weighted by the scores."""
        settings, side = self.estimator.settings, self.estimator.engine.card.side
        crops = [detection.crop(side, settings.crop_factor * share) for share in (1, SMALLER)]
        guides = [detection.guide(crop, settings.guide_weight) for crop in crops]
        poses = self.estimator.estimate_crops([image, image], crops, guides)
        weights = np.stack([pose.scores for pose in poses])[..., None] + np.float32(1e-6)
        places = (np.stack([pose.keypoints for pose in poses]) * weights).sum(axis=0) / weights.sum(axis=0)
        scores = np.mean([pose.scores for pose in poses], axis=0)
        return replace(poses[0], keypoints=places, scores=scores, score=float(scores.mean()))
