"""Synthetic videos of several people, who cross, overtake, leave, come back and replace each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle, islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from movenet.errors import DataError
from movenet.synthetic.camera import CameraSettings, Floats, PersonPhoto
from movenet.synthetic.one_person import find_person_photos, hand_shake
from movenet.synthetic.scene import Scene, Walker

MIN_KEYPOINTS: Final = 14
"""Minimum number of labelled keypoints of a person who is cut out."""
MIN_ASPECT: Final = 1.3
"""Least height of the person's box, relative to its width."""
GROUND_Y: Final = 0.93
"""y of the feet of the nearest people, in heights of the frame."""


def make_scenes(
    annotations: str | Path, images: str | Path, count: int, seed: int, camera: CameraSettings | None = None
) -> list[Scene]:
    """Return scenes of people from photos of a COCO keypoint file, the `SCENARIOS` in turn.

    A photo qualifies if exactly one person is annotated in it, upright, large enough and almost wholly labelled.
    No person is twice in a scene. No photo is opened before its scene is rendered.

    Args:
        annotations: Path of the COCO JSON.
        images: Folder of the photos.
        count: Number of scenes.
        seed: Seed of the choice of people, paths and noise.
        camera: Settings of the camera; `CameraSettings()` if None.

    Raises:
        DataError: If the file cannot be read, or too few photos qualify.
    """
    camera = CameraSettings() if camera is None else camera
    people = [s for s in find_person_photos(Path(annotations), Path(images), camera) if is_upright(s)]
    if len(people) < MOST_PEOPLE:
        raise DataError(f"expected {MOST_PEOPLE} photos of one upright person, got {len(people)}")
    rng = np.random.default_rng(seed)
    queue = cycle([people[i] for i in rng.permutation(len(people))])
    scenes = []
    for index, (kind, scenario) in enumerate(islice(cycle(SCENARIOS.items()), count)):
        walkers = tuple(scenario(lambda: next(queue), camera, rng))
        shake_px = (
            camera.hand_shake * camera.height * hand_shake(rng, camera.frame_count, camera.rate_hz)[:, :2]
        )
        scenes.append(Scene(f"{kind}-{index}", walkers, shake_px, camera, seed + index))
    return scenes


NextPerson = Callable[[], PersonPhoto]
Scenario = Callable[[NextPerson, CameraSettings, np.random.Generator], list[Walker]]


def cross(next_person: NextPerson, camera: CameraSettings, rng: np.random.Generator) -> list[Walker]:
    """Two people cross from side to side."""
    paths = [_walk(0.1, 0.9, camera), _walk(0.9, 0.1, camera)]
    return [_walker(next_person(), x, camera, rng) for x in rng.permutation(paths)]


def overtake(next_person: NextPerson, camera: CameraSettings, rng: np.random.Generator) -> list[Walker]:
    """One person overtakes the other, who is hidden for longer than in `cross`."""
    paths = [_walk(0.25, 0.65, camera), _walk(0.08, 0.9, camera)]
    turned = rng.random() < 0.5
    return [_walker(next_person(), 1 - x if turned else x, camera, rng) for x in rng.permutation(paths)]


def leave(next_person: NextPerson, camera: CameraSettings, rng: np.random.Generator) -> list[Walker]:
    """One person leaves the picture and comes back within a second; the other one stays."""
    goes, stays = next_person(), next_person()
    scale = _scale(goes, camera, rng)
    half = 0.5 * goes.box[2] * scale / camera.width
    times_s = np.arange(camera.frame_count) / camera.rate_hz
    away_s, middle_s = rng.uniform(0.3, 0.8), camera.seconds / 2
    # At this speed, in widths of the frame, all of them is out of the picture for `away_s`.
    speed = rng.uniform(0.2, 0.35)
    x = np.minimum(-half + speed * (np.abs(times_s - middle_s) - away_s / 2), 0.4)
    turned = rng.random() < 0.5
    walker = _walker(goes, 1 - x if turned else x, camera, rng, scale)
    other = _walker(
        stays, _walk(0.62, 0.68, camera) if not turned else _walk(0.38, 0.32, camera), camera, rng
    )
    return [walker, other]


def relay(next_person: NextPerson, camera: CameraSettings, rng: np.random.Generator) -> list[Walker]:
    """One person leaves the picture; a moment later another one enters, from either side."""
    times_s = np.arange(camera.frame_count) / camera.rate_hz
    first, second = next_person(), next_person()
    scales = [_scale(person, camera, rng) for person in (first, second)]
    halves = [0.5 * p.box[2] * s / camera.width for p, s in zip((first, second), scales, strict=True)]
    gone_s, speed = camera.seconds * 0.4, rng.uniform(0.25, 0.35)
    out = np.minimum(-halves[0] + speed * (gone_s - times_s), 0.45)
    back = np.minimum(-halves[1] + speed * (times_s - gone_s - rng.uniform(0.2, 0.8)), 0.45)
    if rng.random() < 0.5:
        back = 1 - back
    return [_walker(first, out, camera, rng, scales[0]), _walker(second, back, camera, rng, scales[1])]


def crowd(next_person: NextPerson, camera: CameraSettings, rng: np.random.Generator) -> list[Walker]:
    """Four people: two walk slowly, two cross in front of them."""
    (a, b), (c, d) = rng.uniform(0.15, 0.4, 2), rng.uniform(0.6, 0.85, 2)
    paths = [_walk(a, b, camera), _walk(c, d, camera)]
    paths += [_walk(0.08, 0.85, camera), _walk(0.92, 0.15, camera)]
    return [_walker(next_person(), x, camera, rng) for x in paths]


SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {"cross": cross, "overtake": overtake, "leave": leave, "relay": relay, "crowd": crowd}
)
"""Motions of the people, by name."""
MOST_PEOPLE: Final = 4
"""Most people in one scene."""


def _walk(start: float, end: float, camera: CameraSettings) -> Floats:
    """Return (T,): x of a walk at constant speed, in widths of the frame."""
    return np.linspace(start, end, camera.frame_count)


def _scale(person: PersonPhoto, camera: CameraSettings, rng: np.random.Generator) -> float:
    """Return a scale at which the person fills 50…75 % of the frame's height, or a third of its width at most."""
    _, _, width, height = person.box
    return float(min(rng.uniform(0.5, 0.75) * camera.height / height, camera.width / 3 / width))


def _walker(
    person: PersonPhoto,
    x: Floats,
    camera: CameraSettings,
    rng: np.random.Generator,
    scale: float | None = None,
) -> Walker:
    """Return a walker with the middle of the box at `x`, (T,) in widths of the frame, and the feet on the ground."""
    scale = _scale(person, camera, rng) if scale is None else scale
    feet_px = camera.height * (GROUND_Y - rng.uniform(0, 0.08))
    y_px = np.full(len(x), feet_px - person.box[3] * scale / 2)
    return Walker(person, np.column_stack([x * camera.width, y_px]), scale)


def is_upright(person: PersonPhoto) -> bool:
    """Tell whether a person stands, and is almost wholly labelled: then the cut-out is whole."""
    labelled = np.isfinite(person.keypoints).all(axis=1).sum()
    return bool(labelled >= MIN_KEYPOINTS and person.box[3] >= MIN_ASPECT * person.box[2])
