"""How to look: the rule, and what was measured best, by model and by whom to look for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from movenet.models import MULTIPLE, ModelCard, base_of

People = Literal["one", "many", "auto"]
"""Whom to look for: the person that a picture is about, everybody, or whoever is about as prominent as that person."""
Method = Literal["top-down", "bottom-up", "whole"]
"""How to get from a picture to poses: find people, then look at each; take people as they are found; or, for one
person only, look once at the whole picture, padded."""
Preset = Literal["fast", "balanced", "best"]
"""How much time to take."""

MIN_SCORE: Final = 0.2
"""A pose of a lower score is nobody: few pictures without a person show more (measured, docs/accuracy.md)."""
AUTO_PROMINENCE: Final = 0.35
"""With people="auto", whoever is so prominent, relative to the most prominent person, counts as well."""
SMALL_PERSON_SCALE: Final = 2 / 3
"""Side of the square for small people, relative to the model's own (measured, docs/many-people.md)."""


@dataclass(frozen=True, slots=True)
class EstimatorSettings:
    """How the first look finds people and how the second one looks at them (defaults measured, docs/accuracy.md)."""

    detector_sides_px: tuple[int, ...] = (256,)
    """Longer sides of the picture in the first look, multiples of 32; more than one finds small and large people."""
    next_side_below_px: float = math.inf
    """After each side the next is taken if somebody just found is shorter than this, as drawn, or nobody was found."""
    tile_px: int = 1280
    """A first look larger than this is taken in overlapping tiles of this size, a multiple of 32."""
    min_center_score: float = 0.03
    """Least score of a person's centre in the first look."""
    min_detection_score: float = 0.0
    """Least score of a person of the first look for a second one; the rest are nobody."""
    nms_oks: float = 0.6
    """Two people that are more alike are one."""
    crop_factor: float = 1.1
    """Side of the second look's square, as a multiple of the person's longer side."""
    small_person_px: float = 0.0
    """Whoever is shorter than this in the picture is drawn in a smaller square (`SMALL_PERSON_SCALE`), which saves time."""
    guide_weight: float = 0.7
    """How far the second look leans towards the first one's keypoints, 0…1."""
    reach: int = 1
    """Cells around each keypoint, in y and x, that say as well where it is: .003 AP for .1 ms; 0 is Google's way."""
    flip: bool = False
    """Whether a look sees the mirrored square as well and takes the mean of both: .01 AP for twice the time."""

    def side(self, length_px: float, usual: int) -> int:
        """Return the side of the square, in px, for a person so long in the picture; `usual` is the model's own."""
        if length_px >= self.small_person_px:
            return usual
        return MULTIPLE * round(usual * SMALL_PERSON_SCALE / MULTIPLE)


_ONE: Final = EstimatorSettings()
_MANY: Final = EstimatorSettings(min_center_score=0.06, min_detection_score=0.03, small_person_px=64)

PRESETS: Final[Mapping[tuple[Literal["one", "many"], Preset], EstimatorSettings]] = {
    ("one", "fast"): replace(_ONE, detector_sides_px=(192,)),
    ("one", "balanced"): _ONE,
    ("one", "best"): replace(_ONE, flip=True),
    ("many", "fast"): replace(_MANY, detector_sides_px=(384,)),
    ("many", "balanced"): replace(_MANY, detector_sides_px=(256, 640), next_side_below_px=100),
    ("many", "best"): replace(_MANY, detector_sides_px=(256, 384, 768, 1536, 3072), next_side_below_px=200),
}
"""By whom to look for and how much time to take; what it costs and brings: docs/many-people.md."""


def default_model(people: People) -> str:
    """Return the name of the model that is taken if none is named: for many people the accurate one."""
    return "lightning" if people == "one" else "thunder"


def default_settings(
    model: str | ModelCard, people: People, preset: Preset = "balanced"
) -> EstimatorSettings:
    """Return the settings measured best for a model, by the official model that it was made from (`ModelCard.base`).

    Thunder, the more accurate one, needs less help from the detection and a wider crop.

    Args:
        model: name of an official model, or the card of any.
        people: whom to look for.
        preset: how much time to take.

    Raises:
        ModelError: if a name is not in the table.
    """
    settings = PRESETS["one" if people == "one" else "many", preset]
    if people == "auto":  # whoever is in front is large enough for one size of the detector's input
        settings = replace(settings, detector_sides_px=settings.detector_sides_px[:1])
    if base_of(model) == "thunder":
        settings = replace(settings, crop_factor=1.15 if people == "one" else 1.1, guide_weight=0.5)
    return settings
