"""Events: standing, sitting, lying, fallen, hands up, each with a start and an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.signals import Floats, signal_of
from movenet.analysis.track import Track, mean_of_known

EventKind = Literal["standing", "sitting", "lying", "fallen", "hands up"]

LYING_DEG: Final = 60.0
"""A trunk leaning more than this from the vertical lies."""
UPRIGHT_DEG: Final = 45.0
"""A trunk leaning less than this no longer lies."""
STANDING_HEIGHT: Final = 1.35
"""Hips this many torso lengths above the ankles stand. A standing adult has about 1.7."""
SITTING_HEIGHT: Final = 1.15
"""Hips below this height do not stand: the person sits, squats or kneels."""
HANDS_UP: Final = 0.4
"""A wrist this many torso lengths above its shoulder is up: above the head."""
HANDS_DOWN: Final = 0.2
"""A wrist below this height is no longer up."""
MIN_EVENT_S: Final = 0.4
"""Shorter events are dropped."""
MIN_SITTING_S: Final = 2.5
"""Sitting shorter than this is a squat or a step."""
FALL_S: Final = 1.5
"""Lying that begins at most this long after the trunk leaned less than `FALL_FROM_DEG` is a fall."""
FALL_FROM_DEG: Final = 25.0


@dataclass(frozen=True, slots=True)
class Event:
    """A posture held for some time. Times are seconds of the video."""

    kind: EventKind
    start_s: float
    end_s: float


def find_events(track: Track) -> list[Event]:
    """Return the events of one person by their start; those at one time may overlap, such as standing with hands up.

    The rules are two-dimensional: who lies with the head or feet towards the camera does not look so, and who bends
    forward with straight legs for long looks like lying. "fallen" is lying that began within `FALL_S` of an upright
    trunk; it is an alarm to check, no medical statement.
    """
    if len(track) < 2:
        return []
    lean = mean_of_known(signal_of(track, "trunk_lean"), axis=1)
    # Of the lower foot: who lifts one stands on the other.
    height = np.fmax(*signal_of(track, "hip_height").T)
    hands = signal_of(track, "hand_height")
    lying = hysteresis(lean, LYING_DEG, UPRIGHT_DEG)
    standing = hysteresis(height, STANDING_HEIGHT, SITTING_HEIGHT) & ~lying
    sitting = hysteresis(-height, -SITTING_HEIGHT, -STANDING_HEIGHT) & ~lying
    up = hysteresis(np.fmax(hands[:, 0], hands[:, 1]), HANDS_UP, HANDS_DOWN) & ~lying
    events = [
        *_events("standing", standing, track.times_s, MIN_EVENT_S),
        *_events("sitting", sitting, track.times_s, MIN_SITTING_S),
        *_events("lying", lying, track.times_s, MIN_EVENT_S),
        *_events("hands up", up, track.times_s, MIN_EVENT_S),
    ]
    falls = [event for event in events if event.kind == "lying" and _was_upright(lean, track.times_s, event)]
    events += [Event("fallen", event.start_s, event.end_s) for event in falls]
    return sorted(events, key=lambda event: (event.start_s, event.kind))


def hysteresis(values: Floats, enter: float, leave: float) -> NDArray[np.bool_]:
    """Return (T,): on from a value of at least `enter` until one below `leave`; unknown values keep the state."""
    change = np.where(values >= enter, 1, np.where(values < leave, -1, 0))
    last = np.maximum.accumulate(np.where(change != 0, np.arange(len(values)), 0))
    return np.asarray(change[last] == 1)


def _events(kind: EventKind, active: NDArray[np.bool_], times_s: Floats, least_s: float) -> Iterator[Event]:
    edges = np.flatnonzero(np.diff(active.astype(np.int8), prepend=0, append=0))
    for start, end in list(pairwise(edges.tolist()))[::2]:
        event = Event(kind, float(times_s[start]), float(times_s[min(end, len(times_s) - 1)]))
        if event.end_s - event.start_s >= least_s:
            yield event


def _was_upright(lean: Floats, times_s: Floats, event: Event) -> bool:
    before = (times_s >= event.start_s - FALL_S) & (times_s < event.start_s)
    return bool((lean[before] < FALL_FROM_DEG).any())
