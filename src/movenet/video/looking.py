"""Looks at people whose place is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from movenet.estimator import Estimator, Sighting
from movenet.pose import Pose


def look_at(
    estimator: Estimator, image: NDArray[np.uint8], people: Sequence[Sighting], factor: float, share: float
) -> list[Pose]:
    """Return the pose of each of the people, however unsure, all seen in one go.

    Args:
        estimator: whose single-person model looks.
        image: (H, W, 3) uint8 RGB.
        people: where they should be.
        factor: side of the square as a multiple of the person's longer side.
        share: how far the decoder leans towards the keypoints expected, 0…1.
    """
    crops = [person.crop(estimator.engine.card.side, factor) for person in people]
    guides = [
        person.guide(crop, share, estimator.shift_px) for person, crop in zip(people, crops, strict=True)
    ]
    return estimator.look([image] * len(crops), crops, guides)
