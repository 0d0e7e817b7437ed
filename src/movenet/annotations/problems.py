"""Problems of annotation files: their kinds, which are errors and which warnings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

ERRORS: Final = {
    "missing field": "a required field is missing",
    "wrong count": "more or fewer numbers than keypoints",
    "not a number": "text in place of a number",
    "not finite": "NaN or infinity",
    "zero area": "a box or an area of size 0",
    "visible flag": "a visibility other than 0, 1 and 2, or a wrong num_keypoints",
    "duplicate id": "an id that is used twice",
    "unreadable file": "a file that is missing, cannot be opened or is not UTF-8 text",
    "unknown picture": "a label of a picture that the file does not list",
    "no person": "no person with a labelled keypoint",
    "missing picture": "the file does not exist",
    "corrupt picture": "the file cannot be decoded",
    "wrong size": "the picture has another size than the labels state",
    "outside picture": "a box entirely outside the picture, or a labelled keypoint outside it",
}
"""Errors, kind to meaning: training fails or learns wrong labels."""
WARNINGS: Final = {
    "same picture": "two files with the same bytes",
    "same person": "two labels of one person",
    "box beyond edge": "a box that extends beyond the picture",
    "keypoint off box": "a keypoint far outside its person's box",
    "place without flag": "coordinates for a keypoint whose visibility is 0",
    "impossible limb": "a bone more than twice as long as the others allow",
    "sides swapped": "the model sees left and right exchanged",
}
"""Warnings, kind to meaning: to be checked by a person, since some of these labels are correct."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning about an annotation file."""

    kind: str
    """One of `ERRORS` or `WARNINGS`."""
    file: str
    """Name of the annotation file."""
    place: str
    """The entry: "annotation 7", "a.txt line 2", or the name of an image."""
    message: str
    """What was expected and what was found."""
    left_out: bool = False
    """Whether the entry was left out because it could not be read; `Annotations.strict` raises DataError for it."""

    @property
    def is_error(self) -> bool:
        """Whether the kind is one of `ERRORS`."""
        return self.kind in ERRORS


class UnreadableError(ValueError):
    """An entry cannot be read. Internal: readers turn it into a `Problem` of the kind given."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class ProblemList:
    """Collects the problems of one annotation file."""

    def __init__(self, file: str):
        self.file = file
        self.found: list[Problem] = []

    def add(self, kind: str, place: str, message: str, *, left_out: bool = False) -> None:
        """Add a problem; see `Problem`."""
        self.found.append(Problem(kind, self.file, place, message, left_out))

    @contextmanager
    def skip_unreadable(self, place: str) -> Iterator[None]:
        """Context that reads one entry; if it raises UnreadableError, the entry is skipped and the problem added."""
        try:
            yield
        except UnreadableError as error:
            self.add(error.kind, place, str(error), left_out=True)
