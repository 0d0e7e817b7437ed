"""Upstairs: what is remembered from frame to frame, of one person (`one`) or of many (`many`)."""

from movenet.tracking import SAME_PERSON_OKS, TrackRule
from movenet.video.calming import CALM, ZERO_PHASE, smooth_recording
from movenet.video.many import Crowd, FollowMany
from movenet.video.one import FollowOne, FollowRule, Lock, Memory
from movenet.video.stream import Stream, VideoEstimator, watch

__all__ = [
    "CALM",
    "SAME_PERSON_OKS",
    "ZERO_PHASE",
    "Crowd",
    "FollowMany",
    "FollowOne",
    "FollowRule",
    "Lock",
    "Memory",
    "Stream",
    "TrackRule",
    "VideoEstimator",
    "smooth_recording",
    "watch",
]
