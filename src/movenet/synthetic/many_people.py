"""What several people do in front of a camera: they cross, overtake, leave, come back and follow each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle, islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from movenet.errors import DataError
from movenet.synthetic.camera import Filming, Floats, Subject
from movenet.synthetic.one_person import find_subjects, sway
from movenet.synthetic.scene import Scene, Walker

LEAST_KEYPOINTS: Final = 14
"""Labelled keypoints of somebody who can be cut out whole."""
UPRIGHT: Final = 1.3
"""Least height of their box, relative to its width."""
GROUND: Final = 0.93
"""Where the nearest stand, in heights of the frame."""


def make_scenes(
    annotations: str | Path, images: str | Path, count: int, seed: int, filming: Filming | None = None
) -> list[Scene]:
    """Return scenes of people from photos of a COCO keypoint list, the `SCRIPTS` in turn.

    A photo qualifies if exactly one person is annotated in it, upright, large enough and almost wholly labelled.
    Nobody is twice in a scene. No photo is opened before its scene is shown.

    Args:
        annotations: Path of the COCO JSON.
        images: Folder of the photos.
        count: How many scenes.
        seed: Decides people, paths and noise: the same seed gives the same pixels.
        filming: How the camera films; `Filming()` if None.

    Raises:
        DataError: If the list cannot be read, or holds too few photos that qualify.
    """
    film = Filming() if filming is None else filming
    subjects = [s for s in find_subjects(Path(annotations), Path(images), film) if _is_whole(s)]
    if len(subjects) < MOST_PEOPLE:
        raise DataError(f"expected {MOST_PEOPLE} photos of one upright person, got {len(subjects)}")
    rng = np.random.default_rng(seed)
    queue = cycle([subjects[i] for i in rng.permutation(len(subjects))])
    scenes = []
    for index, (kind, script) in enumerate(islice(cycle(SCRIPTS.items()), count)):
        walkers = tuple(script(lambda: next(queue), film, rng))
        hand_px = film.hand * film.height * sway(rng, film.frame_count, film.rate_hz)[:, :2]
        scenes.append(Scene(f"{kind}-{index}", walkers, hand_px, film, seed + index))
    return scenes


Cast = Callable[[], Subject]
"""Gives the next person."""
Script = Callable[[Cast, Filming, np.random.Generator], list[Walker]]


def cross(cast: Cast, filming: Filming, rng: np.random.Generator) -> list[Walker]:
    """Two cross from side to side, at one to one and a half of their height in two seconds."""
    ways = [_between(0.1, 0.9, filming), _between(0.9, 0.1, filming)]
    return [_walker(cast(), x, filming, rng) for x in rng.permutation(ways)]


def overtake(cast: Cast, filming: Filming, rng: np.random.Generator) -> list[Walker]:
    """One overtakes the other, who is hidden for longer."""
    ways = [_between(0.25, 0.65, filming), _between(0.08, 0.9, filming)]
    turned = rng.random() < 0.5
    return [_walker(cast(), 1 - x if turned else x, filming, rng) for x in rng.permutation(ways)]


def leave(cast: Cast, filming: Filming, rng: np.random.Generator) -> list[Walker]:
    """One walks out of the picture and comes back within a second, while the other stays."""
    goes, stays = cast(), cast()
    scale = _scale(goes, filming, rng)
    half = 0.5 * goes.box[2] * scale / filming.width
    times_s = np.arange(filming.frame_count) / filming.rate_hz
    away_s, middle_s = rng.uniform(0.3, 0.8), filming.seconds / 2
    # At this speed, in widths of the frame, all of them is out of the picture for `away_s`.
    speed = rng.uniform(0.2, 0.35)
    x = np.minimum(-half + speed * (np.abs(times_s - middle_s) - away_s / 2), 0.4)
    turned = rng.random() < 0.5
    walker = _walker(goes, 1 - x if turned else x, filming, rng, scale)
    other = _walker(
        stays, _between(0.62, 0.68, filming) if not turned else _between(0.38, 0.32, filming), filming, rng
    )
    return [walker, other]


def relay(cast: Cast, filming: Filming, rng: np.random.Generator) -> list[Walker]:
    """One walks out of the picture; a moment later another comes in, from either side."""
    times_s = np.arange(filming.frame_count) / filming.rate_hz
    first, second = cast(), cast()
    scales = [_scale(person, filming, rng) for person in (first, second)]
    halves = [0.5 * p.box[2] * s / filming.width for p, s in zip((first, second), scales, strict=True)]
    gone_s, speed = filming.seconds * 0.4, rng.uniform(0.25, 0.35)
    out = np.minimum(-halves[0] + speed * (gone_s - times_s), 0.45)
    back = np.minimum(-halves[1] + speed * (times_s - gone_s - rng.uniform(0.2, 0.8)), 0.45)
    if rng.random() < 0.5:
        back = 1 - back
    return [_walker(first, out, filming, rng, scales[0]), _walker(second, back, filming, rng, scales[1])]


def crowd(cast: Cast, filming: Filming, rng: np.random.Generator) -> list[Walker]:
    """Four people: two stroll, two cross in front of them."""
    (a, b), (c, d) = rng.uniform(0.15, 0.4, 2), rng.uniform(0.6, 0.85, 2)
    ways = [_between(a, b, filming), _between(c, d, filming)]
    ways += [_between(0.08, 0.85, filming), _between(0.92, 0.15, filming)]
    return [_walker(cast(), x, filming, rng) for x in ways]


SCRIPTS: Final[Mapping[str, Script]] = MappingProxyType(
    {"cross": cross, "overtake": overtake, "leave": leave, "relay": relay, "crowd": crowd}
)
"""What people can do, by name."""
MOST_PEOPLE: Final = 4
"""In one scene."""


def _between(start: float, end: float, filming: Filming) -> Floats:
    """Return (T,): an even walk, in widths of the frame."""
    return np.linspace(start, end, filming.frame_count)


def _scale(subject: Subject, filming: Filming, rng: np.random.Generator) -> float:
    """Return a scale at which somebody fills 50…75 % of the frame's height, or a third of its width at most."""
    _, _, width, height = subject.box
    return float(min(rng.uniform(0.5, 0.75) * filming.height / height, filming.width / 3 / width))


def _walker(
    subject: Subject, x: Floats, filming: Filming, rng: np.random.Generator, scale: float | None = None
) -> Walker:
    """Return somebody whose middle is at `x` (T,), in widths of the frame, and whose feet are on the ground."""
    scale = _scale(subject, filming, rng) if scale is None else scale
    feet_px = filming.height * (GROUND - rng.uniform(0, 0.08))
    y_px = np.full(len(x), feet_px - subject.box[3] * scale / 2)
    return Walker(subject, np.column_stack([x * filming.width, y_px]), scale)


def _is_whole(subject: Subject) -> bool:
    labelled = np.isfinite(subject.keypoints).all(axis=1).sum()
    return bool(labelled >= LEAST_KEYPOINTS and subject.box[3] >= UPRIGHT * subject.box[2])
