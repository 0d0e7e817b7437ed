"""What is to be learned: images and the people labelled in them, of any skeleton, in our pixels."""

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

BEYOND_PX: Final = 0.25
"""Keypoints may be labelled so far beyond the right and lower edge: COCO's last pixel ends there in our pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A labelled list. Images are named, not held."""

    name: str
    skeleton: Skeleton
    images: tuple[Image, ...]
    shown: tuple[tuple[int, Box], ...]
    """What is looked at in training: which image, and which box of it."""
    dropped: int = 0
    """Keypoints labelled outside their image, which count as not labelled."""


def read_coco(annotations: Path, folder: Path, skeleton: Skeleton) -> Labels:
    """Read a COCO keypoint file of any skeleton.

    Raises:
        DataError: if the file is missing or malformed, the size of an image is not said, an image is missing from the
            folder, or nobody can be learned from.
    """
    return _to_labels(files.read_coco(annotations, folder, skeleton.names).strict(), skeleton)


def read_yolo(labels: Path, folder: Path, skeleton: Skeleton) -> Labels:
    """Read a folder of YOLO-pose labels for the images of another folder.

    Raises:
        DataError: if the labels are missing or malformed, the size of an image cannot be read, or nobody can be
            learned from.
    """
    return _to_labels(files.read_yolo(labels, folder, skeleton.names).strict(), skeleton)


def _to_labels(read: Annotations, skeleton: Skeleton) -> Labels:
    require_files(read.name, read.images)
    for image in read.images:
        if not all(image.size):
            raise DataError(f"{read.name}: expected an image of known width and height, got {image.path}")
    images = tuple(_within(image) for image in read.images)
    claimed, kept = (_count_labelled(of) for of in (read.images, images))
    shown = tuple((i, person.box) for i, image in enumerate(images) for person in image.learnable)
    if not shown:
        raise DataError(
            f"{read.name} labels nobody: expected people with keypoints inside their picture and a box"
        )
    return Labels(read.name, skeleton, images, shown, claimed - kept)


def _within(image: Image) -> Image:
    """Return an image whose keypoints outside it are not labelled."""
    width, height = image.size
    return replace(image, people=tuple(_person_within(person, width, height) for person in image.people))


def _person_within(person: Person, width: int, height: int) -> Person:
    seen = inside(person.keypoints, width + BEYOND_PX, height + BEYOND_PX)
    return replace(person, keypoints=person.keypoints.astype(np.float32), visibility=person.visibility * seen)


def _count_labelled(images: Iterable[Image]) -> int:
    return sum(int(person.labelled.sum()) for image in images for person in image.people)


def inside(keypoints: NDArray[np.floating], width: float, height: float) -> NDArray[np.bool_]:
    """Return which keypoints (…, 2), x, y, lie in an image of this size, its edge included."""
    return np.asarray(((keypoints >= 0) & (keypoints <= (width, height))).all(axis=-1), np.bool_)
