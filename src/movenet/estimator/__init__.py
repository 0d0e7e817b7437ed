"""Picture to poses: detection of the people, then pose estimation in the crop of each."""

from movenet.estimator.boxes import from_corners
from movenet.estimator.detection import Blend, Detection, fuse
from movenet.estimator.estimator import Estimator, estimate
from movenet.estimator.settings import (
    AUTO_PROMINENCE,
    MANY_PEOPLE,
    MIN_SCORE,
    ONE_PERSON,
    EstimatorSettings,
    Method,
    People,
    Preset,
    SecondCrop,
    default_settings,
)
from movenet.estimator.views import MAX_BATCH

__all__ = [
    "AUTO_PROMINENCE",
    "MANY_PEOPLE",
    "MAX_BATCH",
    "MIN_SCORE",
    "ONE_PERSON",
    "Blend",
    "Detection",
    "Estimator",
    "EstimatorSettings",
    "Method",
    "People",
    "Preset",
    "SecondCrop",
    "default_settings",
    "estimate",
    "from_corners",
    "fuse",
]
