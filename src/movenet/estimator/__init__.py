"""Picture to poses: detection of the people, then pose estimation in the crop of each."""

from movenet.estimator.boxes import from_corners
from movenet.estimator.detection import Detection, fuse_scores
from movenet.estimator.estimator import MAX_BATCH, Estimator, estimate
from movenet.estimator.settings import (
    AUTO_PROMINENCE,
    MIN_SCORE,
    PRESETS,
    EstimatorSettings,
    Method,
    People,
    Preset,
    default_settings,
)

__all__ = [
    "AUTO_PROMINENCE",
    "MAX_BATCH",
    "MIN_SCORE",
    "PRESETS",
    "Detection",
    "Estimator",
    "EstimatorSettings",
    "Method",
    "People",
    "Preset",
    "default_settings",
    "estimate",
    "from_corners",
    "fuse_scores",
]
