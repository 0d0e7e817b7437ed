"""Repetitions of an exercise: hysteresis in fractions of the person's own range of the signal.

The *depth* of a frame is 0 at rest and 1 at the peak. A repetition begins when the depth leaves the rest, counts as
done once it has passed `ENTER` and fallen below `LEAVE` again, and is dropped if its duration, its range or what else
the exercise asks for does not fit. Movements that turn back earlier are no repetitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.exercise_file import find_exercise
from movenet.analysis.exercises import Exercise, Range
from movenet.analysis.signals import (
    SIGNALS,
    Floats,
    complete_sides,
    condition,
    signal_of,
    torso_lengths_px,
)
from movenet.analysis.track import Track, mean_of_known

ENTER: Final = 0.5
"""A repetition reaches at least this depth."""
LEAVE: Final = 0.35
"""It is over below this depth."""
CUT_OFF: Final = 0.5
"""Where a recording ends within a repetition, it counts below this depth: more than half of the way back is done."""
REST: Final = 0.1
"""Below this depth nothing has begun."""
LEAST_RANGE: Final = 0.75
"""A single repetition has at least this share of the exercise's least range."""
MIN_SEEN: Final = 0.5
"""A condition of the exercise counts if its signal is known in at least this share of the frames."""
MAX_UNKNOWN_S: Final = 1.0
"""A longer gap within a repetition drops it."""
MIN_MEASURED: Final = 0.6
"""The signal is measured, not interpolated, in at least this share of a repetition's frames."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition. Times are seconds of the video."""

    start_s: float
    peak_s: float
    end_s: float
    range: float
    """Change of the exercise's signal from rest to peak: degrees, or lengths of the torso."""
    angle_deg: float
    """Angle of the exercise's joint at the peak, the mean of the sides that are known; NaN if none is."""
    left_right_deg: float
    """Left minus right angle of that joint at the peak; NaN unless both are known."""
    side: str = "both"
    """"left" or "right" if the exercise counts each side by itself."""

    @property
    def duration_s(self) -> float:
        """Seconds from start to end."""
        return self.end_s - self.start_s

    @property
    def to_peak_s(self) -> float:
        """Seconds from the start to the peak; the way back takes the rest of `duration_s`."""
        return self.peak_s - self.start_s


def count_repetitions(
    track: Track, exercise: str | Exercise, *, cut_off_depth: float = CUT_OFF
) -> list[Repetition]:
    """Return the repetitions of one person, in the order of time.

    Args:
        track: the person.
        exercise: one of `EXERCISES` by name, the path of a TOML file, or an `Exercise`.
        cut_off_depth: a repetition in which the recording ends counts below this depth.

    Raises:
        DataError: the exercise is unknown.
    """
    exercise = find_exercise(exercise) if isinstance(exercise, str) else exercise
    if len(track) < 3:
        return []
    found = [
        repetition
        for side, values in exercise_signals(track, exercise).items()
        for repetition in _count(track, exercise, (side, values), cut_off_depth)
    ]
    return _merge_sides(sorted(found, key=lambda one: one.start_s))


def exercise_signals(track: Track, exercise: Exercise) -> dict[str, Floats]:
    """Return the signal of an exercise over time, (T,), by side: "both", or "left" and "right"."""
    if callable(exercise.signal):
        values = np.asarray(exercise.signal(track), np.float64).reshape(len(track), 1)
        return {"both": condition(values, track.times_s)[:, 0]}
    if exercise.sides == "each":
        left, right = signal_of(track, exercise.signal).T
        return {"left": left, "right": right}
    raw = SIGNALS[exercise.signal](track, torso_lengths_px(track))
    values = condition(complete_sides(raw), track.times_s)
    if exercise.sides == "mean":
        return {"both": mean_of_known(values, axis=1)}
    # The side that has moved less.
    return {"both": (np.fmax if exercise.peak == "low" else np.fmin)(values[:, 0], values[:, 1])}


def _measured(track: Track, exercise: Exercise, side: str) -> NDArray[np.bool_]:
    """Return whether the signal is known, without interpolation, on this side, or for "both" on either: (T,)."""
    if callable(exercise.signal):
        return np.isfinite(np.asarray(exercise.signal(track), np.float64).reshape(len(track)))
    known = np.isfinite(SIGNALS[exercise.signal](track, torso_lengths_px(track)))
    return np.asarray({"left": known[:, 0], "right": known[:, 1]}.get(side, known.any(axis=1)), np.bool_)


def depth_of(values: Floats, exercise: Exercise) -> tuple[Floats, float]:
    """Return the depth (T,) in fractions of the person's own range, and that range; NaN where the signal is unknown."""
    known = values[np.isfinite(values)]
    if not len(known):
        return values, 0.0
    lowest, highest = float(known.min()), float(known.max())
    span = highest - lowest
    depth = (highest - values if exercise.peak == "low" else values - lowest) / max(span, 1e-9)
    return depth, span


@dataclass(frozen=True, slots=True)
class _Cycle:
    """Frame numbers of one repetition."""

    start: int
    peak: int
    end: int


def _count(
    track: Track, exercise: Exercise, signal: tuple[str, Floats], cut_off_depth: float
) -> list[Repetition]:
    side, values = signal
    depth, span = depth_of(values, exercise)
    if span < exercise.min_range:
        return []
    conditions = {
        name: signal_of(track, name) for name in {*exercise.at_rest, *exercise.at_peak, *exercise.travel}
    }
    # What is hardly ever seen, such as feet outside the picture, excludes nothing.
    conditions = {
        name: found for name, found in conditions.items() if np.isfinite(found).any(axis=1).mean() >= MIN_SEEN
    }
    joint = signal_of(track, exercise.joint)
    measured = _measured(track, exercise, side)
    return [
        _describe(track, values, joint, cycle, side)
        for cycle in _cycles(depth, track.times_s, cut_off_depth)
        if _is_one(cycle, track.times_s, values, exercise)
        and measured[cycle.start : cycle.end + 1].mean() >= MIN_MEASURED
        and _fits(cycle, exercise, conditions, side)
    ]


def _cycles(depth: Floats, times_s: Floats, cut_off_depth: float) -> list[_Cycle]:
    """Return the cycles rest, peak, rest of the depth (T,). What began before the first rest is none."""
    known = np.flatnonzero(np.isfinite(depth))
    cycles: list[_Cycle] = []
    rest: int | None = None
    entered = False
    last = -1
    for frame in known.tolist():
        if last >= 0 and times_s[frame] - times_s[last] > MAX_UNKNOWN_S:
            rest, entered = None, False
        last = frame
        value = depth[frame]
        if value < (cut_off_depth if frame == len(depth) - 1 else LEAVE):
            if entered and rest is not None:
                cycles.append(_Cycle(rest, rest + int(np.nanargmax(depth[rest : frame + 1])), frame))
            if entered or rest is None or value <= max(REST, depth[rest]):
                rest = frame
            entered = False
        elif value >= ENTER and rest is not None:
            entered = True
    return _extended(cycles, depth)


def _extended(cycles: list[_Cycle], depth: Floats) -> list[_Cycle]:
    """Return the cycles with their ends moved on to the rest, or to the shallowest frame before the next start."""
    ends = [*(cycle.start for cycle in cycles), len(depth) - 1][1:]
    longer = []
    for cycle, limit in zip(cycles, ends, strict=True):
        after = depth[cycle.end : limit + 1]
        still = np.flatnonzero(after <= REST)
        falling = np.flatnonzero(np.diff(after) > 0)
        steps = min([*still[:1].tolist(), *falling[:1].tolist()], default=len(after) - 1)
        longer.append(replace(cycle, end=cycle.end + max(steps, 0)))
    return longer


def _is_one(cycle: _Cycle, times_s: Floats, values: Floats, exercise: Exercise) -> bool:
    duration_s = times_s[cycle.end] - times_s[cycle.start]
    return bool(
        exercise.min_duration_s <= duration_s <= exercise.max_duration_s
        and abs(values[cycle.peak] - values[cycle.start]) >= LEAST_RANGE * exercise.min_range
    )


def _fits(cycle: _Cycle, exercise: Exercise, conditions: dict[str, Floats], side: str) -> bool:
    columns = {"left": [0], "right": [1]}.get(side, [0, 1])

    def seen(ranges: Mapping[str, Range]) -> list[tuple[str, Range]]:
        return [(name, limits) for name, limits in ranges.items() if name in conditions]

    def values(name: str, frames: slice) -> Floats:
        return mean_of_known(conditions[name][frames, columns[0] : columns[-1] + 1], axis=1)

    def within(values: Floats, limits: Range) -> bool:
        return bool(len(values) and ((limits[0] <= values) & (values <= limits[1])).all())

    def travel(name: str) -> Floats:
        known = values(name, slice(cycle.start, cycle.end + 1))
        known = known[np.isfinite(known)]
        return np.atleast_1d(np.ptp(known)) if len(known) else known

    at_rest, at_peak = slice(cycle.start, cycle.start + 1), slice(cycle.peak, cycle.peak + 1)
    return (
        all(within(values(name, at_rest), limits) for name, limits in seen(exercise.at_rest))
        and all(within(values(name, at_peak), limits) for name, limits in seen(exercise.at_peak))
        and all(within(travel(name), limits) for name, limits in seen(exercise.travel))
    )


def _describe(track: Track, values: Floats, joint: Floats, cycle: _Cycle, side: str) -> Repetition:
    left, right = joint[cycle.peak].tolist()
    angle = {"left": left, "right": right}.get(side, float(mean_of_known(joint[cycle.peak], axis=0)))
    start_s, peak_s, end_s = track.times_s[[cycle.start, cycle.peak, cycle.end]].tolist()
    span = float(abs(values[cycle.peak] - values[cycle.start]))
    return Repetition(start_s, peak_s, end_s, span, angle, left - right, side)


def _merge_sides(found: list[Repetition]) -> list[Repetition]:
    """Return the repetitions, with those of both sides whose peaks lie within each other as one of "both"."""
    merged: list[Repetition] = []
    for one in found:
        before = merged[-1] if merged else None
        together = before is not None and {before.side, one.side} == {"left", "right"}
        if before is not None and together and before.start_s <= one.peak_s <= before.end_s:
            merged[-1] = replace(before, end_s=max(before.end_s, one.end_s), side="both")
        else:
            merged.append(one)
    return merged
