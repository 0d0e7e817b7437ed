"""Left for right: labels whose sides the model sees exchanged."""

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
LEAST: Final = 0.5
"""Likeness (OKS) of the exchanged label with what the model sees, at least …"""
GAIN: Final = 0.2
"""… and by so much more than the label as it stands."""
SURE: Final = 0.3
"""Keypoints that the model scores less are not compared."""
FEWEST: Final = 6


class Sides:
    """Tells whether the sides of a label look swapped: the model agrees with it once left is called right."""

    def __init__(self, model: str | Path | Engine = "thunder", runtime: Runtime | None = None):
        """Load the model."""
        self._estimator = Estimator(model, method="whole", min_score=0.0, runtime=runtime)

    def __call__(self, image: NDArray[np.uint8], person: Person) -> bool:
        """Look at the label's box in its picture (H, W, 3), uint8 RGB; only COCO's 17 keypoints can be told."""
        if len(person.visibility) != len(MIRROR) or min(person.box[2:]) <= 0:
            return False
        side = self._estimator.engine.card.side
        seen = self._estimator.estimate_crops([image], [Crop.around_box(person.box, FACTOR, side)])[0]
        points, mirror = person.keypoints, list(MIRROR)
        known = person.labelled & (seen.scores > SURE)
        exchanged = known[mirror]
        both = known & exchanged & (np.array(MIRROR) != np.arange(len(MIRROR)))
        if both.sum() < FEWEST:
            return False
        size = [BOX_AREA_FRACTION * person.box[2] * person.box[3]]
        sigmas = np.array(SIGMAS)[both]
        as_is, turned = (
            float(similarity(of[both][None], seen.keypoints[both][None], size, sigmas)[0, 0])
            for of in (points, points[mirror])
        )
        return turned > LEAST and turned > as_is + GAIN
