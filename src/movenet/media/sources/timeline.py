"""When frames are shown: time stamps of any origin turned into seconds that start at 0 and always rise."""

from __future__ import annotations

from typing import Final

TICK_S: Final = 1e-4
"""What separates frames whose time stamps are equal."""
GLITCH_S: Final = 1.0
"""A step back in time by more than this is a new beginning (two recordings joined), by less a stray stamp."""
LEAP_S: Final = 3600.0
"""So is a step forward by more than this: nobody films so slowly, but damaged stamps point anywhere."""
DRIFT_S: Final = 3.0
"""A live stream's own clock is set anew if it strays from the wall clock by more than this."""


class RecordedTime:
    """The clock of a recording: its own time stamps, whatever they are worth."""

    def __init__(self, step_s: float) -> None:
        """`step_s` is the usual time between two frames, used where a time stamp is missing."""
        self._step_s = step_s
        self._origin_s: float | None = None
        self._last_s = -step_s

    @property
    def origin_s(self) -> float | None:
        """The stream's own time of this clock's 0; None as long as no frame had a time stamp."""
        return self._origin_s

    def __call__(self, stamp_s: float | None) -> float:
        """Return when the frame is shown, in seconds since the first; later than the frame before it."""
        time_s = self._last_s + self._step_s
        if stamp_s is not None:
            if self._origin_s is None or not -GLITCH_S < stamp_s - self._origin_s - self._last_s < LEAP_S:
                self._origin_s = stamp_s - time_s
            time_s = stamp_s - self._origin_s
        self._last_s = max(time_s, self._last_s + TICK_S)
        return self._last_s


class LiveTime:
    """The clock of a live source: the stream's time stamps, kept near the time of arrival."""

    def __init__(self) -> None:
        """Start when the first frame comes."""
        self._start_s: float | None = None
        self._shift_s: float | None = None
        self._last_s = -1.0

    def __call__(self, stamp_s: float | None, now_s: float) -> float:
        """Return seconds since the first frame; `now_s` is any clock that never steps back."""
        if self._start_s is None:
            self._start_s = now_s
        time_s = arrived_s = now_s - self._start_s
        if stamp_s is not None:
            if self._shift_s is None or abs(stamp_s + self._shift_s - arrived_s) > DRIFT_S:
                self._shift_s = arrived_s - stamp_s
            time_s = stamp_s + self._shift_s
        self._last_s = max(time_s, self._last_s + TICK_S, 0.0)
        return self._last_s

    def lost(self) -> None:
        """Forget the stream's own clock: after a loss it may start anywhere."""
        self._shift_s = None
