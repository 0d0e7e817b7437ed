"""What can be wrong with annotations, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

ERRORS: Final = {
    "missing field": "what every label needs is not there",
    "wrong count": "more or fewer numbers than keypoints",
    "not a number": "text where a number is due",
    "not finite": "NaN or infinity",
    "zero area": "a box or an area of nothing",
    "visible flag": "a flag that is not 0, 1 or 2, or a count that is not theirs",
    "duplicate id": "two of one id",
    "unreadable file": "a file that is missing, closed to us or no text in UTF-8",
    "unknown picture": "a label of a picture that is not listed",
    "nobody": "no person with a labelled keypoint",
    "missing picture": "the file is not there",
    "corrupt picture": "the file cannot be decoded",
    "wrong size": "the picture is not as large as the labels say",
    "outside picture": "a box without a pixel of the picture, or a labelled keypoint beyond its edge",
}
"""Kinds that make training fail or learn nonsense, and what they mean."""
WARNINGS: Final = {
    "same picture": "two names for the same bytes",
    "same person": "two labels of one person",
    "box beyond edge": "a box that reaches out of the picture",
    "keypoint off box": "a keypoint far outside its person's box",
    "place without flag": "a keypoint with a place that is flagged as not labelled",
    "impossible limb": "a bone more than twice as long as the others allow",
    "sides swapped": "left and right are as the model sees them the other way round",
}
"""Kinds that are worth a look: some are right."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or may be."""

    kind: str
    """One of `ERRORS` or `WARNINGS`."""
    file: str
    """The annotation file."""
    place: str
    """The entry: "annotation 7", "a.txt line 2", an image's name."""
    said: str
    """What was expected and what is there."""
    left_out: bool = False
    """Whether the entry could not be read because of it; strict readers raise DataError then."""

    @property
    def serious(self) -> bool:
        """Whether it is an error, not a warning."""
        return self.kind in ERRORS


class UnreadableError(ValueError):
    """An entry cannot be read: the kind of problem and what was expected. It never leaves this package."""

    def __init__(self, kind: str, said: str):
        super().__init__(said)
        self.kind = kind


class ProblemList:
    """Collects what is wrong with one annotation file."""

    def __init__(self, file: str):
        self.file = file
        self.found: list[Problem] = []

    def add(self, kind: str, place: str, said: str, *, left_out: bool = False) -> None:
        """Add a problem; see `Problem`."""
        self.found.append(Problem(kind, self.file, place, said, left_out))

    @contextmanager
    def leaving_out(self, place: str) -> Iterator[None]:
        """Run a block that reads an entry; if it cannot be read, add why."""
        try:
            yield
        except UnreadableError as error:
            self.add(error.kind, place, str(error), left_out=True)
