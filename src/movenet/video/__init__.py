"""Tracking in videos: of one person (`single_person`) or of many people (`multi_person`), with smoothing."""

from movenet.video.association import SAME_PERSON_OKS, TrackSettings
from movenet.video.estimator import PoseFunction, Stream, VideoEstimator, watch
from movenet.video.multi_person import MultiPersonState, MultiPersonTracker
from movenet.video.single_person import FollowSettings, Lock, SinglePersonState, SinglePersonTracker
from movenet.video.smoothing import ONE_EURO, ZERO_PHASE, smooth_recording

__all__ = [
    "ONE_EURO",
    "SAME_PERSON_OKS",
    "ZERO_PHASE",
    "FollowSettings",
    "Lock",
    "MultiPersonState",
    "MultiPersonTracker",
    "PoseFunction",
    "SinglePersonState",
    "SinglePersonTracker",
    "Stream",
    "TrackSettings",
    "VideoEstimator",
    "smooth_recording",
    "watch",
]
