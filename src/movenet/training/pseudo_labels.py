"""Pseudo-labels of images without labels: a model at its most accurate settings labels the people that it finds.

A small model that is trained on them imitates the large one with all its crops (self-distillation, Xie et al. 2020,
"Self-training with Noisy Student", without its noise on the teacher).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

import numpy as np

from movenet.annotations import Box, Image, Person
from movenet.engine import open_engine
from movenet.errors import MediaError
from movenet.estimator import Estimator, default_settings
from movenet.media import read_photo
from movenet.oks import BOX_AREA_FRACTION
from movenet.pose import Pose
from movenet.training.labels import Labels, inside
from movenet.training.settings import RelabelSettings
from movenet.training.teacher import check_keypoints

DETECTOR_SIDES_PX: Final = (256, 512)
"""Longer sides of the detector's input, in pixels: for large and for small people."""
MIN_POSE_SCORE: Final = 0.05
"""Minimum score of a pose to be at least an ignored region."""
MIN_KEYPOINTS: Final = 9
"""Minimum number of confident keypoints of a person to train on; with fewer, the person's box is an ignored region."""
MIN_LENGTH_PX: Final = 64.0
"""Least longer side of a person to train on, in pixels of the image; smaller people are ignored regions."""

log = logging.getLogger(__name__)


def pseudo_label(labels: Labels, settings: RelabelSettings) -> Labels:
    """Return the images with the people that a model finds in them; images that cannot be read have none.

    The model's preset "best" for one person (two crops of each, both also mirrored, fused by their votes) is used for
    everybody in an image.

    Raises:
        ModelError: if the model is unknown, a multi-person model, or has another number of keypoints.
    """
    estimator = open_labeller(settings.model)
    check_keypoints(estimator.engine.card, len(labels.skeleton))
    images = tuple(label_image(image, estimator, settings.confident_score) for image in labels.images)
    return replace(labels, images=images)


def open_labeller(model: str) -> Estimator:
    """Return the estimator that labels: `model` at its preset "best", for all people."""
    engine = open_engine(model)
    settings = replace(
        default_settings(engine.card, "one", "best"),
        detector_sides_px=DETECTOR_SIDES_PX,
        min_center_score=default_settings(engine.card, "many").min_center_score,
    )
    return Estimator(engine, people="many", min_score=MIN_POSE_SCORE, settings=settings)


def label_image(image: Image, estimator: Estimator, confident_score: float) -> Image:
    """Return the image with the people that an estimator finds; as it is, with a warning, if it cannot be read."""
    try:
        pixels = read_photo(image.path)
    except MediaError as error:
        log.warning("not labelled: %s", error)
        return image
    people = (to_person(pose, image.size, confident_score) for pose in estimator(pixels))
    return replace(image, people=tuple(person for person in people if person is not None))


def to_person(pose: Pose, size: tuple[int, int], confident_score: float) -> Person | None:
    """Return a pose as a labelled person, or as an ignored region if it is too small or too uncertain.

    Args:
        pose: keypoints in pixels of the image.
        size: width and height of the image, in pixels.
        confident_score: minimum score of a labelled keypoint, 0…1.

    Returns:
        None if the pose has no extent in the image.
    """
    confident = (pose.scores >= confident_score) & inside(pose.keypoints, *size)
    box = _box(replace(pose, box=None) if confident.any() else pose, size, confident_score)
    if box is None:
        return None
    usable = confident.sum() >= MIN_KEYPOINTS and max(box[2:]) >= MIN_LENGTH_PX
    visibility = np.where(confident & usable, 2, 0).astype(np.int8)
    area = BOX_AREA_FRACTION * box[2] * box[3]
    return Person(pose.keypoints, visibility, box, area, crowd=not usable)


def _box(pose: Pose, size: tuple[int, int], min_score: float) -> Box | None:
    """Return the part of a pose's bounds that is in the image: left, top, width, height in pixels; None if empty."""
    bounds = pose.bounds(min_score) or pose.bounds()
    if bounds is None:
        return None
    left, top, width, height = bounds
    low = np.clip([left, top], 0, size)
    extent = np.clip([left + width, top + height], 0, size) - low
    return (*low.tolist(), *extent.tolist()) if (extent >= 1).all() else None
