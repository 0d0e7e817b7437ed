"""A jointed body that does exercises: keypoints of known movements, seen from the side or the front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from movenet.analysis import Track
from movenet.pose import KEYPOINTS, Pose

RATE_HZ = 30
TORSO_PX = 100.0
# Lengths of segments in torso lengths: Drillis and Contini 1966, relative to .288 of the stature.
THIGH, SHIN, UPPER_ARM, FOREARM = 0.85, 0.85, 0.65, 0.55


def body(x: float = 300.0, y: float = 300.0, **turns: float) -> NDArray[np.float64]:
    """Return (17, 2) keypoints of a body whose hips are at x, y.

    Args:
        x: of the middle of the hips.
        y: of the middle of the hips.
        turns: directions of segments in degrees, 0 to the right and 90 down: trunk (from the hips, default -90),
            thigh, shin, upper_arm, forearm; or left_thigh and so on for one side.
    """
    at = np.zeros((len(KEYPOINTS), 2))
    up = _along(turns.get("trunk", -90.0))
    across = np.array([-up[1], up[0]]) * 0.0 + np.array([0.16, 0.0])
    for side, sign in (("left", 1), ("right", -1)):
        turn = lambda name, default, side=side: turns.get(f"{side}_{name}", turns.get(name, default))  # noqa: E731
        hip = sign * across * 0.6
        shoulder = up + sign * across
        knee = hip + THIGH * _along(turn("thigh", 90 - 3 * sign))
        ankle = knee + SHIN * _along(turn("shin", 90 - 3 * sign))
        elbow = shoulder + UPPER_ARM * _along(turn("upper_arm", 90 - 8 * sign))
        wrist = elbow + FOREARM * _along(turn("forearm", 90 - 8 * sign))
        eye, ear = 1.55 * up + sign * across * 0.25, 1.5 * up + sign * across * 0.45
        for name, place in (
            ("hip", hip),
            ("shoulder", shoulder),
            ("knee", knee),
            ("ankle", ankle),
            ("elbow", elbow),
            ("wrist", wrist),
            ("eye", eye),
            ("ear", ear),
        ):
            at[KEYPOINTS.index(f"{side}_{name}")] = place
    at[0] = 1.45 * up
    return at * TORSO_PX + (x, y)


def _along(degrees: float) -> NDArray[np.float64]:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


# For each exercise the directions at rest and at the peak, and what stays in its place: ankles, hips or wrists.
MOVES: dict[str, tuple[dict[str, float], dict[str, float], str]] = {
    "squat": ({}, {"thigh": 10, "shin": 110, "trunk": -60, "upper_arm": 20, "forearm": 10}, "ankle"),
    "lunge": (
        {"left_thigh": 55, "left_shin": 85, "right_thigh": 125, "right_shin": 130},
        {"left_thigh": 5, "left_shin": 90, "right_thigh": 95, "right_shin": 175},
        "ankle",
    ),
    "push-up": (
        {"trunk": -20, "thigh": 160, "shin": 160, "upper_arm": 90, "forearm": 90},
        {"trunk": -3, "thigh": 177, "shin": 177, "upper_arm": 170, "forearm": 85},
        "ankle",
    ),
    "pull-up": (
        {"upper_arm": -92, "forearm": -88},
        {"upper_arm": 60, "forearm": -90},
        "wrist",
    ),
    "sit-up": (
        {"trunk": -180, "thigh": -45, "shin": 60, "upper_arm": 20, "forearm": -90},
        {"trunk": -100, "thigh": -45, "shin": 60, "upper_arm": 100, "forearm": -10},
        "hip",
    ),
    "biceps-curl": ({"upper_arm": 92, "forearm": 85}, {"upper_arm": 85, "forearm": -60}, "ankle"),
    "shoulder-press": (
        {"left_upper_arm": 60, "left_forearm": -85, "right_upper_arm": 120, "right_forearm": -95},
        {"left_upper_arm": -85, "left_forearm": -88, "right_upper_arm": 265, "right_forearm": -92},
        "ankle",
    ),
    "jumping-jack": (
        {},
        {
            "left_upper_arm": -70,
            "left_forearm": -100,
            "right_upper_arm": -110,
            "right_forearm": -80,
            "left_thigh": 68,
            "left_shin": 68,
            "right_thigh": 112,
            "right_shin": 112,
        },
        "ankle",
    ),
}


def repeated(
    exercise: str, depths: int | Sequence[float], seconds: float = 1.5, pause_s: float = 0.7
) -> NDArray[np.float64]:
    """Return (T, 17, 2): repetitions of an exercise, each of a depth (1 is complete), with rest before and after."""
    depths = [1.0] * depths if isinstance(depths, int) else depths
    still = np.zeros(round(pause_s * RATE_HZ))
    curve = [still]
    for depth in depths:
        cycle = (1 - np.cos(np.linspace(0, 2 * np.pi, round(seconds * RATE_HZ), endpoint=False))) / 2
        curve += [depth * cycle, still]
    rest, peak, fixed = MOVES[exercise]
    return np.array([_between(rest, peak, share, fixed) for share in np.concatenate(curve)])


def _between(rest: dict[str, float], peak: dict[str, float], share: float, fixed: str) -> NDArray[np.float64]:
    """Return the body between rest (0) and peak (1), with the fixed keypoints where they are at rest."""
    defaults = {"trunk": -90.0, "thigh": 90.0, "shin": 90.0, "upper_arm": 90.0, "forearm": 90.0}
    names = {*rest, *peak}
    turns = {
        name: (1 - share) * rest.get(name, _default(name, defaults))
        + share * peak.get(name, rest.get(name, _default(name, defaults)))
        for name in names
    }
    at, before = body(**turns), body(**rest)
    pair = [KEYPOINTS.index(f"{side}_{fixed}") for side in ("left", "right")]
    return at - at[pair].mean(axis=0) + before[pair].mean(axis=0)


def _default(name: str, defaults: dict[str, float]) -> float:
    return defaults[name.removeprefix("left_").removeprefix("right_")]


def with_noise(
    keypoints: NDArray[np.float64], rng: np.random.Generator, torso_lengths: float
) -> NDArray[np.float64]:
    """Return the keypoints with normal noise of a standard deviation in torso lengths."""
    torso_px = np.hypot(*(keypoints[0, 5:7].mean(axis=0) - keypoints[0, 11:13].mean(axis=0)))
    return keypoints + rng.normal(0, torso_lengths * torso_px, keypoints.shape)


def track_of(keypoints: NDArray[np.float64], start_s: float = 0.0) -> Track:
    """Return a track of keypoints (T, 17, 2) that are all right with probability .97."""
    times_s = start_s + np.arange(len(keypoints)) / RATE_HZ
    known = np.isfinite(keypoints[..., 0])
    return Track(None, times_s, np.asarray(keypoints, np.float64), np.where(known, 0.97, 0.0))


def poses_of(keypoints: NDArray[np.float64], **fields: int) -> list[Pose]:
    """Return a pose of each frame."""
    scores = np.full(17, 0.9, np.float32)
    return [Pose(points.astype(np.float32), scores, 0.9, **fields) for points in keypoints]


def frames(keypoints: NDArray[np.float64]) -> Iterator[tuple[float, list[Pose]]]:
    """Yield the time of each frame and the pose in it."""
    for index, pose in enumerate(poses_of(keypoints)):
        yield index / RATE_HZ, [pose]
