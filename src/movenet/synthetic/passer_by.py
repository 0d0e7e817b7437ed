"""Synthetic videos of one person whom another one passes: who is followed may be the wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from movenet.errors import DataError
from movenet.synthetic.camera import (
    CameraSettings,
    Clip,
    Floats,
    FrameTruth,
    Image,
    PersonPhoto,
    read_annotated_photo,
)
from movenet.synthetic.many_people import GROUND_Y, is_upright
from movenet.synthetic.one_person import SCENARIOS, find_person_photos, make_clips
from movenet.synthetic.scene import Walker, body_mask, composite, cut_out

MOTIONS: Final = {name: SCENARIOS[name] for name in ("pan", "zoom", "shake", "cut")}
"""Camera motions in which the person is there before the passer-by."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipWithPasserBy:
    """A clip of one person, over which another person walks from side to side, in front; rendering is deterministic."""

    clip: Clip
    walker: Walker
    """The other person, in the coordinates of the frame."""

    @property
    def camera(self) -> CameraSettings:
        """Format of the frames."""
        return self.clip.camera

    def __len__(self) -> int:
        return len(self.clip)

    def truths(self) -> list[FrameTruth]:
        """Return the ground truth of each frame; keypoints behind the passer-by are not visible."""
        still, mask = np.zeros((len(self), 2)), body_mask(self.walker.person)
        size = (self.camera.width, self.camera.height)
        return [self._truth(truth, at, still, mask, size) for at, truth in enumerate(self.clip.truths())]

    def _truth(
        self, truth: FrameTruth, at: int, still: Floats, mask: Image, size: tuple[int, int]
    ) -> FrameTruth:
        other = self.walker.truth(at, still, (), size)
        points = truth.keypoints.astype(np.float64)
        labelled = points[np.isfinite(points).all(axis=1)]
        inside = ((labelled >= 0) & (labelled < size)).all(axis=1)
        shown = inside & ~self.walker.covers(labelled, at, still, mask)
        return replace(truth, visible=float(shown.mean()) if len(labelled) else 0.0, passer_by=other)

    def frames(self) -> Iterator[tuple[Image, float]]:
        """Yield (image (height, width, 3) uint8 RGB, time in seconds), rendered one by one.

        Raises:
            DataError: If a photo cannot be read.
        """
        person = self.walker.person
        layer, still = cut_out(person, read_annotated_photo(person.path)), np.zeros((len(self), 2))
        for at, (image, time_s) in enumerate(self.clip.frames()):
            light = image.astype(np.float32)
            composite(light, layer, self.walker.matrix(at, still))
            yield np.clip(np.rint(light), 0, 255).astype(np.uint8), time_s


def make_clips_with_passer_by(
    annotations: str | Path, images: str | Path, count: int, seed: int, camera: CameraSettings | None = None
) -> list[ClipWithPasserBy]:
    """Return the clips of `movenet.synthetic.one_person.make_clips`, each with another person who walks past.

    The passer-by stands upright, is 0.6 … 1 times as tall as the frame is high, and crosses the whole frame once.

    Args:
        annotations: Path of the COCO JSON.
        images: Folder of the photos.
        count: Number of clips.
        seed: Seed of the choice of photos, framing, motion and noise.
        camera: Settings of the camera; `CameraSettings()` if None.

    Raises:
        DataError: If the file cannot be read, or too few photos qualify.
    """
    camera = CameraSettings() if camera is None else camera
    clips = make_clips(annotations, images, count, seed, camera, MOTIONS)
    people = [one for one in find_person_photos(Path(annotations), Path(images), camera) if is_upright(one)]
    if len(people) < 2:
        raise DataError(f"expected two photos of one upright person, got {len(people)}")
    rng = np.random.default_rng((seed, 1))
    return [ClipWithPasserBy(clip, _passer_by(people, clip, rng)) for clip in clips]


def _passer_by(people: list[PersonPhoto], clip: Clip, rng: np.random.Generator) -> Walker:
    others = [person for person in people if person.path != clip.person.path]
    person, camera = others[rng.integers(len(others))], clip.camera
    _, _, width, height = person.box
    scale = float(min(rng.uniform(0.6, 1.0) * camera.height / height, camera.width / 3 / width))
    outside = 0.5 * width * scale
    x = np.linspace(-outside, camera.width + outside, len(clip))[:: rng.choice([-1, 1])]
    y = np.full(len(clip), camera.height * GROUND_Y - height * scale / 2)
    return Walker(person, np.column_stack([x, y]), scale)
