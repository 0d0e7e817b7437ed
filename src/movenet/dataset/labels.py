"""Label files as they are, broken or not: COCO keypoint JSON and YOLO-pose text, read into one shape."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.dataset.problem import Problem
from movenet.errors import DataError
from movenet.media import PHOTO_SUFFIXES
from movenet.pose import KEYPOINTS

YOLO_BOX: Final = 5
"""Numbers before the keypoints of a YOLO line: class, then the middle and the size of the box."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One label that could be read."""

    place: str
    """Where it stands in its file."""
    box: tuple[float, float, float, float]
    """x, y, width, height in pixels (of YOLO, whose picture is missing: in shares of it)."""
    points: NDArray[np.float64]
    """Shape (K, 2): x, y, likewise."""
    flags: NDArray[np.int64]
    """Shape (K,): 0 not labelled, 1 labelled though hidden, 2 visible."""
    crowd: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a label file, and the people in it."""

    name: str
    path: Path | None
    """None where nobody said in which folder the pictures are."""
    size: tuple[int, int] | None
    """Width and height as the labels say; None where they do not."""
    people: tuple[Person, ...]
    shares: bool = False
    """Whether places are shares of the picture, 0…1, rather than pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A label file: what could be read of it, and what could not."""

    name: str
    pictures: tuple[Picture, ...]
    problems: tuple[Problem, ...]
    mirror: tuple[int, ...] | None = None
    """Keypoint k of a mirrored picture is mirror[k]; None where it is not known."""


def read_labels(path: Path, images: Path | None) -> Labels:
    """Read a COCO file, or a folder of YOLO-pose text files.

    Args:
        path: .json, or a folder of .txt.
        images: folder of the pictures; None takes the one beside the labels, if there is one.

    Raises:
        DataError: if it is neither, or cannot be read at all.
    """
    if path.is_dir():
        return _read_yolo(path, images)
    if path.suffix.lower() == ".json":
        return _read_coco(path, images)
    raise DataError(f"expected COCO annotations (.json) or a folder of YOLO-pose labels (.txt), got {path}")


def _read_coco(path: Path, images: Path | None) -> Labels:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        listed, annotations = data["images"], data["annotations"]
    except OSError as error:
        raise DataError(f"cannot read the labels {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"expected COCO annotations with images and annotations in {path}: {error!r}"
        ) from None
    if not isinstance(listed, list) or not isinstance(annotations, list):
        raise DataError(f"expected lists of images and annotations in {path}")
    beside = path.parent / "images"
    folder = images or (beside if beside.is_dir() else None)
    reading = _Coco(path.name, folder, _names(data))
    return reading.labels(listed, annotations)


def _names(data: Any) -> list[str]:
    """Return the names of the keypoints, COCO's own where the file has none."""
    for category in data.get("categories") or []:
        if isinstance(category, dict) and isinstance(category.get("keypoints"), list):
            return [str(name) for name in category["keypoints"]]
    return list(KEYPOINTS)


class _Coco:
    def __init__(self, name: str, folder: Path | None, names: Sequence[str]):
        self._name, self._folder, self._names = name, folder, names
        self._problems: list[Problem] = []

    def labels(self, listed: Sequence[Any], annotations: Sequence[Any]) -> Labels:
        images = self._images(listed)
        people: dict[Any, list[Person]] = {image_id: [] for image_id in images}
        seen: set[Any] = set()
        for number, annotation in enumerate(annotations):
            place = f"annotation {annotation.get('id', f'number {number}') if isinstance(annotation, dict) else number}"
            if not isinstance(annotation, dict) or annotation.get("image_id") is None:
                self._add("missing field", place, "no image_id")
                continue
            if annotation.get("id") in seen:
                self._add("duplicate id", place, "an annotation of this id was there before")
            seen.add(annotation.get("id"))
            if annotation["image_id"] not in people:
                self._add("unknown picture", place, f"the list has no picture {annotation['image_id']}")
                continue
            if (person := self._person(place, annotation)) is not None:
                people[annotation["image_id"]].append(person)
        pictures = tuple(
            Picture(
                name, None if self._folder is None else self._folder / name, size, tuple(people[image_id])
            )
            for image_id, (name, size) in images.items()
        )
        return Labels(self._name, pictures, tuple(self._problems), mirror_of(self._names))

    def _images(self, listed: Sequence[Any]) -> dict[Any, tuple[str, tuple[int, int] | None]]:
        images: dict[Any, tuple[str, tuple[int, int] | None]] = {}
        for number, image in enumerate(listed):
            place = f"image number {number}"
            try:
                image_id, name = image["id"], str(image["file_name"])
            except (KeyError, TypeError):
                self._add("missing field", place, "no id or file_name")
                continue
            if image_id in images:
                self._add("duplicate id", f"image {image_id}", "a picture of this id was there before")
                continue
            width, height = image.get("width"), image.get("height")
            known = isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0
            images[image_id] = name, (width, height) if known else None
        return images

    def _person(self, place: str, annotation: dict[str, Any]) -> Person | None:
        try:
            flat = np.array(annotation.get("keypoints") or [0] * 3 * len(self._names), np.float64)
            x, y, width, height = (float(v) for v in annotation["bbox"])
        except (KeyError, TypeError, ValueError):
            self._add("missing field", place, "keypoints or bbox are missing or no numbers")
            return None
        if wrong := _wrong_numbers(flat, len(self._names), (x, y, width, height)):
            self._add(wrong[0], place, wrong[1])
            return None
        crowd, flags = bool(annotation.get("iscrowd")), flat[2::3].astype(np.int64)
        counted = annotation.get("num_keypoints")
        if counted is not None and counted != (flags > 0).sum() and not crowd:
            self._add(
                "visible flag", place, f"num_keypoints {counted}, but {int((flags > 0).sum())} are labelled"
            )
        area = annotation.get("area", width * height)
        if not isinstance(area, int | float) or not math.isfinite(area) or area <= 0:
            self._add("zero area", place, f"area {area}")
        return Person(place, (x, y, width, height), flat.reshape(-1, 3)[:, :2], flags, crowd)

    def _add(self, kind: str, place: str, said: str) -> None:
        """Note a problem."""
        self._problems.append(Problem(kind, self._name, place, said))


def _wrong_numbers(flat: NDArray[np.float64], keypoints: int, box: Sequence[float]) -> tuple[str, str] | None:
    """Return the kind of problem that the numbers of a label have, and what that is; None if they are sound."""
    if flat.shape != (3 * keypoints,):
        return "wrong count", f"{flat.size} numbers for {keypoints} keypoints"
    if not np.isfinite([*flat, *box]).all():
        return "not finite", "NaN or infinity"
    if not np.isin(flat[2::3], (0, 1, 2)).all():
        return "visible flag", f"flags {sorted({*flat[2::3].tolist()})} instead of 0, 1, 2"
    return None


def _read_yolo(folder: Path, images: Path | None) -> Labels:
    files = [path for path in sorted(folder.rglob("*.txt")) if path.name != "classes.txt"]
    if not files:
        raise DataError(f"expected YOLO-pose labels (.txt) in {folder}, found none")
    pictures, problems = [], []
    keypoints, numbers = _kpt_shape(folder) or _guess_shape(files)
    for path in files:
        people = []
        for place, line in _lines(path):
            person = _yolo_person(place, line, keypoints, numbers)
            if isinstance(person, Person):
                people.append(person)
            else:
                problems.append(Problem(person[0], folder.name, place, person[1]))
        name = path.relative_to(folder).with_suffix("").as_posix()
        where = images or _yolo_images(folder)
        picture = None if where is None else _picture(where, name)
        pictures.append(Picture(name, picture, None, tuple(people), shares=True))
    mirror = mirror_of(KEYPOINTS) if keypoints == len(KEYPOINTS) else None
    return Labels(folder.name, tuple(pictures), tuple(problems), mirror)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.strip():
            yield f"{path.name} line {number}", line


def _yolo_person(place: str, line: str, keypoints: int, numbers: int) -> Person | tuple[str, str]:
    """Return what a line says, or the kind of problem it has and what that is."""
    try:
        values = np.array(line.split(), np.float64)
    except ValueError:
        return "not a number", line[:60]
    if len(values) != YOLO_BOX + keypoints * numbers:
        return "wrong count", f"{len(values)} numbers, expected {YOLO_BOX} + {keypoints} × {numbers}"
    if not np.isfinite(values).all():
        return "not finite", "NaN or infinity"
    x, y, width, height = values[1:YOLO_BOX].tolist()
    triples = values[YOLO_BOX:].reshape(keypoints, numbers)
    flags = triples[:, 2] if numbers == 3 else 2.0 * (triples != 0).any(axis=1)
    if not np.isin(flags, (0, 1, 2)).all():
        return "visible flag", f"flags {sorted({*flags.tolist()})} instead of 0, 1, 2"
    return Person(
        place, (x - width / 2, y - height / 2, width, height), triples[:, :2], flags.astype(np.int64)
    )


def _kpt_shape(folder: Path) -> tuple[int, int] | None:
    """Return how many keypoints of how many numbers each a data.yaml nearby says there are."""
    for near in (folder, *folder.parents[:3]):
        for path in sorted(near.glob("*.yaml")):
            if said := re.search(
                r"^kpt_shape:\s*\[\s*(\d+)\s*,\s*([23])\s*\]", path.read_text("utf-8"), re.MULTILINE
            ):
                return int(said[1]), int(said[2])
    return None


def _guess_shape(files: Sequence[Path]) -> tuple[int, int]:
    """Return the shape that the first line suggests: three numbers a keypoint where they fit, else two."""
    for path in files:
        for _, line in _lines(path):
            rest = len(line.split()) - YOLO_BOX
            return (rest // 3, 3) if rest % 3 == 0 else (rest // 2, 2)
    return len(KEYPOINTS), 3


def _yolo_images(folder: Path) -> Path | None:
    """Return the folder of pictures that YOLO's own layout puts beside one of labels."""
    parts = list(folder.resolve().parts)
    if "labels" not in parts:
        return None
    last = len(parts) - 1 - parts[::-1].index("labels")
    images = Path(*parts[:last], "images", *parts[last + 1 :])
    return images if images.is_dir() else None


def _picture(folder: Path, name: str) -> Path:
    """Return the picture of this name, whatever its format; a .jpg that is not there if there is none."""
    found = (folder / f"{name}{suffix}" for suffix in sorted(PHOTO_SUFFIXES))
    return next((path for path in found if path.is_file()), folder / f"{name}.jpg")


def mirror_of(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return which keypoint is whose mirror image, by names such as left_knee and right_knee; None if none is."""
    sides = {"left": "right", "right": "left"}
    swapped = [re.sub("left|right", lambda side: sides[side[0]], name) for name in names]
    if swapped == list(names) or not {*swapped} <= {*names}:
        return None
    return tuple(list(names).index(name) for name in swapped)
