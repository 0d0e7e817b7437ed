"""Ground truth: annotated people, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import PERSON, Annotations, Image, Person, read_coco, require_files, to_coco_px
from movenet.errors import DataError
from movenet.pose import KEYPOINTS


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """G annotated people, in COCO's pixels and in the order of their images in the file."""

    image_ids: NDArray[np.int64]
    """Shape (G,)."""
    keypoints: NDArray[np.float64]
    """Shape (G, K, 2): x, y; 0 where nothing is labelled."""
    labelled: NDArray[np.bool_]
    """Shape (G, K): COCO's v > 0, so labelled keypoints that are hidden count too."""
    areas: NDArray[np.float64]
    """Shape (G,): area of the person's segment in square pixels."""
    boxes: NDArray[np.float64]
    """Shape (G, 4): x, y, width, height."""
    crowds: NDArray[np.bool_]
    """Shape (G,): COCO's iscrowd: a region with many people, in which estimates do not count."""
    ignored: NDArray[np.bool_]
    """Shape (G,): people who do not count: crowds and people without labelled keypoints."""

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Shape (G,): number of labelled keypoints."""
        return np.asarray(self.labelled.sum(axis=1), np.int64)

    def ignoring(self, which: NDArray[np.bool_]) -> People:
        """Return the same people, with `which`, shape (G,), ignored too."""
        return replace(self, ignored=self.ignored | which)

    def of_keypoint(self, k: int) -> People:
        """Return the same people with keypoint `k` alone; people without it labelled are ignored."""
        one = slice(k, k + 1)
        missing = ~self.labelled[:, k]
        return replace(
            self,
            keypoints=self.keypoints[:, one],
            labelled=self.labelled[:, one],
            ignored=self.ignored | missing,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """An annotation file."""

    name: str
    """Name of the file, without its folder."""
    files: Mapping[int, str]
    """Image id → file name, in the order of the file."""
    people: People
    categories: frozenset[int] = frozenset({PERSON})
    """The category ids of the people."""

    def images(self, folder: Path) -> list[Image]:
        """Return the pictures, in the order of the file.

        Raises:
            DataError: if there are none or some are missing from the folder.
        """
        images = [Image(image_id, name, folder / name) for image_id, name in self.files.items()]
        if not images:
            raise DataError(f"{self.name} names no picture")
        require_files(self.name, images)
        return images

    def counted(self) -> int:
        """Return the number of people who are not ignored."""
        return int((~self.people.ignored).sum())

    def person_free(self) -> list[int]:
        """Return the ids of the pictures without any annotated person or crowd."""
        return sorted(set(self.files) - set(self.people.image_ids.tolist()))


def read_truth(annotations: Path) -> Truth:
    """Read a COCO keypoint annotation file of people with COCO's 17 keypoints.

    Raises:
        DataError: if it is missing or malformed.
    """
    return to_truth(read_coco(annotations, None, KEYPOINTS).strict())


def to_truth(read: Annotations) -> Truth:
    """Return annotations of people with COCO's 17 keypoints as arrays."""
    pairs = [(image.id, person) for image in read.images for person in image.people]
    files = {image.id: image.name for image in read.images}
    return Truth(read.name, files, _people(pairs), read.categories)


def _people(pairs: Sequence[tuple[int, Person]]) -> People:
    """Return people, given as (image id, person), as arrays."""
    people = [person for _, person in pairs]
    count = len(KEYPOINTS)
    labelled = np.array([person.labelled for person in people], bool).reshape(-1, count)
    keypoints = np.array([person.keypoints for person in people], np.float64).reshape(-1, count, 2)
    crowds = np.array([person.crowd for person in people], bool)
    return People(
        image_ids=np.array([image_id for image_id, _ in pairs], np.int64),
        keypoints=np.where(labelled[..., None], to_coco_px(keypoints), 0.0),
        labelled=labelled,
        areas=np.array([person.area for person in people], np.float64),
        boxes=np.array([person.box for person in people], np.float64).reshape(-1, 4),
        crowds=crowds,
        ignored=crowds | ~labelled.any(axis=1),
    )
