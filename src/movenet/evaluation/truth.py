"""The truth: what people annotated, read from a COCO keypoint file and held as arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import DataError
from movenet.pose import KEYPOINTS

PERSON: Final = 1
"""COCO's category of people; others are left out."""


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One picture of an annotation file."""

    id: int
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """G annotated people, in COCO's pixels and in the order of their file."""

    image_ids: NDArray[np.int64]
    """Shape (G,)."""
    keypoints: NDArray[np.float64]
    """Shape (G, K, 2): x, y; 0 where nothing is labelled."""
    labelled: NDArray[np.bool_]
    """Shape (G, K): COCO's v > 0, so hidden keypoints that are labelled all the same count too."""
    areas: NDArray[np.float64]
    """Shape (G,): square pixels of the person's outline."""
    boxes: NDArray[np.float64]
    """Shape (G, 4): x, y, width, height."""
    crowds: NDArray[np.bool_]
    """Shape (G,): a region with many people; whoever is found there counts neither for nor against."""
    ignored: NDArray[np.bool_]
    """Shape (G,): crowds and people without labelled keypoints, who count neither for nor against."""

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Shape (G,): how many keypoints are labelled."""
        return np.asarray(self.labelled.sum(axis=1), np.int64)

    def ignoring(self, which: NDArray[np.bool_]) -> People:
        """Return the same people, of whom `which`, shape (G,), count neither for nor against."""
        return replace(self, ignored=self.ignored | which)

    def of_keypoint(self, k: int) -> People:
        """Return the same people as if they had keypoint `k` alone; without it labelled they are ignored."""
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
    """Of the file, without its folder."""
    files: Mapping[int, str]
    """Image id → file name, in the order of the file."""
    people: People

    def images(self, folder: Path) -> list[CocoImage]:
        """Return the pictures, in the order of the file.

        Raises:
            DataError: if there are none or some are missing from the folder.
        """
        images = [CocoImage(image_id, folder / name) for image_id, name in self.files.items()]
        missing = [image.path for image in images if not image.path.is_file()]
        if not images:
            raise DataError(f"{self.name} names no picture")
        if missing:
            raise DataError(
                f"{self.name}: {len(missing)} of {len(images)} pictures are missing, such as {missing[0]}"
            )
        return images

    def counted(self) -> int:
        """Return how many people count: crowds and people without labelled keypoints do not."""
        return int((~self.people.ignored).sum())

    def person_free(self) -> list[int]:
        """Return the ids of the pictures in which nobody at all is annotated, no crowd either."""
        return sorted(set(self.files) - set(self.people.image_ids.tolist()))


def read_annotations(annotations: Path) -> dict[str, Any]:
    """Read a COCO keypoint annotation file as the nested lists and numbers that it holds.

    Raises:
        DataError: if it is missing or not one.
    """
    try:
        data = json.loads(annotations.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read the annotations {annotations}: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{annotations} is not JSON: {error}") from None
    if not isinstance(data, dict) or not all(
        isinstance(data.get(k), list) for k in ("images", "annotations")
    ):
        raise DataError(f"expected COCO keypoint annotations with images and annotations in {annotations}")
    return data


def read_truth(annotations: Path) -> Truth:
    """Read a COCO keypoint annotation file of people with COCO's 17 keypoints.

    Raises:
        DataError: if it is missing, malformed, or a person is in a picture that it does not name.
    """
    data = read_annotations(annotations)
    try:
        files = {int(image["id"]): str(image["file_name"]) for image in data["images"]}
    except (KeyError, TypeError, ValueError):
        raise DataError(f"expected every image of {annotations} to have an id and a file_name") from None
    try:
        people = _people([a for a in data["annotations"] if a.get("category_id", PERSON) == PERSON])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{annotations}: expected every person to have image_id, keypoints (17 × x, y, v), area and bbox, "
            f"got something else ({error!r})"
        ) from None
    if strangers := set(people.image_ids.tolist()) - set(files):
        raise DataError(f"{annotations}: a person is in picture {min(strangers)}, which it does not name")
    return Truth(annotations.name, files, people)


def _people(annotations: Sequence[Mapping[str, Any]]) -> People:
    triples = numbers(a["keypoints"] for a in annotations).reshape(-1, len(KEYPOINTS), 3)
    labelled = triples[..., 2] > 0
    counts = [a.get("num_keypoints", seen) for a, seen in zip(annotations, labelled.sum(axis=1), strict=True)]
    crowds = np.array([bool(a.get("iscrowd", 0)) for a in annotations], bool)
    areas, boxes = (
        np.array([a["area"] for a in annotations], np.float64),
        numbers(a["bbox"] for a in annotations),
    )
    if not all(np.isfinite(values).all() for values in (triples, areas, boxes)):
        raise ValueError("numbers that are missing or not finite")
    return People(
        image_ids=np.array([int(a["image_id"]) for a in annotations], np.int64),
        keypoints=triples[..., :2],
        labelled=labelled,
        areas=areas,
        boxes=boxes.reshape(-1, 4),
        crowds=crowds,
        ignored=crowds | (np.array(counts, np.int64) == 0) | ~labelled.any(axis=1),
    )


def numbers(rows: Iterable[Sequence[float]]) -> NDArray[np.float64]:
    """Return rows of numbers as one array; a row that is longer or shorter raises ValueError."""
    return np.array(list(rows), np.float64)
