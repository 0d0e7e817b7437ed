"""YOLO-pose labels: a text file per image with a line per person.

A line is "class cx cy width height", then "x y v" per keypoint, or "x y" where 0 0 means not labelled. All coordinates
are relative to the image size, 0…1. Every class counts as a person. The area of a person is that of the box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from movenet.annotations.image import Annotations, Image, Person, add_if_no_person, box_area
from movenet.annotations.problems import ProblemList
from movenet.annotations.values import brief, read_text, to_numbers, to_visibility
from movenet.errors import DataError, MediaError
from movenet.media import PHOTO_SUFFIXES
from movenet.pose import KEYPOINTS

BOX: Final = 5
"""Numbers before the keypoints of a line: class, centre x and y, width and height of the box."""
ASSUMED_SIZE: Final = (1000, 1000)
"""Width and height in pixels assumed for an image of unknown size."""
MAX_PARENTS: Final = 3
"""Parent folders of the labels in which a data.yaml is searched for."""


def read_yolo(labels: Path, images: Path | None, names: Sequence[str] | None = None) -> Annotations:
    """Read a folder of YOLO-pose labels; lines that cannot be read are left out and listed as problems.

    labels/NAME.txt belongs to images/NAME.jpg, .png …; an image without a label file has no people.

    Args:
        labels: the folder of text files.
        images: folder of the images; None takes the folder `images` beside `labels`, as in YOLO's layout, if it exists.
        names: of the K keypoints of a person; None takes the number of keypoints from `kpt_shape` in a nearby *.yaml,
            else from the first line.

    Raises:
        DataError: There are no label files, or a nearby *.yaml is not UTF-8 text.
    """
    files = {_stem(path, labels): path for path in sorted(labels.rglob("*.txt")) if path.is_file()}
    files.pop("classes", None)
    if not files:
        raise DataError(f"expected YOLO-pose labels (.txt) in the folder {labels}, found none")
    images = images or _folder_beside(labels)
    names = _names(labels, list(files.values())) if names is None else tuple(names)
    return _Reader(labels.name, images, names).annotations(files)


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _folder_beside(labels: Path) -> Path | None:
    """Return the folder `images` that belongs to a folder of labels in YOLO's layout, if it exists."""
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
    """Return the number of keypoints in `kpt_shape` of a nearby *.yaml, if any."""
    for near in (labels, *labels.resolve().parents[:MAX_PARENTS]):
        for path in sorted(near.glob("*.yaml")):
            if path.is_file() and (
                shape := re.search(r"^kpt_shape:\s*\[\s*0*([1-9]\d{0,3})\b", read_text(path), re.MULTILINE)
            ):
                return int(shape[1])
    return None


def _guess_count(files: Sequence[Path]) -> int:
    """Return the number of keypoints of the first line that has any: of 3 numbers each if that fits, else of 2."""
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


class _Reader:
    """Reads the label files of one folder and collects their problems."""

    def __init__(self, name: str, folder: Path | None, names: tuple[str, ...]):
        self._problems, self._folder, self._names = ProblemList(name), folder, names

    def annotations(self, files: Mapping[str, Path]) -> Annotations:
        found = {} if self._folder is None else _images(self._folder)
        for stem in sorted(files.keys() - found) if found else ():
            message = f"expected a picture of this name in {self._folder}"
            self._problems.add("missing picture", stem, message)
        images = tuple(
            self._image(number, stem, found.get(stem), files.get(stem))
            for number, stem in enumerate(sorted(found or files), start=1)
        )
        add_if_no_person(images, self._problems, f"in {len(files)} files")
        problems = tuple(self._problems.found)
        return Annotations(
            self._problems.file, images, self._names, self._folder, problems, assumed_size=ASSUMED_SIZE
        )

    def _image(self, number: int, stem: str, path: Path | None, labels: Path | None) -> Image:
        name = stem if path is None or self._folder is None else path.relative_to(self._folder).as_posix()
        size = (0, 0)
        if path is not None:
            with suppress(MediaError):  # reported by the check, and by training as an unknown size
                size = upright_size(path)
        people = () if labels is None else tuple(self._people(labels, size if all(size) else ASSUMED_SIZE))
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
                with self._problems.skip_unreadable(place):
                    yield self._person(line, place, size)

    def _person(self, line: str, place: str, size: tuple[int, int]) -> Person:
        fields, count = line.split(), len(self._names)
        each = 2 if len(fields) == BOX + 2 * count else 3
        what = f"class, box and {count} keypoints of 2 or 3 each in '{brief(line)}'"
        values = to_numbers(fields, BOX + each * count, what)
        x, y, width, height = (values[1:BOX] * (*size, *size)).tolist()
        rows = values[BOX:].reshape(count, each)
        visibility = to_visibility(rows[:, 2] if each == 3 else np.where(rows.any(axis=1), 2.0, 0.0))
        if stray := int((rows[:, :2].any(axis=1) & (visibility == 0)).sum()):
            self._problems.add("place without flag", place, f"{stray} keypoints")
        box = (x - width / 2, y - height / 2, width, height)
        return Person(rows[:, :2] * size, visibility, box, box_area(box), place=place)


def _images(folder: Path) -> dict[str, Path]:
    """Return the images in a folder and its subfolders by relative path without the suffix."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PHOTO_SUFFIXES)
    return {_stem(path, folder): path for path in found if path.is_file()}


def upright_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image in pixels, after its EXIF orientation is applied.

    Raises:
        MediaError: It cannot be read.
    """
    from movenet.media.picture_file import PictureFile  # loads Pillow

    return PictureFile.open(path).upright_size
