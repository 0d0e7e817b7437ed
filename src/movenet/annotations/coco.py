"""COCO keypoint annotations (cocodataset.org, data format): read, interpreted and written.

Ids may be integers, integers as text, or floats such as 7.0. People are the annotations of the category with the
expected keypoints (see `_people_categories`), whatever its id; other categories are left out. If `area` is missing, the
area of the box is taken. Without `keypoints`, or with `num_keypoints` 0, a person has no labelled keypoint.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from movenet.annotations.image import Annotations, Image, Person, add_if_no_person, box_area
from movenet.annotations.problems import ProblemList, UnreadableError
from movenet.annotations.values import brief, read_json, to_integer, to_numbers, to_visibility
from movenet.atomic import atomic_write
from movenet.errors import DataError
from movenet.pose import KEYPOINTS
from movenet.skeleton import Skeleton

PERSON: Final = 1
"""COCO's category id of people, also used for writing."""
SHIFT_PX: Final = -0.25
"""Offset from our pixel coordinates (origin at the pixel corner) to COCO's. COCO's labels lie between corners (0) and
centres (−0.5); this offset gives the highest AP."""
PX_DIGITS: Final = 3
"""Decimals of coordinates in written COCO files: 0.001 px, which does not change AP."""
T = TypeVar("T", bound=np.floating[Any])


def to_coco_px(points: NDArray[T]) -> NDArray[T]:
    """Convert points (…, 2), x, y, from our pixels to COCO's."""
    return np.asarray(points + SHIFT_PX, points.dtype)


def from_coco_px(points: NDArray[T]) -> NDArray[T]:
    """Convert points (…, 2), x, y, from COCO's pixels to ours (origin at the top-left corner of the image)."""
    return np.asarray(points - SHIFT_PX, points.dtype)


def read_coco(path: Path, images: Path | None, names: Sequence[str] | None = None) -> Annotations:
    """Read a COCO keypoint file; entries that cannot be read are left out and listed as problems.

    Args:
        path: the JSON file.
        images: folder of the images; None if not known.
        names: of the K keypoints of a person; None takes the names of the file's categories, or COCO's.

    Raises:
        DataError: The file is missing, is no JSON object with images and annotations, or has several candidate
            categories of people.
    """
    data = read_json(path, "COCO keypoint annotations")
    if not isinstance(data, dict) or not all(
        isinstance(data.get(key), list) for key in ("images", "annotations")
    ):
        raise DataError(f"expected COCO keypoint annotations with images and annotations in {path}")
    categories = _categories(path, data.get("categories"))
    names = _names(categories) if names is None else tuple(names)
    chosen = _people_categories(path, categories or _used_categories(data["annotations"]), names)
    reader = _Reader(path.name, names, chosen)
    listed = reader.images(data["images"], images or Path())
    people = reader.people(data["annotations"], listed)
    found = tuple(replace(image, people=tuple(people[image.id])) for image in listed.values())
    ids = ", ".join(map(str, sorted(chosen)))
    add_if_no_person(found, reader.problems, f"of category {ids} in {len(data['annotations'])} annotations")
    return Annotations(path.name, found, names, images, tuple(reader.problems.found), chosen)


def _categories(path: Path, listed: Any) -> list[dict[str, Any]]:
    """Return the categories of a file, with integer ids; an empty list if it has none."""
    try:
        if not isinstance(listed, list | None):
            raise UnreadableError("missing field", f"expected a list of categories, got {brief(listed)}")
        found = []
        for category in listed or []:
            if not isinstance(category, dict):
                raise UnreadableError(
                    "missing field", f"expected categories with an id, got {brief(category)}"
                )
            found.append(category | {"id": to_integer(category.get("id"), "id of a category")})
    except UnreadableError as error:
        raise DataError(f"{path}: {error}") from None
    return found


def _used_categories(annotations: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the only category that annotations use, else COCO's person: for a file without a list of categories."""
    used = set()
    for annotation in annotations:
        try:
            used.add(to_integer(annotation["category_id"], "category_id"))
        except (UnreadableError, KeyError, TypeError, IndexError):
            continue
    return [{"id": number} for number in used] if len(used) == 1 else [{"id": PERSON}]


def _names(categories: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the keypoint names of the category "person", else of the first category with some, else COCO's 17."""
    persons = [category for category in categories if _is_person(category)]
    return next(filter(None, map(_keypoints, persons or categories)), KEYPOINTS)


def _keypoints(category: Mapping[str, Any]) -> tuple[str, ...]:
    names = category.get("keypoints")
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _is_person(category: Mapping[str, Any]) -> bool:
    return str(category.get("name")).lower() == "person"


def _people_categories(
    path: Path, categories: Sequence[Mapping[str, Any]], names: tuple[str, ...]
) -> frozenset[int]:
    """Return the ids of the categories of people.

    The first non-empty choice of: the categories with the same keypoint names; those with the same number of
    keypoints; the category "person" (the last two swapped for COCO's 17 names); the only category.
    """
    same = [category for category in categories if _keypoints(category) == names]
    person = [category for category in categories if _is_person(category)]
    fitting = [category for category in categories if len(_keypoints(category)) == len(names)]
    choices = (person, fitting) if names == KEYPOINTS else (fitting, person)
    chosen = next(filter(None, (same, *choices)), categories)
    if len(chosen) > 1 and chosen is categories:
        raise DataError(
            f"{path}: expected a category named person or with {len(names)} keypoints, got "
            f"{brief([category.get('name') for category in categories])}"
        )
    return frozenset(category["id"] for category in chosen)


class _Reader:
    """Reads the entries of one file and collects their problems."""

    def __init__(self, name: str, names: tuple[str, ...], categories: frozenset[int]):
        self.problems = ProblemList(name)
        self._names, self._categories = names, categories

    def images(self, entries: Sequence[Any], folder: Path) -> dict[int, Image]:
        """Return the images by their ids, without people."""
        images: dict[int, Image] = {}
        for number, entry in enumerate(entries):
            with self.problems.skip_unreadable(f"image number {number}"):
                if not isinstance(entry, dict) or {"id", "file_name"} - set(entry):
                    raise UnreadableError("missing field", f"expected id and file_name, got {brief(entry)}")
                image_id, name = to_integer(entry["id"], "id of a picture"), str(entry["file_name"])
                if image_id in images:
                    raise UnreadableError(
                        "duplicate id", f"expected another id than {image_id}: it is used already"
                    )
                images[image_id] = Image(image_id, name, folder / name, _size(entry))
        return images

    def people(self, entries: Sequence[Any], image_ids: Iterable[int]) -> dict[int, list[Person]]:
        """Return the people by the ids of their images."""
        people: dict[int, list[Person]] = {image_id: [] for image_id in image_ids}
        used_ids: set[int] = set()
        for number, entry in enumerate(entries):
            place = self._place(entry, number, used_ids)
            with self.problems.skip_unreadable(place):
                if not self._is_of_people(entry):
                    continue
                image_id = to_integer(entry["image_id"], "image_id")
                if image_id not in people:
                    raise UnreadableError(
                        "unknown picture", f"expected a listed picture, got picture {image_id}"
                    )
                people[image_id].append(self._person(entry, place))
        return people

    def _place(self, entry: Any, number: int, used_ids: set[int]) -> str:
        """Return the name of an annotation for messages; an id that is used already is added as a problem."""
        try:
            own = to_integer(entry["id"], "id")
        except (UnreadableError, KeyError, TypeError, IndexError):
            return f"annotation number {number}"
        if own in used_ids:
            self.problems.add("duplicate id", f"annotation {own}", "the id of an earlier annotation")
        used_ids.add(own)
        return f"annotation {own}"

    def _is_of_people(self, entry: Any) -> bool:
        if not isinstance(entry, dict):
            raise UnreadableError("missing field", f"expected an object with image_id, got {brief(entry)}")
        category = entry.get("category_id")
        if category is not None and to_integer(category, "category_id") not in self._categories:
            return False
        for field in ("image_id", "bbox"):
            if entry.get(field) is None:
                raise UnreadableError("missing field", f"expected {field}, got none")
        return True

    def _person(self, entry: Mapping[str, Any], place: str) -> Person:
        x, y, width, height = to_numbers(entry["bbox"], 4, "bbox (x, y, width, height)").tolist()
        box = (x, y, width, height)
        (area,) = to_numbers(entry["area"], 1, "area").tolist() if "area" in entry else (box_area(box),)
        if area < 0:
            raise UnreadableError("zero area", f"expected an area of 0 or more, got {area:g}")
        if area == 0 and "area" in entry:
            self.problems.add("zero area", place, "area 0")
        points, visibility = self._keypoints(entry, place)
        crowd = entry.get("iscrowd") is not None and to_integer(entry["iscrowd"], "iscrowd") != 0
        return Person(from_coco_px(points), visibility, box, area, crowd, place)

    def _keypoints(
        self, entry: Mapping[str, Any], place: str
    ) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """Return points (K, 2) in COCO's pixels and their visibility (K,)."""
        flat, count = entry.get("keypoints"), len(self._names)
        if flat is None or flat == []:
            return np.zeros((count, 2)), np.zeros(count, np.int8)
        triples = to_numbers(flat, 3 * count, f"keypoints ({count} × x, y, v)").reshape(count, 3)
        visibility = to_visibility(triples[:, 2])
        labelled = int((visibility > 0).sum())
        counted = entry.get("num_keypoints")
        if counted is not None and (stated := to_integer(counted, "num_keypoints")) != labelled:
            if not entry.get("iscrowd"):
                self.problems.add(
                    "visible flag", place, f"num_keypoints {stated}, but {labelled} are labelled"
                )
            visibility = visibility if stated else np.zeros_like(visibility)
        if stray := int(((triples[:, :2] != 0).any(axis=1) & (triples[:, 2] == 0)).sum()):
            self.problems.add("place without flag", place, f"{stray} keypoints")
        return triples[:, :2], visibility


def _size(image: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height, or (0, 0) if they are missing or not positive integers."""
    try:
        width, height = to_integer(image.get("width"), "width"), to_integer(image.get("height"), "height")
    except UnreadableError:
        return 0, 0
    return (width, height) if width > 0 and height > 0 else (0, 0)


def write_coco(path: Path, images: Iterable[Image], skeleton: Skeleton) -> None:
    """Write images and people as a COCO keypoint file, atomically; annotation ids count from 1.

    Raises:
        FileError: The file cannot be written.
    """
    listed, annotations = [], []
    for image in images:
        width, height = image.size
        listed.append({"id": image.id, "file_name": image.name, "width": width, "height": height})
        annotations += [to_entry(image.id, person) for person in image.people]
    numbered = [{"id": number, **entry} for number, entry in enumerate(annotations, start=1)]
    content = {"images": listed, "annotations": numbered, "categories": [to_category(skeleton)]}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def to_entry(image_id: int, person: Person) -> dict[str, Any]:
    """Return a person as a COCO annotation without an id; keypoints that are not labelled are 0, 0, 0."""
    points = to_coco_px(np.asarray(person.keypoints, np.float64)).round(PX_DIGITS)
    flat: list[float] = []
    for (x, y), v in zip(points.tolist(), person.visibility.tolist(), strict=True):
        flat += [x, y, v] if v > 0 else [0.0, 0.0, 0]
    return {
        "image_id": image_id,
        "category_id": PERSON,
        "keypoints": flat,
        "num_keypoints": int(person.labelled.sum()),
        "bbox": [round(float(edge), PX_DIGITS) for edge in person.box],
        "area": round(float(person.area), PX_DIGITS),
        "iscrowd": int(person.crowd),
    }


def to_category(skeleton: Skeleton) -> dict[str, Any]:
    """Return COCO's category entry for people with these keypoints; indices of bones count from 1."""
    return {
        "id": PERSON,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(skeleton.names),
        "skeleton": [[a + 1, b + 1] for a, b in skeleton.bones],
    }
