"""Counting while frames come in: the newest seconds are counted as a recording is, a few times per second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from movenet.analysis.exercise_file import find_exercise
from movenet.analysis.exercises import Exercise
from movenet.analysis.frame_window import FrameWindow
from movenet.analysis.repetitions import LEAVE, Repetition, count_repetitions
from movenet.analysis.track import Track, make_tracks
from movenet.models import ModelCard
from movenet.pose import Pose

WINDOW_S: Final = 20.0
"""The person's range of movement is that of this time."""
MAX_AGE_S: Final = 2.0
"""A repetition that ended earlier than this before the newest frame is not counted any more."""


@dataclass(slots=True)
class RepetitionCounter:
    """Counts the repetitions of an exercise in a stream, by the id of the person.

    Raises:
        DataError: the exercise is unknown.
    """

    exercise: str | Exercise
    """One of `EXERCISES` by name, the path of a TOML file, or an `Exercise`."""
    model: str | ModelCard = "lightning"
    """The model that estimates the poses, for the calibration of its scores."""
    repetitions: dict[int | None, list[Repetition]] = field(default_factory=dict)
    """The repetitions so far by the id of the person; None is the person of a stream without ids."""
    _window: FrameWindow = field(default_factory=lambda: FrameWindow(WINDOW_S))

    def __post_init__(self) -> None:
        if isinstance(self.exercise, str):
            self.exercise = find_exercise(self.exercise)

    @property
    def name(self) -> str:
        """Name of the exercise."""
        return self.exercise if isinstance(self.exercise, str) else self.exercise.name

    def count(self, person: int | None = None) -> int:
        """Return the number of repetitions so far of a person by id, or of all people together."""
        counted = self.repetitions.values() if person is None else [self.repetitions.get(person, [])]
        return sum(map(len, counted))

    def step(self, time_s: float, poses: Sequence[Pose]) -> dict[int | None, int]:
        """Take the poses of the next frame; return the number of repetitions of each person counted so far.

        Args:
            time_s: time of the frame in seconds, later than the one before.
            poses: the people in it.

        Raises:
            DataError: the time is not later than that of the frame before.
        """
        if self._window.add(time_s, poses):
            for track in make_tracks(self._window.frames, self.model):
                self._add_new(track, time_s)
        return {person: len(found) for person, found in self.repetitions.items()}

    def _add_new(self, track: Track, now_s: float) -> None:
        counted = self.repetitions.setdefault(track.id, [])
        for one in count_repetitions(track, self.exercise, cut_off_depth=LEAVE):
            is_new = not counted or one.peak_s > counted[-1].end_s
            if is_new and one.end_s >= now_s - MAX_AGE_S:
                counted.append(one)
