"""A model labels what people did not, and looks over what they did.

Joints that a list never has, such as the faces of sports lists, are filled in: without them a person's centre, the mean
of their keypoints, would not be where the model has learned to see it. Labels that it all but agrees with may be put
where it sees them, so that a list's own idea of a hip is not learned for all hips. Those that it contradicts may be
dropped, and sides that were mistaken for each other changed back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Image, Person
from movenet.crop import Crop
from movenet.errors import MediaError
from movenet.estimator import Estimator, EstimatorSettings
from movenet.media import read_photo
from movenet.pose import Pose
from movenet.training.labels import Labels, inside
from movenet.training.teacher import check_keypoints

FACTOR: Final = 1.1
"""Side of the square shown to the model, as a multiple of the box's longer edge."""
STRANGER: Final = 0.1
"""If half of the labels lie farther from the model's answer than this share of the box, it may have seen somebody else:
nothing is taken from it."""

FAR: Final = 0.25
"""Of the box. When sides are compared, a joint farther off than this is not counted as farther."""
GAIN: Final = 0.06
"""Of the box. Sides are changed if that brings the labels so much nearer to the model's answer, in the mean."""
FEWEST: Final = 6
"""So many joints that have a side must be seen before that is judged."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completion:
    """What to believe."""

    model: str
    sure: float = 0.3
    """Least score of a keypoint that is filled in."""
    doubt: float = 0.0
    """Labels farther than this share of the box from a keypoint that the model is sure of are dropped; 0: none."""
    agree: float = 0.0
    """Labels nearer than this share of the box to where the model sees the keypoint are put there; 0: none."""
    sides: bool = False
    """Whether left and right are changed for people whom the model sees the other way round."""


def complete(labels: Labels, how: Completion) -> Labels:
    """Return the labels as a model completes and corrects them; pictures that cannot be read stay as they are.

    Raises:
        ModelError: if the model is unknown, finds many people, or has another skeleton.
    """
    estimator = Estimator(how.model, method="whole", min_score=0.0, settings=EstimatorSettings(flip=True))
    check_keypoints(estimator.engine.card, len(labels.skeleton))
    mirror = labels.skeleton.mirror
    images = tuple(_complete(image, estimator, mirror, how) for image in labels.images)
    return replace(labels, images=images)


def _complete(image: Image, estimator: Estimator, mirror: Sequence[int], how: Completion) -> Image:
    try:
        pixels = read_photo(image.path)
    except MediaError as error:
        log.warning("not completed: %s", error)
        return image
    side = estimator.engine.card.side
    crops = [Crop.around_box(person.box, FACTOR, side) for person in image.learnable]
    poses = iter(estimator.estimate_crops([pixels] * len(crops), crops))
    people = (
        merge(person, next(poses), mirror, how, image.size) if person.learnable else person
        for person in image.people
    )
    return replace(image, people=tuple(people))


def merge(
    person: Person, pose: Pose, mirror: Sequence[int], how: Completion, size: tuple[int, int]
) -> Person:
    """Return a person of an image of this size (width, height) as the model completes and corrects them.

    `mirror` says for each keypoint which one it changes places with.
    """
    if how.sides:
        person = _with_sides(person, pose, list(mirror), how.sure)
    away, sure = _away(person, pose), pose.scores >= how.sure
    usable = inside(pose.keypoints, *size) & (np.median(away[person.labelled]) <= STRANGER)
    doubted = person.labelled & sure & (away > how.doubt) if how.doubt else np.zeros_like(sure)
    filled = ~person.labelled & sure & usable
    moved = person.labelled & (away < how.agree) & usable
    keypoints = np.where((filled | moved)[:, None], pose.keypoints, person.keypoints)
    visibility = np.where(filled, 2, person.visibility * ~doubted)
    return replace(person, keypoints=keypoints, visibility=visibility)


def _with_sides(person: Person, pose: Pose, mirror: list[int], sure: float) -> Person:
    """Return the person with left and right changed if the model sees them so."""
    turned = replace(person, keypoints=person.keypoints[mirror], visibility=person.visibility[mirror])
    sided = np.array(mirror) != np.arange(len(mirror))
    compared = sided & person.labelled & turned.labelled & (pose.scores >= sure)
    if compared.sum() < FEWEST:
        return person
    as_is, changed = (_away(one, pose)[compared].clip(max=FAR).mean() for one in (person, turned))
    return turned if changed < as_is - GAIN else person


def _away(person: Person, pose: Pose) -> NDArray[np.floating]:
    """Return how far each label is from the model's answer, as a share of the box's longer edge."""
    return np.asarray(np.linalg.norm(pose.keypoints - person.keypoints, axis=1) / max(person.box[2:]))
