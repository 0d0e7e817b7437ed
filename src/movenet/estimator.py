"""One picture in, poses out.

A single look at the whole picture, padded to a square, is what every tutorial takes, and on ordinary photos it is
poor: the person is small, or at the side, or one of several. So by default the estimator looks twice. The many-person
model finds who is where; one person is chosen; the single-person model then sees a square around just that person
and is told whom it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop, check_image
from movenet.decode import Guide, ManySettings, decode_many, decode_one
from movenet.engine import Engine, Runtime, open_engine
from movenet.errors import ModelError
from movenet.media.photo import read_photo
from movenet.oks import suppress
from movenet.pose import Pose

MIN_SCORE: Final = 0.15
"""A pose of a lower score is nobody: one in forty pictures without a person shows more (docs/accuracy.md)."""
BODY_SHARE: Final = 0.53
"""A person's area relative to their box (COCO's own stand-in where it has no outline of a person)."""


@dataclass(frozen=True, slots=True)
class LookRule:
    """How the first look finds people and how the second one looks at them (defaults measured, docs/accuracy.md)."""

    first_side_px: int = 256
    """Longer side of the picture in the first look, a multiple of 32."""
    min_center_score: float = 0.03
    """Least score of a person's centre in the first look."""
    same_person_oks: float = 0.6
    """Two people of the first look that are more alike are one."""
    factor: float = 1.1
    """Side of the second look's square, as a multiple of the person's longer side."""
    guide_share: float = 0.7
    """How far the second look leans towards the first one's keypoints, 0…1."""
    finder: str | Path | Engine = "multipose"
    """The model of the first look: a name, an ONNX file or an open engine."""


RULES: Final[Mapping[str, LookRule]] = {"thunder": LookRule(factor=1.15, guide_share=0.5)}
"""Rules of their own for single-person models: the more accurate one needs less guiding and takes a wider view."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A person as the first look saw them."""

    pose: Pose
    """With a box."""
    center: NDArray[np.float64]
    """Shape (2,): x, y of the person's centre, in pixels of the picture."""

    @property
    def area(self) -> float:
        """Roughly how much of the picture the person covers, in square pixels."""
        _, _, width, height = self.bounds
        return BODY_SHARE * width * height

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x, y, width, height around everything seen of the person, in pixels of the picture."""
        return self.pose.bounds() or (*self.center, 0.0, 0.0)

    @property
    def prominence(self) -> float:
        """How much this is the person that a picture of one person is about: sure, and large."""
        return self.pose.score * math.sqrt(self.area)

    def crop(self, side: int, factor: float) -> Crop:
        """Return the square around the person, `factor` × their longer side, drawn `side` px large."""
        return Crop.around_box(self.bounds, factor, side)

    def guide(self, crop: Crop, share: float) -> Guide:
        """Tell the decoder whom to look for in a crop."""
        return Guide(crop.to_decoded(self.center), crop.to_decoded(self.pose.keypoints), share)


class Estimator:
    """Finds the person of a picture. Holds no memory: the answer is a function of the picture alone."""

    def __init__(
        self,
        model: str | Path | Engine = "lightning",
        *,
        looks: int = 2,
        min_score: float = MIN_SCORE,
        rule: LookRule | None = None,
        runtime: Runtime | None = None,
    ):
        """Load the models.

        Args:
            model: "lightning", "thunder", an ONNX file of one's own, or an open engine.
            looks: 1 shows the whole picture, padded, to the model; 2 finds the person first.
            min_score: least score of a pose, 0…1; a picture without one has nobody in it.
            rule: how to look twice; None takes what was measured best for the model.
            runtime: what runs the models that are not open yet; None is the default.

        Raises:
            ModelError: if the model is unknown, damaged, or not a single-person model.
            EngineError: if the runtime cannot run it.
        """
        if looks not in (1, 2):
            raise ModelError(f"expected 1 or 2 looks, got {looks}")
        self.engine = _open(model, runtime)
        if self.engine.card.finds_many:
            raise ModelError(f"expected a single-person model, got {self.engine.card.name}, which finds many")
        self.rule = rule or RULES.get(self.engine.card.name, LookRule())
        self.finder = _open(self.rule.finder, runtime) if looks == 2 else None
        self.min_score = min_score

    def __call__(self, image: NDArray[np.uint8]) -> list[Pose]:
        """Return the pose of the person the picture is about, or an empty list.

        Args:
            image: (H, W, 3) uint8 RGB, at least 1 × 1.

        Raises:
            MediaError: if `image` is anything else.
        """
        return self.batch([image])[0]

    def batch(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Pose]]:
        """Return what `__call__` would for each picture; the pictures may differ in size."""
        images = [check_image(image) for image in images]
        poses = self._look_once(images) if self.finder is None else self._look_twice(images)
        return [[pose] if pose is not None and pose.score >= self.min_score else [] for pose in poses]

    def find(self, image: NDArray[np.uint8]) -> list[Sighting]:
        """Take the first look: everybody in the picture, the surest first, nobody twice.

        Raises:
            ModelError: if this estimator looks only once.
        """
        if self.finder is None:
            raise ModelError("expected an estimator with 2 looks to find people with, got one with 1")
        crop = Crop.letterbox(image.shape[1], image.shape[0], self.rule.first_side_px)
        settings = ManySettings(min_score=self.rule.min_center_score)
        people = decode_many(self.finder(crop.cut(image)[None]), settings)[0]
        keypoints, scores = crop.decoded_to_image(people.keypoints)
        boxes, centers = crop.boxes_to_image(people.boxes).tolist(), crop.points_to_image(people.centers)
        found = [
            Sighting(Pose(keypoints[i], scores[i], float(people.scores[i]), tuple(boxes[i])), centers[i])
            for i in range(len(people))
        ]
        areas = np.array([sighting.area for sighting in found])
        return [found[i] for i in suppress(keypoints, people.scores, areas, self.rule.same_person_oks)]

    def look(
        self,
        images: Sequence[NDArray[np.uint8]],
        crops: Sequence[Crop],
        guides: Sequence[Guide | None] | None = None,
    ) -> list[Pose]:
        """Take one look at each picture through its crop: one pose for each, however unsure.

        The score is the mean of the keypoints' scores, the box goes around the keypoints in sight. All crops draw
        squares of one size.
        """
        if not images:
            return []
        squares = np.stack([crop.cut(image) for crop, image in zip(crops, images, strict=True)])
        decoded = decode_one(self.engine(squares), guides)
        return [_to_pose(crop, answer) for crop, answer in zip(crops, decoded, strict=True)]

    def _look_once(self, images: Sequence[NDArray[np.uint8]]) -> list[Pose | None]:
        side = self.engine.card.side
        return [*self.look(images, [Crop.whole(image.shape[1], image.shape[0], side) for image in images])]

    def _look_twice(self, images: Sequence[NDArray[np.uint8]]) -> list[Pose | None]:
        found = [
            max(self.find(image), key=lambda sighting: sighting.prominence, default=None) for image in images
        ]
        chosen = [sighting for sighting in found if sighting is not None]
        crops = [sighting.crop(self.engine.card.side, self.rule.factor) for sighting in chosen]
        guides = [s.guide(crop, self.rule.guide_share) for s, crop in zip(chosen, crops, strict=True)]
        shown = [image for image, sighting in zip(images, found, strict=True) if sighting is not None]
        looked = iter(self.look(shown, crops, guides))
        return [None if sighting is None else _agree(sighting.pose, next(looked)) for sighting in found]


def _open(model: str | Path | Engine, runtime: Runtime | None) -> Engine:
    return model if isinstance(model, Engine) else open_engine(model, runtime)


def _to_pose(crop: Crop, decoded: NDArray[np.float32]) -> Pose:
    keypoints, scores = crop.decoded_to_image(decoded)
    pose = Pose(keypoints, scores, float(scores.mean()))
    return replace(pose, box=pose.bounds())


def _agree(first: Pose, second: Pose) -> Pose:
    """Return the second look's pose, as sure as both looks together: the geometric mean of their scores."""
    return replace(second, score=math.sqrt(first.score * second.score))


def estimate(picture: str | Path | NDArray[np.uint8], model: str | Path = "lightning") -> list[Pose]:
    """Return the poses in a photo, given as a path or as an (H, W, 3) uint8 RGB array.

    The model is loaded anew each time; for many pictures make one `Estimator` and call that.

    Raises:
        MediaError: if the photo cannot be read or the array is no picture.
        ModelError: if the model is unknown.
    """
    image = picture if isinstance(picture, np.ndarray) else read_photo(picture)
    return Estimator(model)(image)
