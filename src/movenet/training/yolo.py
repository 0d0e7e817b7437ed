"""YOLO-pose labels: for each picture a text file, each line a class, a box and K keypoints, 0…1 of the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from movenet.errors import DataError, MediaError
from movenet.media import find_photos
from movenet.media.picture_file import PictureFile
from movenet.skeleton import Skeleton
from movenet.training.labels import Labels, Person, Picture, checked, inside


def read_yolo(labels: Path, folder: Path, skeleton: Skeleton) -> Labels:
    """Read labels/NAME.txt for each picture NAME.jpg, .png … of a folder; without a file nobody is in it.

    A line is "class cx cy w h", then "x y v" for each keypoint, or "x y" where 0 0 is not labelled. The area of a
    person is that of their box.

    Raises:
        DataError: if the folder of labels or everybody is missing, or a line is malformed or not finite.
        MediaError: if the folder of pictures is missing or a picture's header cannot be read.
    """
    if not labels.is_dir():
        raise DataError(f"expected a folder of YOLO labels, got {labels}, which is none")
    pictures = (_picture(path, labels / f"{path.stem}.txt", len(skeleton)) for path in find_photos([folder]))
    return checked(labels.name, skeleton, pictures)


def _picture(path: Path, labels: Path, count: int) -> tuple[Picture, int]:
    """Return a picture and how many of its keypoints are labelled outside it."""
    size = upright_size(path)
    text = labels.read_text(encoding="utf-8") if labels.is_file() else ""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    found = [_person(line, f"{labels}:{number}", size, count) for number, line in lines]
    people = tuple(person for person, _ in found if person.learnable)
    unknown = tuple(person.box for person, _ in found if not person.learnable)
    return Picture(path, size, people, unknown), sum(outside for _, outside in found)


def _person(line: str, where: str, size: tuple[int, int], count: int) -> tuple[Person, int]:
    try:
        numbers = np.array(line.split(), np.float64)
        points = numbers[5:].reshape(count, -1)
        if points.shape[1] not in (2, 3) or not np.isfinite(numbers).all():
            raise ValueError
    except ValueError:
        raise DataError(
            f"{where}: expected class, box and {count} keypoints of 2 or 3 finite numbers, got '{line[:60]}'"
        ) from None
    width, height = (numbers[3:5] * size).tolist()
    x, y = (numbers[1:3] * size - (width / 2, height / 2)).tolist()
    keypoints = points[:, :2] * size
    claimed = points[:, 2] > 0 if points.shape[1] == 3 else points.any(axis=1)
    labelled = claimed & inside(keypoints, *size)
    person = Person(keypoints.astype(np.float32), labelled, (x, y, width, height), width * height)
    return person, int((claimed & ~labelled).sum())


def upright_size(path: Path) -> tuple[int, int]:
    """Return width and height of a picture in pixels, as it stands when its orientation is applied.

    Raises:
        MediaError: if it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}") from None
    return PictureFile(data, str(path)).upright_size
