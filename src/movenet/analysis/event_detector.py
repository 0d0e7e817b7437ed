"""Postures while frames come in: the newest seconds are evaluated as a recording is, a few times per second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from movenet.analysis.frame_window import FrameWindow
from movenet.analysis.posture import EventKind, find_events
from movenet.analysis.track import Track, make_tracks
from movenet.models import ModelCard
from movenet.pose import Pose

WINDOW_S: Final = 6.0
"""Events are found in this time: long enough to see a fall begin and the person stay down."""
MISSING_S: Final = 1.0
"""A person who has not been found for this time has no current events any more."""


@dataclass(slots=True)
class EventDetector:
    """Tells what each person of a stream is doing now: standing, sitting, lying, fallen, hands up.

    The rules, and their limits, are those of `find_events`. "fallen" stays on while the person lies; it is an alarm to
    check, no medical statement.
    """

    model: str | ModelCard = "lightning"
    """The model that estimates the poses, for the calibration of its scores."""
    events: dict[int | None, frozenset[EventKind]] = field(default_factory=dict)
    """The current events of each person in the newest frames; None is the person of a stream without ids."""
    _window: FrameWindow = field(default_factory=lambda: FrameWindow(WINDOW_S))

    def step(self, time_s: float, poses: Sequence[Pose]) -> dict[int | None, frozenset[EventKind]]:
        """Take the poses of the next frame; return the current events of each person by id, evaluated every 0.25 s.

        Args:
            time_s: time of the frame in seconds, later than the one before.
            poses: the people in it.

        Raises:
            DataError: the time is not later than that of the frame before, or a pose has another skeleton than COCO's.
        """
        if self._window.add(time_s, poses):
            before = self.events
            self.events = {
                track.id: _current_events(track, before.get(track.id, frozenset()))
                for track in make_tracks(self._window.frames, self.model)
                if track.times_s[-1] > time_s - MISSING_S
            }
        return dict(self.events)


def _current_events(track: Track, before: frozenset[EventKind]) -> frozenset[EventKind]:
    """Return the events at the end of a track; a fall lasts as long as the person lies, also beyond the window."""
    kinds = {event.kind for event in find_events(track) if event.end_s >= track.times_s[-1]}
    if "lying" in kinds and "fallen" in before:
        kinds.add("fallen")
    return frozenset(kinds)
