"""Smoothing of keypoints over time: `OneEuro` frame by frame (causal), `ZeroPhase` on a whole recording (no lag)."""

from movenet.smoothing.one_euro import TFJS, OneEuro, OneEuroState, SoftLimit
from movenet.smoothing.zero_phase import Butterworth, SavitzkyGolay, ZeroPhase

__all__ = ["TFJS", "Butterworth", "OneEuro", "OneEuroState", "SavitzkyGolay", "SoftLimit", "ZeroPhase"]
