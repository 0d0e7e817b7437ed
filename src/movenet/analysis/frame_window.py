"""The newest frames of a stream, which are evaluated a few times per second as a recording is."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from movenet.errors import DataError
from movenet.pose import Pose

EVERY_S: Final = 0.25
"""Time between two evaluations: what they find is told at most this late."""


@dataclass(frozen=True, slots=True)
class PosesAt:
    """The people in one frame."""

    time_s: float
    poses: tuple[Pose, ...]


@dataclass(slots=True)
class FrameWindow:
    """The frames of the last `length_s` seconds."""

    length_s: float
    frames: deque[PosesAt] = field(default_factory=deque)
    _evaluated_s: float = float("-inf")

    def add(self, time_s: float, poses: Sequence[Pose]) -> bool:
        """Add the next frame, drop those that are too old, and tell whether it is time for an evaluation.

        Raises:
            DataError: the time is not later than that of the frame before.
        """
        if self.frames and not time_s > self.frames[-1].time_s:
            raise DataError(f"expected a frame later than {self.frames[-1].time_s} s, got {time_s} s")
        self.frames.append(PosesAt(time_s, tuple(poses)))
        while self.frames[0].time_s < time_s - self.length_s:
            self.frames.popleft()
        is_due = time_s - self._evaluated_s >= EVERY_S
        if is_due:
            self._evaluated_s = time_s
        return is_due
