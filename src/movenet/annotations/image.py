"""Annotated images and people, in pixels of the image with the origin at its top-left corner."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from movenet.annotations.problems import Problem, ProblemList
from movenet.errors import DataError

Box: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in pixels of the image."""


def box_area(box: Box) -> float:
    """Return width × height; 0 if either is negative."""
    return max(box[2], 0.0) * max(box[3], 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One annotated person, or animal, or hand."""

    keypoints: NDArray[np.floating]
    """Shape (K, 2): x, y in pixels; keypoints that are not labelled have any finite values."""
    visibility: NDArray[np.integer]
    """Shape (K,), as in COCO: 0 not labelled, 1 labelled but hidden, 2 labelled and visible."""
    box: Box
    area: float
    """Area in square pixels: of the person's segment, or of the box if the file states no area."""
    crowd: bool = False
    """Whether this is a region with many people (COCO's iscrowd) instead of one person."""
    place: str = ""
    """Position in the file, for messages."""

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Shape (K,): which keypoints are labelled, hidden ones included."""
        return np.asarray(self.visibility > 0, np.bool_)

    @property
    def learnable(self) -> bool:
        """Whether a network can be trained on this: one person with a labelled keypoint and a box of positive area."""
        return not self.crowd and bool(self.labelled.any()) and self.box[2] > 0 and self.box[3] > 0


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image of an annotation file with the people annotated in it."""

    id: int
    name: str
    """The name in the annotation file."""
    path: Path
    """Path in the folder of the images; the name alone if that folder is not known."""
    size: tuple[int, int] = (0, 0)
    """Width and height in pixels; (0, 0) if not known."""
    people: tuple[Person, ...] = ()

    @property
    def learnable(self) -> tuple[Person, ...]:
        """The people that a network can be trained on."""
        return tuple(person for person in self.people if person.learnable)

    @property
    def ignore_regions(self) -> tuple[Box, ...]:
        """Boxes of crowds and of people without labelled keypoints: a loss must ignore what a network finds there."""
        return tuple(person.box for person in self.people if not person.learnable)


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """The readable entries of an annotation file or folder, and the problems of the others."""

    name: str
    """Name of the file or folder, without its path."""
    images: tuple[Image, ...]
    keypoint_names: tuple[str, ...]
    folder: Path | None
    """Folder of the images; None if not known."""
    problems: tuple[Problem, ...] = ()
    categories: frozenset[int] = frozenset({1})
    """Ids of the categories that were read; annotations of other categories are left out."""
    assumed_size: tuple[int, int] = (0, 0)
    """Width and height in pixels assumed for images of unknown size (YOLO); (0, 0) if coordinates are pixels."""

    def strict(self) -> Annotations:
        """Return these annotations if every entry could be read and at least one person is annotated.

        Raises:
            DataError: An entry could not be read (the first one is named), or no person has labelled keypoints.
        """
        for problem in self.problems:
            if problem.left_out:
                where = problem.file if problem.place == problem.file else f"{problem.file}, {problem.place}"
                raise DataError(f"{where}: {problem.message}")
        return self


def add_if_no_person(images: Iterable[Image], problems: ProblemList, among: str) -> None:
    """Add the problem "no person" if no image has a person with labelled keypoints; `among` completes the message."""
    if not any(person.labelled.any() and not person.crowd for image in images for person in image.people):
        message = f"no labelled person: expected a person with keypoints, got none {among}"
        problems.add("no person", problems.file, message, left_out=True)


def require_files(name: str, images: Iterable[Image]) -> None:
    """Check that the files of all images exist.

    Raises:
        DataError: A file is missing; `name` is that of the annotations, for the message.
    """
    images = list(images)
    # Not Path.is_file: it raises OSError for a name that is too long.
    missing = [image.path for image in images if not os.path.isfile(image.path)]  # noqa: PTH113
    if missing:
        raise DataError(f"{name}: {len(missing)} of {len(images)} pictures are missing, such as {missing[0]}")
