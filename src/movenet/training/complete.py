"""A model labels what people did not: joints a list never has, such as the faces of sports lists.

Without them a person's centre, the mean of their keypoints, would not be where the model has learned to see it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from movenet.atomic import written_whole
from movenet.crop import Crop
from movenet.errors import MediaError
from movenet.estimator import Estimator, LookRule
from movenet.media import read_photo
from movenet.pose import Pose
from movenet.records import COCO_SHIFT_PX
from movenet.training.labels import Labels, Person, Picture, inside
from movenet.training.teacher import check_keypoints

FACTOR: Final = 1.1
"""Side of the square shown to the model, as a multiple of the box's longer edge."""
STRANGER: Final = 0.1
"""If half of the labels lie farther from the model's answer than this share of the box, it saw somebody else."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completion:
    """What to believe."""

    model: str
    sure: float = 0.3
    """Least score of a keypoint that is filled in."""
    doubt: float = 0.0
    """Labels farther than this share of the box from a keypoint that the model is sure of are dropped; 0: none."""


def complete(labels: Labels, how: Completion) -> Labels:
    """Return the labels with keypoints of a model where there were none; pictures that cannot be read stay as they are.

    Raises:
        ModelError: if the model is unknown, finds many people, or has another skeleton.
    """
    estimator = Estimator(how.model, method="whole", min_score=0.0, rule=LookRule(flip=True))
    check_keypoints(estimator.engine.card, len(labels.skeleton))
    pictures = tuple(_complete(picture, estimator, how) for picture in labels.pictures)
    return replace(labels, pictures=pictures)


def _complete(picture: Picture, estimator: Estimator, how: Completion) -> Picture:
    try:
        image = read_photo(picture.path)
    except MediaError as error:
        log.warning("not completed: %s", error)
        return picture
    side = estimator.engine.card.side
    crops = [Crop.around_box(person.box, FACTOR, side) for person in picture.people]
    poses = estimator.look([image] * len(crops), crops)
    pairs = zip(picture.people, poses, strict=True)
    return replace(picture, people=tuple(merge(person, pose, how, picture.size) for person, pose in pairs))


def merge(person: Person, pose: Pose, how: Completion, size: tuple[int, int]) -> Person:
    """Return a person of a picture of this size (width, height) as the model completes and doubts them."""
    edge = max(person.box[2:])
    away = np.linalg.norm(pose.keypoints - person.keypoints, axis=1) / edge
    if np.median(away[person.labelled]) > STRANGER:
        return person
    sure = pose.scores >= how.sure
    doubted = person.labelled & sure & (away > how.doubt) if how.doubt else np.zeros_like(sure)
    filled = ~person.labelled & sure & inside(pose.keypoints, *size)
    keypoints = np.where(filled[:, None], pose.keypoints, person.keypoints)
    return replace(person, keypoints=keypoints, labelled=(person.labelled & ~doubted) | filled)


def write_coco(path: Path, labels: Labels, folder: Path) -> None:
    """Write labels as a COCO keypoint file whose pictures lie in a folder; what is unknown becomes a crowd.

    Raises:
        MediaError: if the file cannot be written.
    """
    images, annotations = [], []
    for i, picture in enumerate(labels.pictures):
        size = dict(zip(("width", "height"), picture.size, strict=True))
        images.append({"id": i, "file_name": str(picture.path.relative_to(folder)), **size})
        annotations += [_annotation(i, person) for person in picture.people]
        annotations += [
            {"image_id": i, "category_id": 1, "iscrowd": 1, "bbox": list(box)} for box in picture.unknown
        ]
    for number, annotation in enumerate(annotations, start=1):
        annotation["id"] = number
    category = {
        "id": 1,
        "name": "person",
        "keypoints": list(labels.skeleton.names),
        "skeleton": _bones(labels),
    }
    with written_whole(path) as temporary:
        content = {"images": images, "annotations": annotations, "categories": [category]}
        temporary.write_text(json.dumps(content), encoding="utf-8")


def _annotation(image_id: int, person: Person) -> dict[str, Any]:
    triples = (
        np.column_stack([person.keypoints + COCO_SHIFT_PX, 2 * person.labelled]) * person.labelled[:, None]
    )
    return {
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": list(person.box),
        "area": person.area,
        "keypoints": np.round(triples, 2).ravel().tolist(),
        "num_keypoints": int(person.labelled.sum()),
    }


def _bones(labels: Labels) -> list[list[int]]:
    return [[a + 1, b + 1] for a, b in labels.skeleton.bones]
