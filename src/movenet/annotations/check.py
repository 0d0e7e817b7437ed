"""Checks of annotation files: entry by entry, then image by image."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations.coco import read_coco
from movenet.annotations.image import Annotations, Image, Person
from movenet.annotations.problems import Problem
from movenet.annotations.yolo import read_yolo
from movenet.errors import DataError, MediaError
from movenet.media import decode_photo
from movenet.oks import BOX_AREA_FRACTION, similarity
from movenet.pose import KEYPOINTS, SIGMAS

TOLERANCE_PX: Final = 1.0
"""Labels may lie outside the picture by so many pixels, because of rounding."""
MAX_OFF_BOX: Final = 0.25
"""Largest distance of a keypoint from its box, as a multiple of the box's longer side."""
SAME_PERSON_OKS: Final = 0.95
"""OKS above which two labels of a picture are of one person."""
MAX_BONE_RATIO: Final = 2.0
"""A bone is impossible if the stature it implies exceeds the second largest implied stature by this factor."""
BONE_SHARES: Final = {
    (5, 6): 0.259,
    (11, 12): 0.191,
    (5, 11): 0.288,
    (6, 12): 0.288,
    (5, 7): 0.186,
    (6, 8): 0.186,
    (7, 9): 0.146,
    (8, 10): 0.146,
    (11, 13): 0.245,
    (12, 14): 0.245,
    (13, 15): 0.246,
    (14, 16): 0.246,
}
"""Length of a bone (indices of two keypoints) divided by the stature: Drillis and Contini 1966, in Winter, Biomechanics
and Motor Control."""
MIN_BONES: Final = 5
"""Minimum number of bones, or of keypoints labelled in both people, for a comparison."""

SidesSwapped = Callable[[NDArray[np.uint8], Person], bool]
"""Function of a picture, (H, W, 3) uint8 RGB, and a label: whether left and right are swapped."""


def check(
    paths: Sequence[Path], images: Path | None = None, swapped: SidesSwapped | None = None
) -> Iterator[Problem]:
    """Yield the problems of label files, with one picture in memory at a time.

    Args:
        paths: COCO files (.json) and folders of YOLO-pose labels (.txt).
        images: folder of the pictures; None takes the one beside the labels; without one, pictures are not checked.
        swapped: tells whether left and right of a label are swapped; None skips this check.

    Raises:
        DataError: A path is neither, or cannot be read at all.
    """
    for path in paths:
        read = read_annotations(path, images)
        yield from read.problems
        digests: dict[str, str] = {}
        for image in read.images:
            yield from _ImageCheck(read, image, digests, swapped).problems()


def read_annotations(path: Path, images: Path | None) -> Annotations:
    """Read a COCO file or a folder of YOLO-pose labels; unreadable entries become problems.

    Args:
        path: .json, or a folder of .txt.
        images: folder of the images; None takes the one beside the annotations, if it exists.

    Raises:
        DataError: It is neither, or cannot be read at all.
    """
    if path.is_dir():
        return read_yolo(path, images)
    if path.suffix.lower() == ".json":
        beside = path.parent / "images"
        return read_coco(path, images or (beside if beside.is_dir() else None))
    raise DataError(f"expected COCO annotations (.json) or a folder of YOLO-pose labels (.txt), got {path}")


class _ImageCheck:
    """Checks one image and its people."""

    def __init__(
        self, read: Annotations, image: Image, digests: dict[str, str], swapped: SidesSwapped | None
    ):
        self._read, self._image, self._digests, self._swapped = read, image, digests, swapped
        self._mirror = mirror_indices(read.keypoint_names)

    def problems(self) -> Iterator[Problem]:
        image, people = None, self._image.people
        size = self._image.size if all(self._image.size) else self._read.assumed_size
        if self._read.folder is not None:
            image, problems = self._decode(self._image.path)
            yield from problems
            if image is not None:
                size = image.shape[1], image.shape[0]
        for person in people:
            yield from self._person(person, size)
            if image is not None and self._is_swapped(image, person):
                message = "the model sees left and right exchanged"
                yield self._problem("sides swapped", person.place, message)
        yield from self._duplicates(people)

    def _is_swapped(self, image: NDArray[np.uint8], person: Person) -> bool:
        if self._swapped is None or self._mirror is None or person.crowd:
            return False
        return bool(person.labelled.any()) and self._swapped(image, person)

    def _decode(self, path: Path) -> tuple[NDArray[np.uint8] | None, list[Problem]]:
        try:
            data = path.read_bytes()
        except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
            message = f"{path}: {getattr(error, 'strerror', None) or error}"
            return None, [self._problem("missing picture", self._image.name, message)]
        problems = []
        digest = hashlib.sha256(data).hexdigest()
        if digest in self._digests:
            problems.append(
                self._problem("same picture", self._image.name, f"the same bytes as {self._digests[digest]}")
            )
        self._digests.setdefault(digest, self._image.name)
        try:
            image = decode_photo(data, path.name)
        except MediaError as error:
            return None, [*problems, self._problem("corrupt picture", self._image.name, str(error))]
        got = (image.shape[1], image.shape[0])
        if all(self._image.size) and self._image.size != got:
            message = f"labels say {self._image.size}, the picture is {got}"
            problems.append(self._problem("wrong size", self._image.name, message))
        return image, problems

    def _person(self, person: Person, size: tuple[int, int]) -> Iterator[Problem]:
        known = person.labelled
        x, y, width, height = person.box
        if width <= 0 or height <= 0:
            yield self._problem("zero area", person.place, f"box of {width:g} × {height:g} px")
            return
        if all(size):
            yield from self._edges(person, size)
        if person.crowd or not known.any():
            return
        low, high = np.array([x, y]), np.array([x + width, y + height])
        points = person.keypoints[known]
        off = np.maximum(low - points, points - high).max(axis=1) / max(width, height)
        if (off > MAX_OFF_BOX).any():
            message = f"{int((off > MAX_OFF_BOX).sum())} by up to {off.max():.0%} of the box's longer side"
            yield self._problem("keypoint off box", person.place, message)
        bone = overlong_bone(person.keypoints, known) if len(person.keypoints) == len(KEYPOINTS) else None
        if bone is not None:
            yield self._problem("impossible limb", person.place, bone)

    def _edges(self, person: Person, size: tuple[int, int]) -> Iterator[Problem]:
        x, y, width, height = person.box
        wide, high = size
        if x + width <= 0 or y + height <= 0 or x >= wide or y >= high:
            yield self._problem(
                "outside picture", person.place, f"box at ({x:.0f}, {y:.0f}) of {wide} × {high} px"
            )
        elif min(x, y, wide - x - width, high - y - height) < -TOLERANCE_PX:
            beyond = -min(x, y, wide - x - width, high - y - height)
            yield self._problem("box beyond edge", person.place, f"by {beyond:.0f} px")
        points = person.keypoints[person.labelled]
        beyond_px = np.maximum(-points, points - size).max(axis=1, initial=-np.inf)
        if (beyond_px > TOLERANCE_PX).any():
            message = f"{int((beyond_px > TOLERANCE_PX).sum())} keypoints by up to {beyond_px.max():.0f} px"
            yield self._problem("outside picture", person.place, message)

    def _duplicates(self, people: Sequence[Person]) -> Iterator[Problem]:
        for a, b in combinations([person for person in people if not person.crowd], 2):
            both = a.labelled & b.labelled
            if both.sum() >= MIN_BONES and _oks(a, b, both) > SAME_PERSON_OKS:
                yield self._problem("same person", b.place, f"the same person as {a.place}")

    def _problem(self, kind: str, place: str, message: str) -> Problem:
        where = place if place == self._image.name else f"{place} ({self._image.name})"
        return Problem(kind, self._read.name, where, message)


def overlong_bone(points: NDArray[np.floating], known: NDArray[np.bool_]) -> str | None:
    """Return a message about the bone that is impossibly long; None if there is none.

    A projected bone is at most as long as the bone itself, so its length divided by its share of the stature
    (`BONE_SHARES`) is a lower bound of the stature. The largest bound must not exceed the second largest by more than
    the factor `MAX_BONE_RATIO`. Fewer than `MIN_BONES` labelled bones are not checked.

    Args:
        points: Shape (17, 2): x, y in pixels.
        known: Shape (17,): which are labelled.
    """
    statures = {
        bone: float(np.linalg.norm(points[bone[0]] - points[bone[1]])) / share
        for bone, share in BONE_SHARES.items()
        if known[list(bone)].all()
    }
    if len(statures) < MIN_BONES:
        return None
    (longest, tallest), (_, next_tallest) = sorted(statures.items(), key=lambda item: -item[1])[:2]
    if tallest <= MAX_BONE_RATIO * max(next_tallest, 1e-6):
        return None
    names = " to ".join(KEYPOINTS[k].replace("_", " ") for k in longest)
    return f"{names} is {tallest / max(next_tallest, 1e-6):.1f} times as long as the other bones allow"


def _oks(a: Person, b: Person, both: NDArray[np.bool_]) -> float:
    sigmas = np.array(SIGMAS if len(a.visibility) == len(SIGMAS) else [0.07] * len(a.visibility))[both]
    size = max(BOX_AREA_FRACTION * a.box[2] * a.box[3], 1.0)
    return float(similarity(a.keypoints[both][None], b.keypoints[both][None], [size], sigmas)[0, 0])


def mirror_indices(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the index of each keypoint's mirror image, by names such as left_knee and right_knee; None if unknown."""
    sides = {"left": "right", "right": "left"}
    swapped = [re.sub("left|right", lambda side: sides[side[0]], name) for name in names]
    if swapped == list(names) or not {*swapped} <= {*names}:
        return None
    return tuple(list(names).index(name) for name in swapped)
