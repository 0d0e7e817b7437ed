"""Upstairs: what is remembered from frame to frame, of one person (`one`) or of many (`many`)."""

from movenet.video.estimator import Stream, VideoEstimator, watch
from movenet.video.follow_many import Crowd, FollowMany
from movenet.video.follow_one import FollowOne, FollowSettings, Lock, Memory
from movenet.video.smoothing import CALM, ZERO_PHASE, smooth_recording
from movenet.video.tracks import SAME_PERSON_OKS, TrackSettings

__all__ = [
    "CALM",
    "SAME_PERSON_OKS",
    "ZERO_PHASE",
    "Crowd",
    "FollowMany",
    "FollowOne",
    "FollowSettings",
    "Lock",
    "Memory",
    "Stream",
    "TrackSettings",
    "VideoEstimator",
    "smooth_recording",
    "watch",
]
