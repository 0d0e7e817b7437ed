"""Signals of a body over time that exercises and events are made of: joint angles, heights and distances.

Each has a value for the left and one for the right side. Heights and distances are in lengths of the torso, so that
they do not depend on the size of the person in the picture; angles are in degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from movenet.analysis.track import Track, mean_of_known
from movenet.pose import KEYPOINTS

Floats = NDArray[np.float64]
Signal = Callable[[Track, Floats], Floats]
"""Takes a track and the length of the torso (T,) in pixels; returns (T, 2): the left and the right side, NaN where
unknown."""

JOINTS: Final = ("elbow", "shoulder", "hip", "knee")
"""The signals that are angles of joints."""
MAX_GAP_S: Final = 0.5
"""Shorter gaps of a signal are filled by interpolation."""
SMOOTHING_S: Final = 0.15
"""Width of the median and of the mean over time that smooth a signal."""
SCALE_WINDOW_S: Final = 4.0
"""The length of the torso is its upper quartile over this time: it looks shorter while the trunk leans."""


def _pair(name: str) -> list[int]:
    return [KEYPOINTS.index(f"left_{name}"), KEYPOINTS.index(f"right_{name}")]


SHOULDERS: Final = _pair("shoulder")
ELBOWS: Final = _pair("elbow")
WRISTS: Final = _pair("wrist")
HIPS: Final = _pair("hip")
ANKLES: Final = _pair("ankle")


def _joint(name: str) -> Signal:
    return lambda track, _: np.stack([track.angle(f"{side}_{name}") for side in ("left", "right")], axis=1)


def _trunk_lean(track: Track, _: Floats) -> Floats:
    points = track.known_keypoints
    along = _middle(points, SHOULDERS) - _middle(points, HIPS)
    return _both(np.degrees(np.abs(np.arctan2(along[:, 0], -along[:, 1]))))


def _hip_height(track: Track, torso_px: Floats) -> Floats:
    points = track.known_keypoints
    return np.asarray((points[:, ANKLES, 1] - points[:, HIPS, 1]) / torso_px[:, None])


def _hand_height(track: Track, torso_px: Floats) -> Floats:
    points = track.known_keypoints
    return np.asarray((points[:, SHOULDERS, 1] - points[:, WRISTS, 1]) / torso_px[:, None])


def _shoulder_position(track: Track, torso_px: Floats) -> Floats:
    points = track.known_keypoints
    return np.asarray(-points[:, SHOULDERS, 1] / torso_px[:, None])


def _body_position(track: Track, torso_px: Floats) -> Floats:
    points = track.known_keypoints
    return _both(_middle(points, HIPS)[:, 0] / torso_px)


def _feet_apart(track: Track, torso_px: Floats) -> Floats:
    points = track.known_keypoints
    return _both(np.hypot(*(points[:, ANKLES[0]] - points[:, ANKLES[1]]).T) / torso_px)


def _forearm_length(track: Track, torso_px: Floats) -> Floats:
    points = track.known_keypoints
    along = points[:, WRISTS] - points[:, ELBOWS]
    return np.asarray(np.hypot(along[..., 0], along[..., 1]) / torso_px[:, None])


def _both(values: Floats) -> Floats:
    return np.stack([values, values], axis=1)


def _middle(points: Floats, pair: list[int]) -> Floats:
    """Return the mean of two keypoints (T, 2), or the one that is known."""
    return mean_of_known(points[:, pair], axis=1)


SIGNALS: Final[Mapping[str, Signal]] = MappingProxyType(
    {
        "elbow": _joint("elbow"),
        "shoulder": _joint("shoulder"),
        "hip": _joint("hip"),
        "knee": _joint("knee"),
        # Degrees from the vertical: 0 upright, 90 lying, 180 upside down.
        "trunk_lean": _trunk_lean,
        # Of the hips above the ankles.
        "hip_height": _hip_height,
        # Of the wrists above the shoulders; negative while the hands are lower.
        "hand_height": _hand_height,
        # Of the shoulders in the picture: its changes tell whether the body or the hands move.
        "shoulder_position": _shoulder_position,
        # Of the hips from the left edge of the picture: its changes tell whether the person walks.
        "body_position": _body_position,
        "feet_apart": _feet_apart,
        # In the picture: short while the forearm points to the camera or away from it, or is guessed behind the body.
        "forearm_length": _forearm_length,
    }
)
"""All signals by name."""


def signal_of(track: Track, name: str) -> Floats:
    """Return a signal of a track, (T, 2) left and right, with short gaps filled and smoothed.

    Joint angles of each side are its own; of all other signals an unknown side is completed from the other.
    """
    values = SIGNALS[name](track, torso_lengths_px(track))
    return condition(values if name in JOINTS else complete_sides(values), track.times_s)


def complete_sides(values: Floats) -> Floats:
    """Return values (T, 2) in which an unknown side is the other one, shifted by their median difference."""
    apart = values[:, 0] - values[:, 1]
    known = apart[np.isfinite(apart)]
    usual = float(np.median(known)) if len(known) else 0.0
    other = values[:, ::-1] + np.array([usual, -usual])
    return np.where(np.isfinite(values), values, other)


def condition(values: Floats, times_s: Floats) -> Floats:
    """Fill gaps of at most `MAX_GAP_S`, then take the median and the mean over `SMOOTHING_S`; values (T, C)."""
    filled = np.stack([fill_gaps(column, times_s, MAX_GAP_S) for column in values.T], axis=1)
    if len(times_s) < 3:
        return filled
    width = 2 * int(SMOOTHING_S / np.median(np.diff(times_s)) / 2) + 1
    return _mean_filter(_median_filter(filled, width), width)


def fill_gaps(values: Floats, times_s: Floats, max_gap_s: float) -> Floats:
    """Return values (T,) with NaN between two known ones at most `max_gap_s` apart replaced by interpolation."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2:
        return values.copy()
    after = np.clip(np.searchsorted(known, np.arange(len(values))), 1, len(known) - 1)
    gap_s = times_s[known[after]] - times_s[known[after - 1]]
    inside = (np.arange(len(values)) > known[0]) & (np.arange(len(values)) < known[-1])
    filled = np.interp(times_s, times_s[known], values[known])
    return np.where(np.isfinite(values) | ~(inside & (gap_s <= max_gap_s)), values, filled)


def _windows(values: Floats, width: int) -> Floats:
    padded = np.pad(values, ((width // 2, width // 2), (0, 0)), mode="edge")
    return np.asarray(sliding_window_view(padded, width, axis=0))


def _median_filter(values: Floats, width: int) -> Floats:
    return _or_before(np.asarray(np.median(_windows(values, width), axis=-1)), values)


def _mean_filter(values: Floats, width: int) -> Floats:
    return _or_before(np.asarray(_windows(values, width).mean(axis=-1)), values)


def _or_before(filtered: Floats, values: Floats) -> Floats:
    """Return the filtered values; those before the filter where a gap lies in its window."""
    return np.asarray(np.where(np.isfinite(filtered), filtered, values))


def torso_lengths_px(track: Track) -> Floats:
    """Return the length of the torso around each frame, (T,) in pixels; NaN if it was never seen."""
    lengths = track.torso_lengths_px
    known = np.isfinite(lengths)
    if not known.any():
        return lengths
    times_s = track.times_s
    filled: Floats = np.interp(times_s, times_s[known], lengths[known])
    # The quartile changes slowly: it is taken a few times a window, and interpolated in between.
    half_s = SCALE_WINDOW_S / 2
    at_s = np.linspace(times_s[0], times_s[-1], 2 + int(8 * (times_s[-1] - times_s[0]) / SCALE_WINDOW_S))
    starts, ends = np.searchsorted(times_s, at_s - half_s), np.searchsorted(times_s, at_s + half_s, "right")
    quartiles = [np.percentile(filled[start:end], 75) for start, end in zip(starts, ends, strict=True)]
    return np.asarray(np.interp(times_s, at_s, quartiles))
