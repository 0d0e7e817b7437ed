"""Images and the people annotated in them, in pixels of the image with the origin at its top-left corner."""

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
    """Shape (K, 2): x, y; any finite numbers where nothing is labelled."""
    visibility: NDArray[np.integer]
    """Shape (K,), as in COCO: 0 not labelled, 1 labelled but hidden, 2 labelled and visible."""
    box: Box
    area: float
    """Of the person's segment, or of the box where the file has none, in square pixels."""
    crowd: bool = False
    """Whether this is a region with many people (COCO's iscrowd), not one person."""
    place: str = ""
    """Where it stands in its file, for messages."""

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Shape (K,): which keypoints are labelled, hidden ones included."""
        return np.asarray(self.visibility > 0, np.bool_)

    @property
    def learnable(self) -> bool:
        """Whether a network can be trained on this: one person with a labelled keypoint and a box of some area."""
        return not self.crowd and bool(self.labelled.any()) and self.box[2] > 0 and self.box[3] > 0


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image of an annotation file, and everybody annotated in it."""

    id: int
    name: str
    """As the file names it."""
    path: Path
    """In the folder of the images; the name alone where that folder is not known."""
    size: tuple[int, int] = (0, 0)
    """Width and height in pixels; (0, 0) where they are not known."""
    people: tuple[Person, ...] = ()

    @property
    def learnable(self) -> tuple[Person, ...]:
        """The people that a network can be trained on."""
        return tuple(person for person in self.people if person.learnable)

    @property
    def ignore_regions(self) -> tuple[Box, ...]:
        """Boxes of everybody else: crowds and people without labelled keypoints, where nothing is said to be absent."""
        return tuple(person.box for person in self.people if not person.learnable)


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """An annotation file, or a folder of them: what could be read, and what was wrong."""

    name: str
    """Of the file or folder, without the path to it."""
    images: tuple[Image, ...]
    keypoint_names: tuple[str, ...]
    folder: Path | None
    """Of the images, if known."""
    problems: tuple[Problem, ...] = ()
    categories: frozenset[int] = frozenset({1})
    """The category ids whose annotations were read; those of other categories are left out."""
    assumed_size: tuple[int, int] = (0, 0)
    """Width and height in which the people of an image of unknown size are given; (0, 0) if in its own pixels."""

    def strict(self) -> Annotations:
        """Return these annotations if every entry could be read and somebody is annotated.

        Raises:
            DataError: for the first entry that could not be read, or if there is no person with keypoints.
        """
        for problem in self.problems:
            if problem.left_out:
                where = problem.file if problem.place == problem.file else f"{problem.file}, {problem.place}"
                raise DataError(f"{where}: {problem.said}")
        return self


def note_nobody(images: Iterable[Image], problems: ProblemList, among: str) -> None:
    """Add a problem if no person with labelled keypoints is in the images; `among` says where none was found."""
    if not any(person.labelled.any() and not person.crowd for image in images for person in image.people):
        said = f"labels nobody: expected a person with keypoints, got none {among}"
        problems.add("nobody", problems.file, said, left_out=True)


def require_files(name: str, images: Iterable[Image]) -> None:
    """Check that the files of all images exist.

    Raises:
        DataError: if some do not; `name` is that of the annotations, for the message.
    """
    images = list(images)
    # Not Path.is_file: it raises OSError for a name that is too long.
    missing = [image.path for image in images if not os.path.isfile(image.path)]  # noqa: PTH113
    if missing:
        raise DataError(f"{name}: {len(missing)} of {len(images)} pictures are missing, such as {missing[0]}")
