"""What was tried on the second look and left out: finer places out of the offsets, and two squares instead of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from movenet import Crop, Estimator, Pose, Sighting, decode
from movenet.decode import Cells, Floats, Heads
from movenet.estimator import agree
from movenet.reading import READERS

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


def votes_of_neighbours(estimator: Estimator, image: NDArray[np.uint8], sighting: Sighting) -> Pose:
    """Place each keypoint where the cells around its own say, in the mean weighted by their scores."""
    crop = sighting.crop(estimator.engine.card.side, estimator.rule.factor)
    heads = estimator.engine(crop.cut(image)[None])
    reader = READERS[estimator.engine.card.family]
    decoded = refined(heads, crop, sighting, estimator.rule.guide_share)
    keypoints, scores = crop.decoded_to_image(decoded, reader.shift_px)
    pose = Pose(keypoints, scores, float(scores.mean()))
    return replace(pose, box=pose.bounds())


def refined(heads: Heads, crop: Crop, sighting: Sighting, share: float) -> Floats:
    """Decode one square as `decode_one` does, but for the last step; shape (K, 3)."""
    guides = [sighting.guide(crop, share)]
    grid = np.array(heads["heatmap"].shape[2:], np.float32)
    centers = decode.find_centers(heads["center"], decode.focus_on(guides, grid))
    cells = decode.find_cells(
        heads["heatmap"], decode.lean(decode.read_starts(heads["regress"], centers), guides, grid)
    )
    scores = decode.read_scores(heads["heatmap"], cells)
    return np.concatenate((vote(heads, cells) / grid, scores[..., None]), axis=-1)[0]


def vote(heads: Heads, cells: Cells) -> Floats:
    """Return the mean of what the 3 × 3 cells around each keypoint's cell (1, K, 2) say: (1, K, 2), in cells."""
    last = np.array(heads["heatmap"].shape[2:]) - 1
    steps = np.stack(np.mgrid[-1:2, -1:2], axis=-1).reshape(-1, 2)
    around = [np.clip(cells + step, 0, last) for step in steps]
    weights = np.stack([decode.read_scores(heads["heatmap"], near) for near in around])[..., None]
    places = np.stack([decode.add_offsets(heads["offset"], near) for near in around])
    return np.asarray((places * weights).sum(axis=0) / weights.sum(axis=0), np.float32)
