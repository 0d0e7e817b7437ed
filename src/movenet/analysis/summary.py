"""The analysis of a recording: of each person angles, repetitions, events and gait, ready for JSON and CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from movenet.analysis.angles import MIN_RELIABILITY
from movenet.analysis.definitions import ANGLE_NAMES
from movenet.analysis.exercises import Exercise
from movenet.analysis.gait import Gait, measure_gait
from movenet.analysis.posture import Event, find_events
from movenet.analysis.repetitions import Repetition, count_repetitions
from movenet.analysis.swaps import repair_swaps
from movenet.analysis.track import TimedPoses, Track, make_tracks
from movenet.analysis.warping import SequenceComparison
from movenet.atomic import atomic_write
from movenet.models import ModelCard

MIN_FRAMES: Final = 5
"""People found in fewer frames are left out, if there is anyone found in more."""
DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class AngleRange:
    """Range of motion of one angle. All NaN if it is never known."""

    min_deg: float
    max_deg: float
    mean_deg: float
    known: float
    """Share of the frames in which it is known, 0…1."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonSummary:
    """The analysis of one person."""

    track: Track
    """With swapped limbs put right."""
    swapped: float
    """Share of the frames in which limbs had been swapped, 0…1."""
    angles: dict[str, AngleRange]
    """By name, of `ANGLE_NAMES`."""
    repetitions: tuple[Repetition, ...]
    """Of the exercise asked for; empty without one."""
    events: tuple[Event, ...]
    gait: Gait


def summarize(
    frames: Iterable[TimedPoses],
    exercise: Exercise | None = None,
    model: str | ModelCard = "lightning",
    *,
    min_reliability: float = MIN_RELIABILITY,
) -> list[PersonSummary]:
    """Return the analysis of each person in the frames of one video, in the order of their ids.

    Args:
        frames: the poses of each frame.
        exercise: what to count; None counts nothing.
        model: the model that estimated the poses.
        min_reliability: angles below it are unknown, 0…1.

    Raises:
        DataError: as `make_tracks`.
        ModelError: there is no calibration for the model.
    """
    tracks = make_tracks(frames, model)
    long = [track for track in tracks if track.found.sum() >= MIN_FRAMES]
    return [_summary(track, exercise, min_reliability) for track in long or tracks]


def _summary(track: Track, exercise: Exercise | None, min_reliability: float) -> PersonSummary:
    repair = repair_swaps(track)
    right = repair.track
    return PersonSummary(
        track=right,
        swapped=repair.rate,
        angles={name: _range(right, name, min_reliability) for name in ANGLE_NAMES},
        repetitions=tuple(count_repetitions(right, exercise)) if exercise else (),
        events=tuple(find_events(right)),
        gait=measure_gait(right),
    )


def _range(track: Track, name: str, min_reliability: float) -> AngleRange:
    degrees = track.angle(name, min_reliability)
    known = degrees[np.isfinite(degrees)]
    if not len(known):
        return AngleRange(math.nan, math.nan, math.nan, 0.0)
    return AngleRange(float(known.min()), float(known.max()), float(known.mean()), len(known) / len(degrees))


def to_plain(people: Sequence[PersonSummary]) -> list[dict[str, Any]]:
    """Return the people as dicts and lists for JSON, rounded; NaN becomes null."""
    return [
        {
            "id": person.track.id,
            "start_s": _plain(float(person.track.times_s[0])),
            "end_s": _plain(float(person.track.times_s[-1])),
            "repetitions": [
                _plain(asdict(one) | {"duration_s": one.duration_s, "to_peak_s": one.to_peak_s})
                for one in person.repetitions
            ],
            "angles": {name: _plain(asdict(angle)) for name, angle in person.angles.items()},
            "events": [_plain(asdict(event)) for event in person.events],
            "gait": _plain(asdict(person.gait)),
            "swapped": _plain(person.swapped),
        }
        for person in people
    ]


def comparison_to_plain(found: SequenceComparison) -> dict[str, Any]:
    """Return a comparison for JSON, without its path."""
    return {
        name: _plain(getattr(found, name))
        for name in ("similarity", "mirrored", "offset_s", "offset_similarity", "difference_deg")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def write_angles(path: Path, people: Sequence[PersonSummary]) -> None:
    """Write the angles as CSV, a row per frame and person: time_s, id, each angle in degrees, each reliability.

    Unknown angles are empty; all others are written whatever their reliability, 0…1.

    Raises:
        FileError: the file cannot be written.
    """
    heads = ["time_s", "id", *ANGLE_NAMES, *(f"{name}_reliability" for name in ANGLE_NAMES)]
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(heads)
        for person in people:
            degrees, reliability = person.track.angles
            key = "" if person.track.id is None else person.track.id
            for time_s, row, certain in zip(person.track.times_s, degrees, reliability, strict=True):
                cells = ["" if math.isnan(value) else f"{value:.2f}" for value in row]
                table.writerow([f"{time_s:.6f}", key, *cells, *(f"{value:.3f}" for value in certain)])
