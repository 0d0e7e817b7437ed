"""One picture in, poses out.

A single look at the whole picture, padded to a square, is what every tutorial takes, and on ordinary photos it is
poor: the person is small, or at the side, or one of several. So by default the estimator looks twice. The many-person
model finds who is where; one person is chosen; the single-person model then sees a square around just that person
and is told whom it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop, check_image, mirror_answers
from movenet.decode import Floats, Guide
from movenet.engine import Engine, Runtime, open_engine
from movenet.errors import ModelError
from movenet.media.photo import read_photo
from movenet.models import INT8
from movenet.oks import area, similarity, suppress
from movenet.pose import MIRROR, Pose
from movenet.reading import READERS, Reader

MIN_SCORE: Final = 0.2
"""A pose of a lower score is nobody: few pictures without a person show more (measured, docs/accuracy.md)."""
COMPANY: Final = 0.35
"""With people="auto", whoever is so prominent, relative to the most prominent person, counts as well."""
SQUARES_AT_ONCE: Final = 16
"""Most squares in one call of an engine, which bounds the memory that a crowd takes."""

People = Literal["one", "many", "auto"]
"""Whom to look for: the person that a picture is about, everybody, or whoever is about as prominent as that person."""


@dataclass(frozen=True, slots=True)
class LookRule:
    """How the first look finds people and how the second one looks at them (defaults measured, docs/accuracy.md)."""

    first_sides_px: tuple[int, ...] = (256,)
    """Longer sides of the picture in the first look, multiples of 32; more than one finds small and large people."""
    min_center_score: float = 0.03
    """Least score of a person's centre in the first look."""
    min_sighting_score: float = 0.0
    """Least score of a person of the first look for a second one; the rest are nobody."""
    same_person_oks: float = 0.6
    """Two people that are more alike are one."""
    factor: float = 1.1
    """Side of the second look's square, as a multiple of the person's longer side."""
    guide_share: float = 0.7
    """How far the second look leans towards the first one's keypoints, 0…1."""
    flip: bool = False
    """Whether a look sees the mirrored square as well and takes the mean of both: .01 AP for twice the time."""
    finder: str | Path | Engine = "multipose"
    """The model of the first look: a name, an ONNX file or an open engine."""


def default_rule(model: str, people: People) -> LookRule:
    """Return the rule measured best for a model: the more accurate one needs less guiding and takes a wider view."""
    name = model.removesuffix(INT8)
    rule = LookRule(factor=1.15, guide_share=0.5) if name == "thunder" else LookRule()
    rule = replace(rule, finder=f"{rule.finder}{INT8}") if name != model else rule
    if people == "one":
        return rule
    return replace(
        rule, first_sides_px=(384,), min_center_score=0.06, min_sighting_score=0.02, same_person_oks=0.7
    )


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
        return area(self.pose)

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
    """Finds the people of a picture. Holds no memory: the answer is a function of the picture alone."""

    def __init__(
        self,
        model: str | Path | Engine = "lightning",
        *,
        people: People = "one",
        looks: int = 2,
        min_score: float = MIN_SCORE,
        rule: LookRule | None = None,
        runtime: Runtime | None = None,
    ):
        """Load the models.

        Args:
            model: "lightning", "thunder", "posenet", an ONNX file of one's own, or an open engine.
            people: "one" for the person that a picture is about, "many" for everybody, "auto" for those in front.
            looks: 2 finds people first and then looks at each (top-down). 1 takes what one look gives: of the whole
                picture, padded, through the single-person model; or, with many people, of the first look (bottom-up).
            min_score: least score of a pose, 0…1; a picture without one has nobody in it.
            rule: how to look twice; None takes what was measured best for the model.
            runtime: what runs the models that are not open yet; None is the default.

        Raises:
            ModelError: if the model is unknown, damaged, or not a single-person model, or a choice is unknown.
            EngineError: if the runtime cannot run it.
        """
        if looks not in (1, 2):
            raise ModelError(f"expected 1 or 2 looks, got {looks}")
        if people not in get_args(People):
            raise ModelError(f"expected people to be one of {', '.join(get_args(People))}, got '{people}'")
        self.engine = _open(model, runtime)
        if self.engine.card.finds_many:
            raise ModelError(f"expected a single-person model, got {self.engine.card.name}, which finds many")
        self.people: People = people
        self.looks = looks
        self.rule = rule or default_rule(self.engine.card.name, people)
        self.finder = self._open_finder(runtime)
        self.min_score = min_score

    def _open_finder(self, runtime: Runtime | None) -> Engine | None:
        if self.looks == 1 and self.people == "one":
            return None
        return (
            self.engine
            if self.looks == 1 and self.engine.card.family == "posenet"
            else _open(self.rule.finder, runtime)
        )

    def __call__(self, image: NDArray[np.uint8]) -> list[Pose]:
        """Return the poses of the people looked for, the surest first, or an empty list.

        Args:
            image: (H, W, 3) uint8 RGB, at least 1 × 1.

        Raises:
            MediaError: if `image` is anything else.
        """
        return self.batch([image])[0]

    def batch(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Pose]]:
        """Return what `__call__` would for each picture; the pictures may differ in size."""
        images = [check_image(image) for image in images]
        if self.finder is None:
            poses = [[pose] for pose in self._look_at_whole(images)]
        else:
            chosen = [self._choose(self.find(image)) for image in images]
            poses = self._look_at(chosen, images) if self.looks == 2 else _as_seen(chosen)
        return [[pose for pose in found if pose.score >= self.min_score] for found in poses]

    def find(self, image: NDArray[np.uint8]) -> list[Sighting]:
        """Take the first look: everybody in the picture, the surest first, nobody twice.

        Raises:
            ModelError: if this estimator has no model for it.
        """
        if self.finder is None:
            raise ModelError("expected an estimator with 2 looks to find people with, got one with 1")
        found = [
            sighting for side in self.rule.first_sides_px for sighting in self._find(image, self.finder, side)
        ]
        return [found[i] for i in _distinct([sighting.pose for sighting in found], self.rule.same_person_oks)]

    def _find(self, image: NDArray[np.uint8], finder: Engine, side: int) -> list[Sighting]:
        crop = Crop.letterbox(image.shape[1], image.shape[0], side)
        reader = READERS[finder.card.family]
        people = reader.many(finder(crop.cut(image)[None]), self.rule.min_center_score)[0]
        keypoints, scores = crop.decoded_to_image(people.keypoints, reader.shift_px)
        boxes = crop.boxes_to_image(people.boxes, reader.shift_px).tolist()
        centers = crop.points_to_image(people.centers, reader.shift_px)
        return [
            Sighting(Pose(keypoints[i], scores[i], float(people.scores[i]), tuple(boxes[i])), centers[i])
            for i in range(len(people))
            if people.scores[i] >= self.rule.min_sighting_score
        ]

    def _choose(self, found: list[Sighting]) -> list[Sighting]:
        if self.people == "many" or not found:
            return found
        first = max(found, key=lambda sighting: sighting.prominence)
        if self.people == "one":
            return [first]
        return [sighting for sighting in found if sighting.prominence >= COMPANY * first.prominence]

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
        reader = READERS[self.engine.card.family]
        poses: list[Pose] = []
        for start in range(0, len(images), SQUARES_AT_ONCE):
            part = slice(start, start + SQUARES_AT_ONCE)
            squares = np.stack(
                [crop.cut(image) for crop, image in zip(crops[part], images[part], strict=True)]
            )
            decoded = self._answer(squares, guides and guides[part])
            poses += [
                _to_pose(crop, answer, reader) for crop, answer in zip(crops[part], decoded, strict=True)
            ]
        return poses

    def _answer(self, squares: NDArray[np.uint8], guides: Sequence[Guide | None] | None) -> Floats:
        """Return what the model answers to squares, (N, K, 3) y, x, score: the mean of two if the rule says flip."""
        reader, side = READERS[self.engine.card.family], self.engine.card.side
        seen = reader.one(self.engine(squares), guides)
        if not self.rule.flip:
            return seen
        turned = reader.one(
            self.engine(squares[:, :, ::-1]), guides and [_mirror(guide, side) for guide in guides]
        )
        return _mean(seen, mirror_answers(turned[:, MIRROR], side, reader.shift_px))

    def _look_at_whole(self, images: Sequence[NDArray[np.uint8]]) -> list[Pose]:
        side = self.engine.card.side
        return self.look(images, [Crop.whole(image.shape[1], image.shape[0], side) for image in images])

    def _look_at(
        self, chosen: Sequence[Sequence[Sighting]], images: Sequence[NDArray[np.uint8]]
    ) -> list[list[Pose]]:
        """Look at each person chosen in each picture, all in one go; nobody twice."""
        asked = [(image, sighting) for image, found in zip(images, chosen, strict=True) for sighting in found]
        crops = [sighting.crop(self.engine.card.side, self.rule.factor) for _, sighting in asked]
        guides = [s.guide(crop, self.rule.guide_share) for (_, s), crop in zip(asked, crops, strict=True)]
        looked = iter(self.look([image for image, _ in asked], crops, guides))
        poses = [[agree(sighting, next(looked)) for sighting in found] for found in chosen]
        return [[found[i] for i in _distinct(found, self.rule.same_person_oks)] for found in poses]


def _mirror(guide: Guide | None, side: int) -> Guide | None:
    """Return whom to look for in the mirrored square."""
    if guide is None:
        return None
    keypoints = mirror_answers(guide.keypoints[list(MIRROR)], side)
    return Guide(mirror_answers(guide.center, side), keypoints, guide.share)


def _mean(answer: Floats, other: Floats) -> Floats:
    """Return the mean of two answers (N, K, 3): of the places weighted by their scores, and of the scores."""
    weight, other_weight = answer[..., 2:] + np.float32(1e-6), other[..., 2:] + np.float32(1e-6)
    mean = np.asarray((answer * weight + other * other_weight) / (weight + other_weight), np.float32)
    mean[..., 2] = (answer[..., 2] + other[..., 2]) / 2
    return mean


def _as_seen(chosen: Sequence[Sequence[Sighting]]) -> list[list[Pose]]:
    return [[sighting.pose for sighting in found] for found in chosen]


def _open(model: str | Path | Engine, runtime: Runtime | None) -> Engine:
    return model if isinstance(model, Engine) else open_engine(model, runtime)


def _to_pose(crop: Crop, decoded: Floats, reader: Reader) -> Pose:
    keypoints, scores = crop.decoded_to_image(decoded, reader.shift_px)
    pose = Pose(keypoints, scores, float(scores.mean()))
    return replace(pose, box=pose.bounds())


def agree(first: Sighting, second: Pose) -> Pose:
    """Return the second look's pose, as sure as both looks are together, and the surer the more alike they are.

    The geometric mean of both scores and of the object keypoint similarity (measured, docs/accuracy.md).
    """
    alike = similarity(second.keypoints[None], first.pose.keypoints[None], [first.area])
    return replace(second, score=float(np.cbrt(first.pose.score * second.score * alike[0, 0])))


def _distinct(poses: Sequence[Pose], same_person_oks: float) -> list[int]:
    """Return which poses to keep, the surest first, so that nobody is there twice."""
    if not poses:
        return []
    areas = np.array([area(pose) for pose in poses])
    scores = np.array([pose.score for pose in poses])
    return suppress(np.stack([pose.keypoints for pose in poses]), scores, areas, same_person_oks)


def estimate(picture: str | Path | NDArray[np.uint8], model: str | Path = "lightning") -> list[Pose]:
    """Return the poses in a photo, given as a path or as an (H, W, 3) uint8 RGB array.

    The model is loaded anew each time; for many pictures make one `Estimator` and call that.

    Raises:
        MediaError: if the photo cannot be read or the array is no picture.
        ModelError: if the model is unknown.
    """
    image = picture if isinstance(picture, np.ndarray) else read_photo(picture)
    return Estimator(model)(image)
