"""Synthetic videos of one person: pan, zoom, hand shake, entry and cut, over photos of a COCO file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from movenet.annotations import Person, read_coco
from movenet.errors import DataError
from movenet.pose import KEYPOINTS
from movenet.synthetic.camera import CameraSettings, Clip, Floats, PersonPhoto, Shot


def make_clips(
    annotations: str | Path,
    images: str | Path,
    count: int,
    seed: int,
    camera: CameraSettings | None = None,
    scenarios: Mapping[str, Scenario] | None = None,
) -> list[Clip]:
    """Return clips over photos of a COCO keypoint file, one photo each, the scenarios in turn.

    A photo qualifies if exactly one person is annotated in it, large enough and with at least
    ten keypoints, a shoulder and a hip among them. No photo is opened before its clip is shown.

    Args:
        annotations: Path of the COCO JSON.
        images: Folder of the photos.
        count: Number of clips.
        seed: Seed of the choice of photos, framing, motion and noise.
        camera: Settings of the camera; `CameraSettings()` if None.
        scenarios: Camera motions, by name; `SCENARIOS` if None.

    Raises:
        DataError: If the file cannot be read, or too few photos qualify.
    """
    camera = CameraSettings() if camera is None else camera
    people = find_person_photos(Path(annotations), Path(images), camera)
    if len(people) < count:
        raise DataError(f"expected {count} photos of one large, well labelled person, got {len(people)}")
    rng = np.random.default_rng(seed)
    chosen = [people[i] for i in rng.permutation(len(people))[:count]]
    return [
        Clip(f"{kind}-{person.path.stem}", person, scenario(person, camera, rng), camera, seed + index)
        for index, (person, (kind, scenario)) in enumerate(
            zip(chosen, cycle((scenarios or SCENARIOS).items()), strict=False)
        )
    ]


def pan(person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The camera pans: the person crosses the picture at up to half to one body width per second."""
    scale = _fitting_scale(person, camera, rng)
    left, right = _range_px(person, camera, scale)
    distance_px = rng.uniform(0.5, 1.0) * person.box[2] * scale * camera.seconds / _PEAK_SPEED
    distance_px = min(distance_px, right - left)
    start_px = rng.uniform(left, right - distance_px)
    x_px = start_px + distance_px * _minimum_jerk(camera.frame_count)[:: rng.choice([-1, 1])]
    return (_shot(person, camera, rng, x_px, scale),)


def zoom(person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The camera zooms in or out by a third to two thirds."""
    scale, ratio = _fitting_scale(person, camera, rng), rng.uniform(1.33, 1.67)
    scales = scale / ratio ** _minimum_jerk(camera.frame_count)[:: rng.choice([-1, 1])]
    x_px = np.full(camera.frame_count, rng.uniform(*_range_px(person, camera, scale)))
    return (_shot(person, camera, rng, x_px, scales),)


def shake(person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The camera shakes: five times the usual hand shake."""
    scale = _fitting_scale(person, camera, rng)
    x_px = np.full(camera.frame_count, rng.uniform(*_range_px(person, camera, scale)))
    return (_shot(person, replace(camera, hand_shake=5 * camera.hand_shake), rng, x_px, scale),)


def enter(person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The person comes in from one side, at up to 1.2 body widths per second, and stays."""
    scale, frames = _fitting_scale(person, camera, rng), camera.frame_count
    body_px, (left, _) = person.box[2] * scale, _range_px(person, camera, scale)
    outside_px = -0.6 * body_px
    longest_px = 1.2 * body_px * 0.75 * camera.seconds / _PEAK_SPEED
    distance_px = min(rng.uniform(left, camera.width / 2) - outside_px, longest_px)
    moving = max(1, round(0.75 * frames * distance_px / longest_px))
    x_px = outside_px + distance_px * np.concatenate([_minimum_jerk(moving), np.ones(frames - moving)])
    if rng.random() < 0.5:
        x_px = camera.width - x_px
    return (_shot(person, camera, rng, x_px, scale),)


def cut(person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator) -> tuple[Shot, ...]:
    """The person at one side; for a quarter of the clip an empty scene; the person at the other side."""
    frames = camera.frame_count
    away, again = round(0.35 * frames), round(0.6 * frames)
    side = float(rng.integers(2))
    return (
        _still_shot(person, camera, rng, away, side),
        replace(_still_shot(person, camera, rng, again - away, 0.5), scene="empty"),
        _still_shot(person, camera, rng, frames - again, 1.0 - side),
    )


Scenario = Callable[[PersonPhoto, CameraSettings, np.random.Generator], tuple[Shot, ...]]
SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {"pan": pan, "zoom": zoom, "shake": shake, "enter": enter, "cut": cut}
)
"""Camera motions, by name."""

_PEAK_SPEED: Final = 1.875
"""The highest speed of `_minimum_jerk` over its mean."""
_LEAST_FILL: Final = 0.45
"""Lowest share of the frame's height that the person fills."""
_LARGEST_SCALE: Final = 1.6
"""Pixels of the frame per pixel of the photo; more would show the photo's own blur."""
_SHAKE_HZ: Final = 1.0
"""Corner frequency of a hand's shake."""


def _minimum_jerk(frames: int) -> Floats:
    """Return `frames` values from 0 to 1 of least jerk (Flash and Hogan 1985)."""
    u = np.linspace(0.0, 1.0, frames)
    return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u**2))


def _fitting_scale(person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator) -> float:
    """Return a scale at which the person fills 45…85 % of the frame's height, or half its width."""
    _, _, width, height = person.box
    fill = rng.uniform(_LEAST_FILL, 0.85)
    return float(min(fill * camera.height / height, 0.5 * camera.width / width, _LARGEST_SCALE))


def _range_px(person: PersonPhoto, camera: CameraSettings, scale: float) -> tuple[float, float]:
    """Return the range of x in the frame, in pixels, of the middle of a box that is wholly inside."""
    half_px = person.box[2] * scale / 2
    return half_px, camera.width - half_px


def _still_shot(
    person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator, frames: int, side: float
) -> Shot:
    """Return a shot of the person at the left (0) or right (1) side of the frame, without camera motion."""
    scale = _fitting_scale(person, camera, rng)
    left, right = _range_px(person, camera, scale)
    share = 0.1 + 0.8 * side + rng.uniform(-0.1, 0.1)
    return _shot(person, camera, rng, np.full(frames, left + share * (right - left)), scale)


def _shot(
    person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator, x_px: Floats, scale: Floats | float
) -> Shot:
    """Return the shot with the middle of the person's box at `x_px`, (T,) in pixels of the frame, plus hand shake."""
    left, top, width, height = person.box
    scales = np.broadcast_to(np.asarray(scale, np.float64), x_px.shape)
    slack_px = max(0.0, (camera.height - height * scales.max()) / 2)
    y_px = camera.height / 2 + rng.uniform(-0.8, 0.8) * slack_px
    shake = camera.hand_shake * hand_shake(rng, len(x_px), camera.rate_hz)
    position = np.column_stack([x_px, np.full(len(x_px), y_px)]) + shake[:, :2] * camera.height
    from_middle = (position - (camera.width / 2, camera.height / 2)) / scales[:, None]
    return Shot("person", (left + width / 2, top + height / 2) - from_middle, scales, shake[:, 2])


def hand_shake(rng: np.random.Generator, frames: int, rate_hz: float) -> Floats:
    """Return three independent low-passed noises of RMS 1: shape (frames, 3)."""
    if frames < 2:
        return np.zeros((frames, 3))
    # Twice as long as needed: a Fourier series is periodic, hand shake is not.
    white = np.fft.rfft(rng.standard_normal((2 * frames, 3)), axis=0)
    frequency = np.fft.rfftfreq(2 * frames, 1 / rate_hz)[:, None]
    noise = np.fft.irfft(white / (1 + (frequency / _SHAKE_HZ) ** 2), 2 * frames, axis=0)[:frames]
    noise -= noise.mean(axis=0)
    return np.asarray(noise / np.sqrt((noise**2).mean(axis=0)))


def find_person_photos(annotations: Path, images: Path, camera: CameraSettings) -> list[PersonPhoto]:
    """Return the photos of a COCO file that qualify for a clip, in the order of the file.

    Raises:
        DataError: if the file cannot be read.
    """
    read = read_coco(annotations, images, KEYPOINTS).strict()
    alone = ((image.path, *image.people) for image in read.images if len(image.people) == 1)
    return [_to_photo(path, person) for path, person in alone if _qualifies(person, camera)]


def _to_photo(path: Path, person: Person) -> PersonPhoto:
    keypoints = np.where(person.labelled[:, None], person.keypoints, np.nan)
    return PersonPhoto(path, keypoints, person.box, person.area)


def _qualifies(person: Person, camera: CameraSettings) -> bool:
    labelled = person.labelled
    large = person.box[3] * _LARGEST_SCALE >= _LEAST_FILL * camera.height
    torso = labelled[5:7].any() and labelled[11:13].any()
    return bool(large and torso and labelled.sum() >= 10 and not person.crowd)
