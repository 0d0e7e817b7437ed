"""YOLO-pose labels: a text file for each image, in it a line for each person.

A line is "class cx cy width height", then "x y v" for each keypoint, or "x y" where 0 0 is not labelled; all of it in
shares of the image, 0…1. Every class is a person. The area of a person is that of the box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from movenet.annotations.image import Annotations, Image, Person, box_area, note_nobody
from movenet.annotations.problems import ProblemList
from movenet.annotations.values import brief, read_text, to_numbers, to_visibility
from movenet.errors import DataError, MediaError
from movenet.media import PHOTO_SUFFIXES
from movenet.pose import KEYPOINTS

BOX: Final = 5
"""Numbers before the keypoints of a line: class, then the middle and the size of the box."""
STAND_IN: Final = (1000, 1000)
"""Size in pixels that is assumed of an image whose size is not known."""
LEVELS: Final = 3
"""Folders above the labels in which a data.yaml is looked for."""


def read_yolo(labels: Path, images: Path | None, names: Sequence[str] | None = None) -> Annotations:
    """Read a folder of YOLO-pose labels; lines that cannot be read are left out and listed as problems.

    labels/NAME.txt belongs to images/NAME.jpg, .png …; an image without labels has nobody in it.

    Args:
        labels: the folder of text files.
        images: folder of the images; None takes the one that YOLO's layout puts beside the labels, if there is one.
        names: of the K keypoints of a person; None takes `kpt_shape` of a *.yaml nearby, or what the first line fits.

    Raises:
        DataError: if there are no label files, or a *.yaml nearby is no text in UTF-8.
    """
    files = {_stem(path, labels): path for path in sorted(labels.rglob("*.txt")) if path.is_file()}
    files.pop("classes", None)
    if not files:
        raise DataError(f"expected YOLO-pose labels (.txt) in the folder {labels}, found none")
    images = images or _folder_beside(labels)
    names = _names(labels, list(files.values())) if names is None else tuple(names)
    return _Reading(labels.name, images, names).annotations(files)


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _folder_beside(labels: Path) -> Path | None:
    """Return the folder of images that YOLO's own layout puts beside one of labels."""
    parts = list(labels.resolve().parts)
    if "labels" not in parts:
        return None
    last = len(parts) - 1 - parts[::-1].index("labels")
    images = Path(*parts[:last], "images", *parts[last + 1 :])
    return images if images.is_dir() else None


def _names(labels: Path, files: Sequence[Path]) -> tuple[str, ...]:
    count = _count_in_yaml(labels) or _guess_count(files)
    return KEYPOINTS if count == len(KEYPOINTS) else tuple(f"keypoint {k}" for k in range(count))


def _count_in_yaml(labels: Path) -> int | None:
    """Return how many keypoints a data.yaml nearby says there are."""
    for near in (labels, *labels.resolve().parents[:LEVELS]):
        for path in sorted(near.glob("*.yaml")):
            if path.is_file() and (
                said := re.search(r"^kpt_shape:\s*\[\s*0*([1-9]\d{0,3})\b", read_text(path), re.MULTILINE)
            ):
                return int(said[1])
    return None


def _guess_count(files: Sequence[Path]) -> int:
    """Return how many keypoints the first line that has any suggests: of three numbers where they fit, else of two."""
    for path in files:
        try:
            lines = read_text(path).splitlines()
        except DataError:
            continue
        for line in lines:
            rest = len(line.split()) - BOX
            if rest >= 2:
                return rest // 3 if rest % 3 == 0 else rest // 2
    return len(KEYPOINTS)


class _Reading:
    """Reads the files of one folder and collects what is wrong with them."""

    def __init__(self, name: str, folder: Path | None, names: tuple[str, ...]):
        self._problems, self._folder, self._names = ProblemList(name), folder, names

    def annotations(self, files: Mapping[str, Path]) -> Annotations:
        found = {} if self._folder is None else _images(self._folder)
        for stem in sorted(files.keys() - found) if found else ():
            said = f"expected a picture of this name in {self._folder}"
            self._problems.add("missing picture", stem, said)
        images = tuple(
            self._image(number, stem, found.get(stem), files.get(stem))
            for number, stem in enumerate(sorted(found or files), start=1)
        )
        note_nobody(images, self._problems, f"in {len(files)} files")
        problems = tuple(self._problems.found)
        return Annotations(
            self._problems.file, images, self._names, self._folder, problems, assumed_size=STAND_IN
        )

    def _image(self, number: int, stem: str, path: Path | None, labels: Path | None) -> Image:
        name = stem if path is None or self._folder is None else path.relative_to(self._folder).as_posix()
        size = (0, 0)
        if path is not None:
            with suppress(
                MediaError
            ):  # the checker says what is wrong, and training that the size is not known
                size = upright_size(path)
        people = () if labels is None else tuple(self._people(labels, size if all(size) else STAND_IN))
        return Image(number, name, path or (self._folder or Path()) / name, size, people)

    def _people(self, labels: Path, size: tuple[int, int]) -> Iterator[Person]:
        try:
            lines = read_text(labels).splitlines()
        except DataError as error:
            self._problems.add("unreadable file", labels.name, str(error), left_out=True)
            return
        for number, line in enumerate(lines, start=1):
            place = f"{labels.name} line {number}"
            if line.strip():
                with self._problems.leaving_out(place):
                    yield self._person(line, place, size)

    def _person(self, line: str, place: str, size: tuple[int, int]) -> Person:
        words, count = line.split(), len(self._names)
        each = 2 if len(words) == BOX + 2 * count else 3
        what = f"class, box and {count} keypoints of 2 or 3 each in '{brief(line)}'"
        values = to_numbers(words, BOX + each * count, what)
        x, y, width, height = (values[1:BOX] * (*size, *size)).tolist()
        rows = values[BOX:].reshape(count, each)
        visibility = to_visibility(rows[:, 2] if each == 3 else np.where(rows.any(axis=1), 2.0, 0.0))
        if stray := int((rows[:, :2].any(axis=1) & (visibility == 0)).sum()):
            self._problems.add("place without flag", place, f"{stray} keypoints")
        box = (x - width / 2, y - height / 2, width, height)
        return Person(rows[:, :2] * size, visibility, box, box_area(box), place=place)


def _images(folder: Path) -> dict[str, Path]:
    """Return the images in a folder and the folders in it, by their names without the suffix."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PHOTO_SUFFIXES)
    return {_stem(path, folder): path for path in found if path.is_file()}


def upright_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image in pixels, turned upright as its EXIF orientation says.

    Raises:
        MediaError: if it cannot be read.
    """
    from movenet.media.picture_file import PictureFile  # loads Pillow

    return PictureFile.open(path).upright_size
