"""Picture → poses: whom to look for, how to find them, and a look at each."""

from movenet.estimator.boxes import from_corners
from movenet.estimator.detection import Detection, agree
from movenet.estimator.estimator import SQUARES_AT_ONCE, Estimator, estimate
from movenet.estimator.settings import (
    AUTO_SHARE,
    MIN_SCORE,
    PRESETS,
    EstimatorSettings,
    Method,
    People,
    Preset,
    default_settings,
)

__all__ = [
    "AUTO_SHARE",
    "MIN_SCORE",
    "PRESETS",
    "SQUARES_AT_ONCE",
    "Detection",
    "Estimator",
    "EstimatorSettings",
    "Method",
    "People",
    "Preset",
    "agree",
    "default_settings",
    "estimate",
    "from_corners",
]
