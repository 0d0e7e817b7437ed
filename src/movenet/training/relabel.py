"""Pseudo-labels: a model completes and corrects the labels of a dataset before training.

Keypoints that a dataset never labels, such as the faces of sports datasets, are filled in: without them the mean of a
person's keypoints, which is their centre, would not be where the pretrained model has learned it. Labels close to the
model's keypoints can be moved onto them, so that the definitions of a dataset (of a hip, for example) are not learned.
Labels that contradict the model can be dropped, and exchanged sides corrected.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Image, Person
from movenet.crop import Crop
from movenet.errors import MediaError
from movenet.estimator import Estimator, EstimatorSettings
from movenet.media import read_photo
from movenet.pose import MIRROR, Pose
from movenet.training.labels import Labels, inside
from movenet.training.settings import RelabelSettings
from movenet.training.teacher import check_keypoints

CROP_FACTOR: Final = 1.1
"""Side of the crop that the model gets, as a multiple of the longer edge of the box."""
OTHER_PERSON_DISTANCE: Final = 0.1
"""Fraction of the box. If the median distance between labels and the model's keypoints is larger, the model may have
estimated another person: no keypoint of it is used."""

MAX_SIDE_DISTANCE: Final = 0.25
"""Fraction of the box. Larger distances count as this when left and right are compared."""
MIN_SIDE_GAIN: Final = 0.06
"""Fraction of the box. Left and right are exchanged if this reduces the mean distance by more."""
MIN_SIDED_KEYPOINTS: Final = 6
"""Left and right are compared only with at least this many confident keypoints that have a side."""

log = logging.getLogger(__name__)


def relabel(labels: Labels, settings: RelabelSettings) -> Labels:
    """Return the labels as a model completes and corrects them; those of images that cannot be read stay as they are.

    Raises:
        ModelError: if the model is unknown, a multi-person model, or has another number of keypoints.
    """
    mirror = labels.skeleton.mirror
    flip = EstimatorSettings(flip=mirror == MIRROR)
    estimator = Estimator(settings.model, method="whole", min_score=0.0, settings=flip)
    check_keypoints(estimator.engine.card, len(labels.skeleton))
    images = tuple(_relabel_image(image, estimator, mirror, settings) for image in labels.images)
    return replace(labels, images=images)


def _relabel_image(
    image: Image, estimator: Estimator, mirror: Sequence[int], settings: RelabelSettings
) -> Image:
    try:
        pixels = read_photo(image.path)
    except MediaError as error:
        log.warning("not relabelled: %s", error)
        return image
    side = estimator.engine.card.side
    crops = [Crop.around_box(person.box, CROP_FACTOR, side) for person in image.learnable]
    poses = iter(estimator.estimate_crops([pixels] * len(crops), crops))
    people = (
        relabel_person(person, next(poses), mirror, settings, image.size) if person.learnable else person
        for person in image.people
    )
    return replace(image, people=tuple(people))


def relabel_person(
    person: Person, pose: Pose, mirror: Sequence[int], settings: RelabelSettings, size: tuple[int, int]
) -> Person:
    """Return a person with labels completed and corrected by the model's pose.

    Args:
        person: labels, in pixels.
        pose: the model's keypoints and scores, in pixels of the same image.
        mirror: for each keypoint the index of its counterpart on the other side, its own if it has none.
        settings: what to change.
        size: width and height of the image, in pixels.
    """
    if settings.swap_sides:
        person = _with_corrected_sides(person, pose, list(mirror), settings.confident_score)
    distances, confident = _distances(person, pose), pose.scores >= settings.confident_score
    usable = inside(pose.keypoints, *size) & (np.median(distances[person.labelled]) <= OTHER_PERSON_DISTANCE)
    dropped = np.zeros_like(confident)
    if settings.drop_beyond:
        dropped = person.labelled & confident & (distances > settings.drop_beyond)
    filled = ~person.labelled & confident & usable
    moved = person.labelled & (distances < settings.replace_within) & usable
    keypoints = np.where((filled | moved)[:, None], pose.keypoints, person.keypoints)
    visibility = np.where(filled, 2, person.visibility * ~dropped)
    return replace(person, keypoints=keypoints, visibility=visibility)


def _with_corrected_sides(person: Person, pose: Pose, mirror: list[int], confident_score: float) -> Person:
    """Return the person with left and right exchanged if the labels then are closer to the model's keypoints."""
    swapped = replace(person, keypoints=person.keypoints[mirror], visibility=person.visibility[mirror])
    sided = np.array(mirror) != np.arange(len(mirror))
    compared = sided & person.labelled & swapped.labelled & (pose.scores >= confident_score)
    if compared.sum() < MIN_SIDED_KEYPOINTS:
        return person
    before, after = (
        _distances(labels, pose)[compared].clip(max=MAX_SIDE_DISTANCE).mean() for labels in (person, swapped)
    )
    return swapped if after < before - MIN_SIDE_GAIN else person


def _distances(person: Person, pose: Pose) -> NDArray[np.floating]:
    """Return the distance of each label from the model's keypoint, as a fraction of the box's longer edge."""
    return np.asarray(np.linalg.norm(pose.keypoints - person.keypoints, axis=1) / max(person.box[2:]))
