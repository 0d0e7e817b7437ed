"""What a moving camera films: pans, zooms, a shaky hand, an entry and a cut, over photos of a COCO list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Person, read_coco
from movenet.errors import DataError
from movenet.pose import KEYPOINTS
from movenet.synthetic.camera import Clip, Filming, Shot, Subject

Floats = NDArray[np.float64]


def make_clips(
    annotations: str | Path, images: str | Path, count: int, seed: int, filming: Filming | None = None
) -> list[Clip]:
    """Return clips over photos of a COCO keypoint list, one photo each, the `SCRIPTS` in turn.

    A photo qualifies if exactly one person is annotated in it, large enough to be filmed and with at least
    ten keypoints, a shoulder and a hip among them. No photo is opened before its clip is shown.

    Args:
        annotations: Path of the COCO JSON.
        images: Folder of the photos.
        count: How many clips.
        seed: Decides photos, framing, motion and noise: the same seed gives the same pixels.
        filming: How the camera films; `Filming()` if None.

    Raises:
        DataError: If the list cannot be read, or holds fewer photos that qualify.
    """
    film = Filming() if filming is None else filming
    subjects = find_subjects(Path(annotations), Path(images), film)
    if len(subjects) < count:
        raise DataError(f"expected {count} photos of one large, well labelled person, got {len(subjects)}")
    rng = np.random.default_rng(seed)
    chosen = [subjects[i] for i in rng.permutation(len(subjects))[:count]]
    return [
        Clip(f"{kind}-{subject.path.stem}", subject, script(subject, film, rng), film, seed + index)
        for index, (subject, (kind, script)) in enumerate(zip(chosen, cycle(SCRIPTS.items()), strict=False))
    ]


def pan(subject: Subject, filming: Filming, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The camera pans: the person crosses the picture at up to half to one body width per second."""
    scale = _fitting_scale(subject, filming, rng)
    left, right = _room_px(subject, filming, scale)
    way_px = rng.uniform(0.5, 1.0) * subject.box[2] * scale * filming.seconds / _PEAK_SPEED
    way_px = min(way_px, right - left)
    start_px = rng.uniform(left, right - way_px)
    x_px = start_px + way_px * _ease(filming.frame_count)[:: rng.choice([-1, 1])]
    return (_take(subject, filming, rng, x_px, scale),)


def zoom(subject: Subject, filming: Filming, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The camera zooms in or out by a third to two thirds."""
    scale, ratio = _fitting_scale(subject, filming, rng), rng.uniform(1.33, 1.67)
    scales = scale / ratio ** _ease(filming.frame_count)[:: rng.choice([-1, 1])]
    x_px = np.full(filming.frame_count, rng.uniform(*_room_px(subject, filming, scale)))
    return (_take(subject, filming, rng, x_px, scales),)


def shake(subject: Subject, filming: Filming, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The camera shakes: five times the usual sway."""
    scale = _fitting_scale(subject, filming, rng)
    x_px = np.full(filming.frame_count, rng.uniform(*_room_px(subject, filming, scale)))
    return (_take(subject, replace(filming, hand=5 * filming.hand), rng, x_px, scale),)


def enter(subject: Subject, filming: Filming, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The person comes in from one side, at up to 1.2 body widths per second, and stays."""
    scale, frames = _fitting_scale(subject, filming, rng), filming.frame_count
    body_px, (left, _) = subject.box[2] * scale, _room_px(subject, filming, scale)
    outside_px = -0.6 * body_px
    longest_px = 1.2 * body_px * 0.75 * filming.seconds / _PEAK_SPEED
    way_px = min(rng.uniform(left, filming.width / 2) - outside_px, longest_px)
    moving = max(1, round(0.75 * frames * way_px / longest_px))
    x_px = outside_px + way_px * np.concatenate([_ease(moving), np.ones(frames - moving)])
    if rng.random() < 0.5:
        x_px = filming.width - x_px
    return (_take(subject, filming, rng, x_px, scale),)


def cut(subject: Subject, filming: Filming, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The person at one side; for a quarter of the clip an empty scene; the person at the other side."""
    frames = filming.frame_count
    away, again = round(0.35 * frames), round(0.6 * frames)
    side = float(rng.integers(2))
    return (
        _steady(subject, filming, rng, away, side),
        replace(_steady(subject, filming, rng, again - away, 0.5), scene="empty"),
        _steady(subject, filming, rng, frames - again, 1.0 - side),
    )


Script = Callable[[Subject, Filming, np.random.Generator], tuple[Shot, ...]]
SCRIPTS: Final[Mapping[str, Script]] = MappingProxyType(
    {"pan": pan, "zoom": zoom, "shake": shake, "enter": enter, "cut": cut}
)
"""What a camera can do, by name."""

_PEAK_SPEED: Final = 1.875
"""The highest speed of `_ease` over its mean."""
_LEAST_FILL: Final = 0.45
"""Of the frame's height, by the person."""
_LARGEST_SCALE: Final = 1.6
"""Pixels of the frame for each of the photo: beyond, the photo's own blur would show."""
_SWAY_HZ: Final = 1.0
"""Corner frequency of a hand's sway."""


def _ease(frames: int) -> Floats:
    """Return `frames` values from 0 to 1 with the least jerk (Flash and Hogan 1985)."""
    u = np.linspace(0.0, 1.0, frames)
    return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u**2))


def _fitting_scale(subject: Subject, filming: Filming, rng: np.random.Generator) -> float:
    """Return a scale at which the person fills 45…85 % of the frame's height, or half its width."""
    _, _, width, height = subject.box
    fill = rng.uniform(_LEAST_FILL, 0.85)
    return float(min(fill * filming.height / height, 0.5 * filming.width / width, _LARGEST_SCALE))


def _room_px(subject: Subject, filming: Filming, scale: float) -> tuple[float, float]:
    """Return between which x of the frame the middle of the person's box may be, with all of it inside."""
    half_px = subject.box[2] * scale / 2
    return half_px, filming.width - half_px


def _steady(subject: Subject, filming: Filming, rng: np.random.Generator, frames: int, side: float) -> Shot:
    """Return a take of the person standing at the left (0) or right (1) side of the frame."""
    scale = _fitting_scale(subject, filming, rng)
    left, right = _room_px(subject, filming, scale)
    share = 0.1 + 0.8 * side + rng.uniform(-0.1, 0.1)
    return _take(subject, filming, rng, np.full(frames, left + share * (right - left)), scale)


def _take(
    subject: Subject, filming: Filming, rng: np.random.Generator, x_px: Floats, scale: Floats | float
) -> Shot:
    """Return the take with the middle of the person's box at `x_px` (T,) of the frame, but for the sway."""
    left, top, width, height = subject.box
    scales = np.broadcast_to(np.asarray(scale, np.float64), x_px.shape)
    slack_px = max(0.0, (filming.height - height * scales.max()) / 2)
    y_px = filming.height / 2 + rng.uniform(-0.8, 0.8) * slack_px
    shaken = filming.hand * sway(rng, len(x_px), filming.rate_hz)
    spot = np.column_stack([x_px, np.full(len(x_px), y_px)]) + shaken[:, :2] * filming.height
    from_middle = (spot - (filming.width / 2, filming.height / 2)) / scales[:, None]
    return Shot("person", (left + width / 2, top + height / 2) - from_middle, scales, shaken[:, 2])


def sway(rng: np.random.Generator, frames: int, rate_hz: float) -> Floats:
    """Return three independent low-passed noises of RMS 1: shape (frames, 3)."""
    if frames < 2:
        return np.zeros((frames, 3))
    # Made twice as long: a Fourier series ends where it began, a hand does not.
    white = np.fft.rfft(rng.standard_normal((2 * frames, 3)), axis=0)
    frequency = np.fft.rfftfreq(2 * frames, 1 / rate_hz)[:, None]
    noise = np.fft.irfft(white / (1 + (frequency / _SWAY_HZ) ** 2), 2 * frames, axis=0)[:frames]
    noise -= noise.mean(axis=0)
    return np.asarray(noise / np.sqrt((noise**2).mean(axis=0)))


def find_subjects(annotations: Path, images: Path, filming: Filming) -> list[Subject]:
    """Return the people of the list that qualify for a clip, in the list's order.

    Raises:
        DataError: if the list cannot be read.
    """
    read = read_coco(annotations, images, KEYPOINTS).strict()
    alone = ((image.path, *image.people) for image in read.images if len(image.people) == 1)
    return [_subject(path, person) for path, person in alone if _qualifies(person, filming)]


def _subject(path: Path, person: Person) -> Subject:
    keypoints = np.where(person.labelled[:, None], person.keypoints, np.nan)
    return Subject(path, keypoints, person.box, person.area)


def _qualifies(person: Person, filming: Filming) -> bool:
    labelled = person.labelled
    large = person.box[3] * _LARGEST_SCALE >= _LEAST_FILL * filming.height
    torso = labelled[5:7].any() and labelled[11:13].any()
    return bool(large and torso and labelled.sum() >= 10 and not person.crowd)
