"""Picture → poses: whom to look for, how to find them, and a look at each."""

from movenet.estimator.boxes import from_corners
from movenet.estimator.detection import Sighting, agree
from movenet.estimator.estimator import SQUARES_AT_ONCE, Estimator, estimate
from movenet.estimator.settings import (
    COMPANY,
    MIN_SCORE,
    PRESETS,
    LookRule,
    Method,
    People,
    Preset,
    default_rule,
)

__all__ = [
    "COMPANY",
    "MIN_SCORE",
    "PRESETS",
    "SQUARES_AT_ONCE",
    "Estimator",
    "LookRule",
    "Method",
    "People",
    "Preset",
    "Sighting",
    "agree",
    "default_rule",
    "estimate",
    "from_corners",
]
