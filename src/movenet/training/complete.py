"""A model labels what people did not, and looks over what they did.

Joints that a list never has, such as the faces of sports lists, are filled in: without them a person's centre, the mean
of their keypoints, would not be where the model has learned to see it. Labels that it all but agrees with may be put
where it sees them, so that a list's own idea of a hip is not learned for all hips. Those that it contradicts may be
dropped, and sides that were mistaken for each other changed back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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
    estimator = Estimator(how.model, method="whole", min_score=0.0, rule=LookRule(flip=True))
    check_keypoints(estimator.engine.card, len(labels.skeleton))
    mirror = labels.skeleton.mirror
    pictures = tuple(_complete(picture, estimator, mirror, how) for picture in labels.pictures)
    return replace(labels, pictures=pictures)


def _complete(picture: Picture, estimator: Estimator, mirror: Sequence[int], how: Completion) -> Picture:
    try:
        image = read_photo(picture.path)
    except MediaError as error:
        log.warning("not completed: %s", error)
        return picture
    side = estimator.engine.card.side
    crops = [Crop.around_box(person.box, FACTOR, side) for person in picture.people]
    poses = estimator.look([image] * len(crops), crops)
    pairs = zip(picture.people, poses, strict=True)
    people = tuple(merge(person, pose, mirror, how, picture.size) for person, pose in pairs)
    return replace(picture, people=people)


def merge(
    person: Person, pose: Pose, mirror: Sequence[int], how: Completion, size: tuple[int, int]
) -> Person:
    """Return a person of a picture of this size (width, height) as the model completes and corrects them.

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
    return replace(person, keypoints=keypoints, labelled=(person.labelled & ~doubted) | filled)


def _with_sides(person: Person, pose: Pose, mirror: list[int], sure: float) -> Person:
    """Return the person with left and right changed if the model sees them so."""
    turned = replace(person, keypoints=person.keypoints[mirror], labelled=person.labelled[mirror])
    sided = np.array(mirror) != np.arange(len(mirror))
    compared = sided & person.labelled & turned.labelled & (pose.scores >= sure)
    if compared.sum() < FEWEST:
        return person
    as_is, changed = (_away(one, pose)[compared].clip(max=FAR).mean() for one in (person, turned))
    return turned if changed < as_is - GAIN else person


def _away(person: Person, pose: Pose) -> NDArray[np.floating]:
    """Return how far each label is from the model's answer, as a share of the box's longer edge."""
    return np.asarray(np.linalg.norm(pose.keypoints - person.keypoints, axis=1) / max(person.box[2:]))


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
