"""Labels to train on: images and the people in them, of any skeleton, in pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet import annotations as files
from movenet.annotations import Annotations, Box, Image, Person, require_files
from movenet.errors import DataError
from movenet.skeleton import Skeleton

EDGE_MARGIN_PX: Final = 0.25
"""Tolerance at the right and lower edge: the quarter-pixel shift of COCO keypoints can move them this far outside."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A labelled dataset. Images are paths, not loaded."""

    name: str
    skeleton: Skeleton
    images: tuple[Image, ...]
    people: tuple[tuple[int, Box], ...]
    """The people to train on: index of the image, and the box (left, top, width, height) in pixels."""
    dropped: int = 0
    """Number of keypoints labelled outside their image; they count as unlabelled."""


def read_coco(annotations: Path, folder: Path, skeleton: Skeleton) -> Labels:
    """Read a COCO keypoint file of any skeleton.

    Raises:
        DataError: if the file is missing or malformed, an image has no size or is missing from the folder, or no person
            has usable labels.
    """
    return _to_labels(files.read_coco(annotations, folder, skeleton.names).strict(), skeleton)


def read_yolo(labels: Path, folder: Path, skeleton: Skeleton) -> Labels:
    """Read a folder of YOLO-pose labels for the images of another folder.

    Raises:
        DataError: if the labels are missing or malformed, the size of an image cannot be read, or no person has usable
            labels.
    """
    return _to_labels(files.read_yolo(labels, folder, skeleton.names).strict(), skeleton)


def _to_labels(read: Annotations, skeleton: Skeleton) -> Labels:
    require_files(read.name, read.images)
    for image in read.images:
        if not all(image.size):
            raise DataError(f"{read.name}: expected an image of known width and height, got {image.path}")
    images = tuple(_within(image) for image in read.images)
    before, after = (_count_labelled(of) for of in (read.images, images))
    people = tuple((i, person.box) for i, image in enumerate(images) for person in image.learnable)
    if not people:
        raise DataError(
            f"{read.name} has no usable person: expected people with keypoints inside their picture and a box"
        )
    return Labels(read.name, skeleton, images, people, before - after)


def _within(image: Image) -> Image:
    """Return the image with the keypoints outside it unlabelled."""
    width, height = image.size
    return replace(image, people=tuple(_person_within(person, width, height) for person in image.people))


def _person_within(person: Person, width: int, height: int) -> Person:
    within = inside(person.keypoints, width + EDGE_MARGIN_PX, height + EDGE_MARGIN_PX)
    return replace(
        person, keypoints=person.keypoints.astype(np.float32), visibility=person.visibility * within
    )


def _count_labelled(images: Iterable[Image]) -> int:
    return sum(int(person.labelled.sum()) for image in images for person in image.people)


def inside(keypoints: NDArray[np.floating], width: float, height: float) -> NDArray[np.bool_]:
    """Return which keypoints (…, 2) of x, y are in an image of this size in pixels, its edges included."""
    return np.asarray(((keypoints >= 0) & (keypoints <= (width, height))).all(axis=-1), np.bool_)
