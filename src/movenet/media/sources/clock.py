"""Presentation times: timestamps of any origin become strictly increasing seconds from 0."""

from __future__ import annotations

from typing import Final

MIN_STEP_S: Final = 1e-4
"""Minimum time between two frames, used if their timestamps are equal."""
MAX_BACK_S: Final = 1.0
"""A larger step back is the start of another recording (two files joined); a smaller one is a wrong timestamp."""
MAX_FORWARD_S: Final = 3600.0
"""A larger step forward counts as the start of another recording, too: it comes from damaged timestamps."""
MAX_DRIFT_S: Final = 3.0
"""Largest difference between a live stream's clock and the time of arrival; beyond it the offset is set anew."""


class RecordingClock:
    """Presentation times of a recording, from its own timestamps."""

    def __init__(self, step_s: float) -> None:
        """Set the usual time between two frames, `step_s`, used if a timestamp is missing."""
        self._step_s = step_s
        self._origin_s: float | None = None
        self._last_s = -step_s

    def jump(self, timestamp_s: float) -> None:
        """Go on at a frame with this timestamp, far from the last one, of the same recording."""
        self._last_s = timestamp_s - (self._origin_s or 0.0) - self._step_s

    @property
    def origin_s(self) -> float | None:
        """The stream's timestamp at time 0; None until a frame has a timestamp."""
        return self._origin_s

    def __call__(self, timestamp_s: float | None) -> float:
        """Return the time of the next frame in seconds since the first one; it is later than the previous frame's."""
        time_s = self._last_s + self._step_s
        if timestamp_s is not None:
            if (
                self._origin_s is None
                or not -MAX_BACK_S < timestamp_s - self._origin_s - self._last_s < MAX_FORWARD_S
            ):
                self._origin_s = timestamp_s - time_s
            time_s = timestamp_s - self._origin_s
        self._last_s = max(time_s, self._last_s + MIN_STEP_S)
        return self._last_s


class LiveClock:
    """Times of a live source: the stream's timestamps, kept near the time of arrival."""

    def __init__(self) -> None:
        """Create a clock that starts with the first frame."""
        self._start_s: float | None = None
        self._shift_s: float | None = None
        self._last_s = -1.0

    def __call__(self, timestamp_s: float | None, now_s: float) -> float:
        """Return the time of a frame in seconds since the first one; `now_s` is its arrival by a monotonic clock."""
        if self._start_s is None:
            self._start_s = now_s
        time_s = arrived_s = now_s - self._start_s
        if timestamp_s is not None:
            if self._shift_s is None or abs(timestamp_s + self._shift_s - arrived_s) > MAX_DRIFT_S:
                self._shift_s = arrived_s - timestamp_s
            time_s = timestamp_s + self._shift_s
        self._last_s = max(time_s, self._last_s + MIN_STEP_S, 0.0)
        return self._last_s

    def reset(self) -> None:
        """Forget the offset of the stream's clock, which may restart anywhere after a loss."""
        self._shift_s = None
