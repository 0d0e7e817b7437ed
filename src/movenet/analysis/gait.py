"""Steps from the distance of the ankles: number, cadence and step time.

They depend on the view: from the side every step opens the legs; from the front they hardly open in the picture, and
steps are missed. `Gait.side_view` tells whether the view allows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from movenet.analysis.signals import ANKLES, condition, torso_lengths_px
from movenet.analysis.track import Track

MIN_STEP: Final = 0.25
"""The ankles pass each other by at least this many torso lengths to either side."""


@dataclass(frozen=True, slots=True)
class Gait:
    """Steps of one person. Times are seconds of the video."""

    steps_s: tuple[float, ...]
    """When the legs were furthest apart, once each step: about when a heel strikes the ground."""
    leading: tuple[str, ...]
    """The foot that was further to the right in the picture at each step, "left" or "right"."""
    cadence_per_min: float
    """Steps per minute, from the median step time; NaN with fewer than three steps."""
    step_time_s: float
    """Median seconds from step to step; NaN with fewer than three steps."""
    side_view: bool
    """Whether the legs open as wide in the picture as they do from the side: else the numbers mean little."""


def measure_gait(track: Track) -> Gait:
    """Return the steps of one person: the turns of the horizontal distance between the ankles.

    A turn counts once the distance has come back by `MIN_STEP` from it.
    """
    points = track.known_keypoints
    apart = (points[:, ANKLES[0], 0] - points[:, ANKLES[1], 0]) / torso_lengths_px(track)
    smooth = condition(apart[:, None], track.times_s)[:, 0]
    known = np.flatnonzero(np.isfinite(smooth))
    turns = [known[at] for at in _turns(smooth[known].tolist(), MIN_STEP)]
    steps_s = track.times_s[turns]
    between = np.diff(steps_s)
    median_s = float(np.median(between)) if len(between) >= 2 else float("nan")
    wide = np.abs(smooth[turns])
    return Gait(
        steps_s=tuple(steps_s.tolist()),
        leading=tuple("left" if smooth[at] > 0 else "right" for at in turns),
        cadence_per_min=60.0 / median_s,
        step_time_s=median_s,
        side_view=bool(len(wide) and np.median(wide) >= 0.4),
    )


def _turns(values: list[float], least: float) -> list[int]:
    """Return where values turn, high and low in alternation, each followed by a change of at least `least`."""
    turns: list[int] = []
    if not values:
        return turns
    low = high = 0
    rising: bool | None = None
    for at, value in enumerate(values):
        low, high = (at if value < values[low] else low), (at if value > values[high] else high)
        if rising is not False and value <= values[high] - least:
            turns += [high] if rising else []
            rising, low = False, at
        elif rising is not True and value >= values[low] + least:
            turns += [low] if rising is False else []
            rising, high = True, at
    return turns
