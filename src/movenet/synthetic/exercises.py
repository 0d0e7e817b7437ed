"""A jointed body that does exercises and walks: keypoints of known movements, without pictures.

Lengths of segments follow Drillis and Contini 1966 (in Winter, "Biomechanics and Motor Control of Human Movement"),
relative to the trunk from hips to shoulders, 0.288 of the stature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movenet.pose import KEYPOINTS

Floats = NDArray[np.float64]

THIGH: Final = 0.85
SHIN: Final = 0.85
UPPER_ARM: Final = 0.65
FOREARM: Final = 0.55
"""Lengths in torso lengths."""
TORSO_PX: Final = 100.0
_UPRIGHT: Final = MappingProxyType(
    {"trunk": -90.0, "thigh": 90.0, "shin": 90.0, "upper_arm": 90.0, "forearm": 90.0}
)
_ACROSS: Final = np.array([0.16, 0.0])
"""Half of the width of the shoulders in the picture."""


class Move(NamedTuple):
    """An exercise as two postures: directions of segments in degrees, 0 to the right and 90 down."""

    rest: Mapping[str, float]
    peak: Mapping[str, float]
    fixed: str
    """The keypoints that stay in their place, such as "ankle"."""


MOVES: Final[Mapping[str, Move]] = MappingProxyType(
    {
        "squat": Move({}, {"thigh": 10, "shin": 110, "trunk": -60, "upper_arm": 20, "forearm": 10}, "ankle"),
        "lunge": Move(
            {"left_thigh": 55, "left_shin": 85, "right_thigh": 125, "right_shin": 130},
            {"left_thigh": 5, "left_shin": 90, "right_thigh": 95, "right_shin": 175},
            "ankle",
        ),
        "push-up": Move(
            {"trunk": -20, "thigh": 160, "shin": 160, "upper_arm": 90, "forearm": 90},
            {"trunk": -3, "thigh": 177, "shin": 177, "upper_arm": 170, "forearm": 85},
            "ankle",
        ),
        "pull-up": Move({"upper_arm": -92, "forearm": -88}, {"upper_arm": 60, "forearm": -90}, "wrist"),
        "sit-up": Move(
            {"trunk": -180, "thigh": -45, "shin": 60, "upper_arm": 20, "forearm": -90},
            {"trunk": -100, "thigh": -45, "shin": 60, "upper_arm": 100, "forearm": -10},
            "hip",
        ),
        "biceps-curl": Move({"upper_arm": 92, "forearm": 85}, {"upper_arm": 85, "forearm": -60}, "ankle"),
        "shoulder-press": Move(
            {"left_upper_arm": 60, "left_forearm": -85, "right_upper_arm": 120, "right_forearm": -95},
            {"left_upper_arm": -85, "left_forearm": -88, "right_upper_arm": 265, "right_forearm": -92},
            "ankle",
        ),
        "jumping-jack": Move(
            {},
            {"left_upper_arm": -70, "left_forearm": -100, "right_upper_arm": 250, "right_forearm": 280}
            | {"left_thigh": 68, "left_shin": 68, "right_thigh": 112, "right_shin": 112},
            "ankle",
        ),
    }
)
"""The ready exercises, from the side or the front."""


def body(x: float = 300.0, y: float = 300.0, **turns: float) -> Floats:
    """Return the keypoints of a body, (17, 2) in pixels.

    Args:
        x: of the middle of the hips.
        y: of the middle of the hips.
        turns: directions of trunk (from the hips), thigh, shin, upper_arm and forearm in degrees, 0 to the right and
            90 down; left_thigh and so on for one side. Upright if not given.
    """
    at = np.zeros((len(KEYPOINTS), 2))
    up = _along(turns.get("trunk", _UPRIGHT["trunk"]))
    at[0] = 1.45 * up
    for side, sign in (("left", 1), ("right", -1)):

        def turn(name: str, spread: float, side: str = side, sign: int = sign) -> float:
            return turns.get(f"{side}_{name}", turns.get(name, _UPRIGHT[name] - spread * sign))

        shoulder, hip = up + sign * _ACROSS, sign * 0.6 * _ACROSS
        elbow = shoulder + UPPER_ARM * _along(turn("upper_arm", 8))
        knee = hip + THIGH * _along(turn("thigh", 3))
        places = {
            "shoulder": shoulder,
            "elbow": elbow,
            "wrist": elbow + FOREARM * _along(turn("forearm", 8)),
            "hip": hip,
            "knee": knee,
            "ankle": knee + SHIN * _along(turn("shin", 3)),
            "eye": 1.55 * up + sign * 0.25 * _ACROSS,
            "ear": 1.5 * up + sign * 0.45 * _ACROSS,
        }
        for name, place in places.items():
            at[KEYPOINTS.index(f"{side}_{name}")] = place
    return at * TORSO_PX + (x, y)


def _along(degrees: float) -> Floats:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def repeat(
    exercise: str,
    depths: Sequence[float],
    seconds: Sequence[float],
    pauses_s: Sequence[float],
    rate_hz: float,
) -> Floats:
    """Return repetitions of an exercise, (T, 17, 2).

    Args:
        exercise: one of `MOVES`.
        depths: of each repetition; 1 is complete.
        seconds: duration of each.
        pauses_s: rest before each, and after the last: one more than there are repetitions.
        rate_hz: frames per second.
    """
    curve = [np.zeros(round(pauses_s[0] * rate_hz))]
    for depth, duration_s, pause_s in zip(depths, seconds, pauses_s[1:], strict=True):
        turns = np.linspace(0, 2 * np.pi, max(3, round(duration_s * rate_hz)), endpoint=False)
        curve += [depth * (1 - np.cos(turns)) / 2, np.zeros(round(pause_s * rate_hz))]
    return np.array([posture(MOVES[exercise], float(share)) for share in np.concatenate(curve)])


def posture(move: Move, share: float) -> Floats:
    """Return the body between rest (0) and peak (1), (17, 2), with the fixed keypoints where they are at rest."""
    turns = {
        name: (1 - share) * _at(move.rest, name) + share * _at({**move.rest, **move.peak}, name)
        for name in {*move.rest, *move.peak}
    }
    at, before = body(**turns), body(**move.rest)
    pair = [KEYPOINTS.index(f"{side}_{move.fixed}") for side in ("left", "right")]
    return np.asarray(at - at[pair].mean(axis=0) + before[pair].mean(axis=0))


def _at(turns: Mapping[str, float], name: str) -> float:
    return turns.get(name, _UPRIGHT[name.removeprefix("left_").removeprefix("right_")])


def walk(seconds: float, rate_hz: float, step_s: float = 0.55, speed: float = 1.3) -> Floats:
    """Return a person who walks to the right, seen from the side, (T, 17, 2); speed in torso lengths per step."""
    frames = []
    for frame in range(round(seconds * rate_hz)):
        phase = np.pi * frame / rate_hz / step_s
        swing = float(np.sin(phase))
        turns = {"trunk": -87.0}
        for side, sign in (("left", 1), ("right", -1)):
            lift = max(0.0, sign * float(np.cos(phase)))
            turns |= {
                f"{side}_thigh": 90 - sign * 25 * swing,
                f"{side}_shin": 95 - sign * 22 * swing + 40 * lift,
                f"{side}_upper_arm": 92 + sign * 22 * swing,
                f"{side}_forearm": 80 + sign * 28 * swing,
            }
        x = 100 + speed * TORSO_PX * frame / rate_hz / step_s
        frames.append(body(x=x, y=300 - 4 * abs(swing), **turns))
    return np.array(frames)
