"""Exercises: which signal moves, how far, and what must hold meanwhile; eight ready ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.signals import JOINTS, SIGNALS
from movenet.analysis.track import Track
from movenet.errors import DataError

Peak = Literal["low", "high"]
Sides = Literal["both", "mean", "each"]
Range = tuple[float, float]
SignalFunction = Callable[[Track], NDArray[np.float64]]
"""Takes a track; returns a value for each of its T frames, NaN where unknown."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """What counts as one repetition: a signal leaves its rest, reaches its peak and comes back.

    Raises:
        DataError: a field has an unknown name or an impossible value.
    """

    name: str
    signal: str | SignalFunction
    """One of `movenet.analysis.SIGNALS`, or a function of the track."""
    peak: Peak
    """Whether the signal is lowest or highest in the middle of a repetition."""
    min_range: float
    """Least range of the person's whole signal: degrees, or lengths of the torso. Smaller movements are none."""
    sides: Sides = "mean"
    """"both" needs both sides to move; "mean" takes their mean; "each" counts one arm or leg by itself."""
    joint: str = "knee"
    """The joint whose angle at the peak is reported, and the difference of its two sides."""
    at_rest: Mapping[str, Range] = field(default_factory=dict)
    """Ranges of signals at the start. Conditions on what is hardly ever seen, such as feet, are left out; else what is
    unknown fulfils none."""
    at_peak: Mapping[str, Range] = field(default_factory=dict)
    """Ranges of signals at the peak."""
    travel: Mapping[str, Range] = field(default_factory=dict)
    """Ranges of the change (highest − lowest) of other signals within a repetition."""
    min_duration_s: float = 0.3
    max_duration_s: float = 12.0

    def __post_init__(self) -> None:
        named = [
            *self.at_rest,
            *self.at_peak,
            *self.travel,
            *([self.signal] if isinstance(self.signal, str) else []),
        ]
        for name in named:
            if name not in SIGNALS:
                raise DataError(
                    f"{self.name}: expected one of the signals {', '.join(SIGNALS)}, got {name!r}"
                )
        if self.peak not in get_args(Peak) or self.sides not in get_args(Sides):
            raise DataError(f"{self.name}: expected peak low or high and sides both, mean or each")
        if self.joint not in JOINTS:
            raise DataError(
                f"{self.name}: expected one of the joints {', '.join(JOINTS)}, got {self.joint!r}"
            )
        if not (self.min_range > 0 and 0 < self.min_duration_s < self.max_duration_s):
            raise DataError(
                f"{self.name}: expected min_range and min_duration_s above 0, and max_duration_s above that"
            )


_UP: Final = math.inf
_DOWN: Final = -math.inf
_READY: Final = (
    # The height of the hips changes alike from the front and from the side, the angle of the knees does not.
    Exercise(
        name="squat",
        signal="hip_height",
        peak="low",
        min_range=0.3,
        sides="both",
        at_rest={"hip_height": (1.0, _UP)},
        at_peak={"trunk_lean": (0, 65)},
        travel={"body_position": (0, 0.9)},
    ),
    Exercise(
        name="lunge",
        signal="hip_height",
        peak="low",
        min_range=0.3,
        at_rest={"hip_height": (1.0, _UP)},
        at_peak={"trunk_lean": (0, 45), "feet_apart": (1.0, _UP)},
        travel={"body_position": (0, 1.2)},
    ),
    Exercise(
        name="push-up",
        signal="hand_height",
        peak="high",
        min_range=0.3,
        joint="elbow",
        at_rest={"hand_height": (_DOWN, -0.4), "hip_height": (-1.0, 0.9), "trunk_lean": (40, 120)},
        travel={"trunk_lean": (0, 40)},
    ),
    Exercise(
        name="pull-up",
        signal="hand_height",
        peak="low",
        min_range=0.35,
        sides="both",
        joint="elbow",
        at_rest={"hand_height": (0.6, _UP)},
        at_peak={"hand_height": (-0.2, _UP)},
        travel={"shoulder_position": (0.3, _UP)},
    ),
    Exercise(
        name="sit-up",
        signal="trunk_lean",
        peak="low",
        min_range=35.0,
        joint="hip",
        at_rest={"trunk_lean": (60, 120)},
        at_peak={"hip_height": (-1.0, 0.7)},
    ),
    Exercise(
        name="biceps-curl",
        signal="elbow",
        peak="low",
        min_range=60.0,
        sides="each",
        joint="elbow",
        # A forearm that looks shorter points to the camera or is guessed: its elbow has no angle that can be measured.
        at_rest={"elbow": (140, 180), "hand_height": (_DOWN, -0.4), "forearm_length": (0.35, _UP)},
        at_peak={
            "elbow": (0, 70),
            "shoulder": (0, 60),
            "hand_height": (-0.8, 0.4),
            "forearm_length": (0.3, _UP),
        },
        travel={
            "body_position": (0, 0.4),
            "shoulder_position": (0, 0.4),
            "shoulder": (0, 45),
            "hand_height": (0.5, _UP),
        },
    ),
    Exercise(
        name="shoulder-press",
        signal="hand_height",
        peak="high",
        min_range=0.4,
        sides="both",
        joint="elbow",
        at_rest={"hand_height": (-0.4, 0.6)},
        travel={"body_position": (0, 0.6), "shoulder_position": (0, 0.3)},
    ),
    Exercise(
        name="jumping-jack",
        signal="hand_height",
        peak="high",
        min_range=1.0,
        sides="both",
        joint="shoulder",
        at_rest={"hand_height": (_DOWN, -0.4)},
        at_peak={"hand_height": (0.3, _UP)},
        travel={"feet_apart": (0.25, _UP), "body_position": (0, 1.0)},
        max_duration_s=5.0,
    ),
)
EXERCISES: Final[Mapping[str, Exercise]] = MappingProxyType({exercise.name: exercise for exercise in _READY})
"""The ready exercises by name."""
