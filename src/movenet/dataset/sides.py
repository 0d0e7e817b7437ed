"""Detection of labels whose left and right are swapped, by comparison with a model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Person
from movenet.crop import Crop
from movenet.engine import Engine, Runtime
from movenet.estimator import Estimator
from movenet.oks import BOX_AREA_FRACTION, similarity
from movenet.pose import MIRROR, SIGMAS

FACTOR: Final = 1.15
"""Side of the crop, as a multiple of the longer side of the label's box."""
LEAST: Final = 0.5
"""Least OKS of the swapped label with the model's pose."""
GAIN: Final = 0.2
"""Least difference between the OKS of the swapped label and that of the label as it is."""
MIN_SCORE: Final = 0.3
"""Minimum score of the model's keypoints that are compared."""
MIN_KEYPOINTS: Final = 6
"""Minimum number of keypoints to compare."""


class SideCheck:
    """Checks whether left and right of a label are swapped: whether the model agrees only with the swapped label."""

    def __init__(self, model: str | Path | Engine = "thunder", runtime: Runtime | None = None):
        """Load the model."""
        self._estimator = Estimator(model, method="whole", min_score=0.0, runtime=runtime)

    def __call__(self, image: NDArray[np.uint8], person: Person) -> bool:
        """Return whether a label in an image (H, W, 3), uint8 RGB, is swapped; only COCO's 17 keypoints can be."""
        if len(person.visibility) != len(MIRROR) or min(person.box[2:]) <= 0:
            return False
        side = self._estimator.engine.card.side
        seen = self._estimator.estimate_crops([image], [Crop.around_box(person.box, FACTOR, side)])[0]
        points, mirror = person.keypoints, list(MIRROR)
        known = person.labelled & (seen.scores > MIN_SCORE)
        exchanged = known[mirror]
        both = known & exchanged & (np.array(MIRROR) != np.arange(len(MIRROR)))
        if both.sum() < MIN_KEYPOINTS:
            return False
        size = [BOX_AREA_FRACTION * person.box[2] * person.box[3]]
        sigmas = np.array(SIGMAS)[both]
        as_is, turned = (
            float(similarity(of[both][None], seen.keypoints[both][None], size, sigmas)[0, 0])
            for of in (points, points[mirror])
        )
        return turned > LEAST and turned > as_is + GAIN
