"""Settings of the estimator, and the presets that were measured best by model and number of people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from movenet.decode import DISTANCE_OFFSET_CELLS
from movenet.estimator.detection import Blend
from movenet.models import MULTIPLE, ModelCard, base_of

People = Literal["one", "many", "auto"]
"""Which people to return: the most prominent one, all, or all that are about as prominent as that one."""
Method = Literal["top-down", "bottom-up", "whole"]
"""How poses are found. "top-down": detect people, then estimate the pose in the crop of each. "bottom-up": return the
detector's own keypoints. "whole", for one person only: run the single-person model once on the whole padded picture."""
Preset = Literal["fast", "balanced", "accurate", "best"]
"""Trade-off of speed and accuracy: "accurate" takes about 1.4 times as long as "balanced", "best" 2.1 to 2.5 times."""

MIN_SCORE: Final = 0.2
"""Default minimum score of a pose. Few pictures without a person have a higher one (measured, docs/accuracy.md)."""
AUTO_PROMINENCE: Final = 0.35
"""With people="auto", people of at least this prominence, relative to the most prominent person, are returned."""
SMALL_PERSON_SCALE: Final = 2 / 3
"""Side of the crop of small people, relative to the model's own side (measured, docs/many-people.md)."""


@dataclass(frozen=True, slots=True)
class SecondCrop:
    """A second square of the same person."""

    factor: float
    """Its side as a multiple of the person's longer side."""
    side_px: int
    """The side to which it is resized, in pixels: a multiple of 32."""


@dataclass(frozen=True, slots=True)
class EstimatorSettings:
    """Settings of detection and of pose estimation in the crops (defaults measured, docs/accuracy.md)."""

    detector_sides_px: tuple[int, ...] = (256,)
    """Longer sides to which the picture is resized for the detector, in order; multiples of 32. Several sides find
    small and large people."""
    next_side_below_px: float = math.inf
    """The next of `detector_sides_px` runs only if the shortest person found at a side is below this length, in pixels
    of the resized picture, or if nobody was found."""
    tile_px: int = 1280
    """A resized picture larger than this is run in overlapping tiles of this side, a multiple of 32."""
    min_center_score: float = 0.03
    """Minimum score of a person's center (PoseNet: of a root keypoint) in the detector's decode, 0…1."""
    min_detection_score: float = 0.0
    """Detections below this score, 0…1, are dropped."""
    nms_oks: float = 0.6
    """Non-maximum suppression: of two people whose OKS is higher than this, the one of the lower score is dropped."""
    crop_factor: float = 1.1
    """Side of the square crop as a multiple of the person's longer side."""
    small_person_px: float = 0.0
    """People shorter than this in the picture, in pixels, get a smaller crop (`SMALL_PERSON_SCALE`): it saves time."""
    guide_weight: float = 0.7
    """Weight of the detection's keypoints against the regressed ones in the decode, 0…1 (see `Guide.weight`)."""
    distance_offset_cells: float | None = None
    """Added to a distance by which scores are divided in the decode; None is the keypoint's OKS width
    (`movenet.decode.votes.cast_votes`)."""
    second_crop: SecondCrop | None = None
    """A second crop of each person, whose votes are added."""
    flip: bool = False
    """Whether the model also runs on the mirrored crops, whose votes are added (flip test)."""
    flip_min_score: float = 0.0
    """`flip` is for people of at least this score, 0…1, after the first crops."""
    blend: Blend | None = None
    """How the keypoints of detection and crops are averaged; None keeps those of the crops."""

    def crop_side(self, length_px: float, model_side: int) -> int:
        """Return the side of a crop, in pixels of the model's input, for a person of this length in the picture."""
        if length_px >= self.small_person_px:
            return model_side
        return MULTIPLE * round(model_side * SMALL_PERSON_SCALE / MULTIPLE)


_ONE: Final = EstimatorSettings()
_LIGHTNING: Final = replace(_ONE, blend=Blend())
_THUNDER: Final = replace(_ONE, crop_factor=1.15, guide_weight=0.5, blend=Blend(2.5, 2.0, -0.5, 0.5))
_MANY: Final = replace(
    _ONE,
    min_center_score=0.06,
    min_detection_score=0.03,
    small_person_px=64,
    distance_offset_cells=DISTANCE_OFFSET_CELLS,
)

ONE_PERSON: Final[Mapping[str | None, Mapping[Preset, EstimatorSettings]]] = {
    "lightning": {
        "fast": replace(_LIGHTNING, detector_sides_px=(192,)),
        "balanced": _LIGHTNING,
        "accurate": replace(_LIGHTNING, second_crop=SecondCrop(1.1, 288)),
        "best": replace(_LIGHTNING, second_crop=SecondCrop(1.1, 288), flip=True),
    },
    "thunder": {
        "fast": replace(_THUNDER, detector_sides_px=(192,)),
        "balanced": _THUNDER,
        "accurate": replace(_THUNDER, flip=True),
        "best": replace(_THUNDER, second_crop=SecondCrop(1.0, 256), flip=True),
    },
    None: {
        "fast": replace(_ONE, detector_sides_px=(192,)),
        "balanced": _ONE,
        "accurate": replace(_ONE, flip=True),
        "best": replace(_ONE, flip=True),
    },
}
"""Presets for one person by the official model that a model was made from; None: any other, such as PoseNet."""
MANY_PEOPLE: Final[Mapping[Preset, EstimatorSettings]] = {
    "fast": replace(_MANY, detector_sides_px=(384,)),
    "balanced": replace(_MANY, detector_sides_px=(256, 640), next_side_below_px=100),
    "accurate": replace(
        _MANY, detector_sides_px=(256, 640), next_side_below_px=100, flip=True, flip_min_score=0.2
    ),
    "best": replace(
        _MANY,
        detector_sides_px=(256, 384, 768, 1536, 3072),
        next_side_below_px=200,
        flip=True,
        flip_min_score=0.2,
    ),
}
"""Presets for all people; accuracy and time are in docs/many-people.md."""


def default_model(people: People) -> str:
    """Return the name of the default model: "lightning" for one person, else the more accurate "thunder"."""
    return "lightning" if people == "one" else "thunder"


def default_settings(
    model: str | ModelCard, people: People, preset: Preset = "balanced"
) -> EstimatorSettings:
    """Return the settings measured best for a model, by the official model that it was made from (`ModelCard.base`).

    Args:
        model: name of an official model, or the card of any model.
        people: which people to return.
        preset: trade-off of speed and accuracy.

    Raises:
        ModelError: if a name is not in `MODELS`.
    """
    base = base_of(model)
    if people == "one":
        return ONE_PERSON.get(base, ONE_PERSON[None])[preset]
    settings = MANY_PEOPLE[preset]
    if people == "auto":  # people in front are large enough for one scale of the detector
        settings = replace(settings, detector_sides_px=settings.detector_sides_px[:1])
    return replace(settings, guide_weight=0.5) if base == "thunder" else settings
