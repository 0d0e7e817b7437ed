"""One of many live streams, opened again after each loss: its frames go on in number and time, and are counted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.media.location import Location
from movenet.media.sources.base import Source
from movenet.pose import Pose

RATE_S: Final = 5.0
"""Length of the time over which the rate of a stream is counted."""
SHORTEST_STEP_S: Final = 0.001
"""Minimum time between the last frame before a loss and the first one after it."""


class StreamState:
    """What one stream has done so far. Written by its thread, read by any."""

    def __init__(self, name: str) -> None:
        self.name = name
        """The camera, or the address without its password."""
        self.condition: Literal["connecting", "running", "lost", "ended"] = "connecting"
        """"lost" waits to be opened again; "ended" was a recording."""
        self.frames = 0
        """Frames that were estimated."""
        self.dropped = 0
        """Frames that a newer one replaced."""
        self.losses = 0
        """Lost connections."""
        self.people = 0
        """Poses in the latest frame."""
        self.error = ""
        """Why it was lost; empty while it runs."""
        self._times_s: deque[float] = deque(maxlen=1000)

    def count(self, poses: Sequence[Pose]) -> None:
        """Count an estimated frame."""
        self.frames += 1
        self.people = len(poses)
        self._times_s.append(time.monotonic())

    @property
    def rate_fps(self) -> float:
        """Frames per second that were estimated in the last `RATE_S` seconds."""
        since_s = time.monotonic() - RATE_S
        times_s = [each for each in self._times_s.copy() if each >= since_s]
        if len(times_s) < self.frames:  # there were frames before that time
            return len(times_s) / RATE_S
        return len(times_s) / max(time.monotonic() - times_s[0], 1.0) if times_s else 0.0


class LiveStream:
    """One source of many: where it is, what is open, and what it has done."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.state = StreamState(str(location))
        self._source: Source | None = None
        self._start_s: float | None = None
        """Time of the first frame by the monotonic clock."""
        self._last_s, self._last = 0.0, -1
        """Time and number of the last frame."""
        self._offset_s, self._offset = 0.0, 0
        """Added to the times and numbers of the frames of the open source."""
        self._before = (0, 0)
        """Dropped frames and losses of earlier sources."""

    def begin(self, source: Source) -> None:
        """Take a source that was just opened."""
        now_s = time.monotonic()
        if self._start_s is None:
            self._start_s = now_s
        else:
            self._offset_s = max(now_s - self._start_s, self._last_s + SHORTEST_STEP_S)
            self._offset = self._last + 1
        self._source = source
        self.state.condition, self.state.error = "running", ""

    def count(self, frame: Frame, poses: Sequence[Pose]) -> Frame:
        """Count a frame; return it with its number and time since the first frame of the stream."""
        assert self._source is not None, "frames come from a source"
        dropped, losses = self._before
        self.state.dropped, self.state.losses = dropped + self._source.dropped, losses + self._source.losses
        self.state.count(poses)
        self._last, self._last_s = frame.index + self._offset, frame.time_s + self._offset_s
        return Frame(frame.native, self._last_s, self._last, frame.source)

    def lose(self, loss: MediaError) -> None:
        """Note that the source is lost or cannot be opened."""
        state = self.state
        state.condition, state.error, state.people = "lost", str(loss), 0
        if self._source is not None:
            state.losses += 1
            self._before = (state.dropped, state.losses)
            self._source = None

    def close(self) -> None:
        """Close the source, which ends the thread that waits for its frames."""
        source = self._source
        if source is not None:
            source.close()
