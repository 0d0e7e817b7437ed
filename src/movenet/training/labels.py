"""What is to be learned: pictures and the people labelled in them, of any skeleton, in our pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from movenet.errors import DataError
from movenet.evaluation.truth import read_annotations
from movenet.records import COCO_SHIFT_PX
from movenet.skeleton import Skeleton

Box: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in pixels of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One labelled person, or animal, or hand. Pixels of the picture, origin at its top-left corner."""

    keypoints: NDArray[np.float32]
    """Shape (K, 2): x, y; anything where nothing is labelled."""
    labelled: NDArray[np.bool_]
    """Shape (K,)."""
    box: Box
    area: float
    """Square pixels of the outline."""

    @property
    def learnable(self) -> bool:
        """Whether there is a keypoint to learn and a box to look at."""
        return bool(self.labelled.any()) and self.box[2] > 0 and self.box[3] > 0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture and what is known of it."""

    path: Path
    size: tuple[int, int]
    """Width and height in pixels."""
    people: tuple[Person, ...]
    unknown: tuple[Box, ...] = ()
    """Boxes in which nothing is said to be absent: crowds, and people without keypoints."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A labelled list. Pictures are named, not held."""

    name: str
    skeleton: Skeleton
    pictures: tuple[Picture, ...]
    shown: tuple[tuple[int, Box], ...]
    """What is looked at in training: which picture, and which box of it."""
    dropped: int = 0
    """Keypoints labelled outside their picture, which count as not labelled."""


def read_coco(annotations: Path, folder: Path, skeleton: Skeleton) -> Labels:
    """Read a COCO keypoint file of any skeleton; people of no area teach nothing and are left unknown.

    Raises:
        DataError: if the file is missing or malformed, a number is not finite, a picture is missing from the
            folder, or nobody can be learned from.
    """
    data = read_annotations(annotations)
    try:
        grouped = _by_picture(data["annotations"])
        pictures = [
            _picture(
                folder / str(image["file_name"]), _size(image), grouped.get(int(image["id"]), ()), skeleton
            )
            for image in data["images"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{annotations}: expected every picture to have id, file_name, width and height, and everybody "
            f"image_id, bbox and keypoints ({len(skeleton)} × x, y, v), all finite; got something else ({error!r})"
        ) from None
    return checked(annotations.name, skeleton, pictures)


def checked(name: str, skeleton: Skeleton, pictures: Iterable[tuple[Picture, int]]) -> Labels:
    """Return the labels of pictures, each given with how many of its keypoints were dropped.

    Raises:
        DataError: if pictures are missing or nobody can be learned from.
    """
    pairs = list(pictures)
    shown = [(i, p.box) for i, (picture, _) in enumerate(pairs) for p in picture.people if p.learnable]
    dropped = sum(count for _, count in pairs)
    labels = Labels(name, skeleton, tuple(picture for picture, _ in pairs), tuple(shown), dropped)
    missing = [picture.path for picture in labels.pictures if not picture.path.is_file()]
    if missing:
        raise DataError(f"{name}: {len(missing)} of {len(pairs)} pictures are missing, such as {missing[0]}")
    if not shown:
        raise DataError(
            f"{name} labels nobody: expected people with keypoints inside their picture and a box"
        )
    return labels


def inside(keypoints: NDArray[np.floating], width: float, height: float) -> NDArray[np.bool_]:
    """Return which keypoints (…, 2), x, y, lie in a picture of this size, its edge included."""
    return np.asarray(((keypoints >= 0) & (keypoints <= (width, height))).all(axis=-1), np.bool_)


def _by_picture(annotations: Sequence[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    grouped: dict[int, list[Mapping[str, Any]]] = {}
    for annotation in annotations:
        grouped.setdefault(int(annotation["image_id"]), []).append(annotation)
    return grouped


def _size(image: Mapping[str, Any]) -> tuple[int, int]:
    return int(image["width"]), int(image["height"])


def _picture(
    path: Path, size: tuple[int, int], annotations: Sequence[Mapping[str, Any]], skeleton: Skeleton
) -> tuple[Picture, int]:
    """Return a picture and how many of its keypoints are labelled outside it."""
    people, unknown, dropped = [], [], 0
    for annotation in annotations:
        person, outside = _person(annotation, size, len(skeleton))
        dropped += outside
        if person.learnable and not annotation.get("iscrowd", 0):
            people.append(person)
        else:
            unknown.append(person.box)
    return Picture(path, size, tuple(people), tuple(unknown)), dropped


def _person(annotation: Mapping[str, Any], size: tuple[int, int], count: int) -> tuple[Person, int]:
    triples = np.array(annotation.get("keypoints") or np.zeros(3 * count), np.float64).reshape(count, 3)
    x, y, width, height = (float(value) for value in annotation["bbox"])
    area = float(annotation.get("area", width * height))
    if not (np.isfinite(triples).all() and np.isfinite((x, y, width, height, area)).all()):
        raise ValueError(f"annotation {annotation.get('id')} holds a number that is not finite")
    keypoints = triples[:, :2] - COCO_SHIFT_PX
    claimed = triples[:, 2] > 0
    labelled = claimed & inside(triples[:, :2], *size)
    person = Person(keypoints.astype(np.float32), labelled, (x, y, width, height), area)
    return person, int((claimed & ~labelled).sum())
