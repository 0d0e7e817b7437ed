"""A trial: the pictures of an annotation file, shown to an estimator by a stated protocol."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Image, to_results
from movenet.batch import read_ahead
from movenet.crop import Crop
from movenet.estimator import Estimator
from movenet.evaluation import People
from movenet.machine import processor_name
from movenet.pose import Pose

Ask = Callable[[int, NDArray[np.uint8]], Sequence[Pose]]
"""From the id of a picture and the picture, (H, W, 3) uint8 RGB, to the poses in it."""
PACKAGES: Final = {
    "movenet": "movenet",
    "numpy": "numpy",
    "cv2": "opencv-python-headless",
    "openvino": "openvino",
    "onnxruntime": "onnxruntime",
    "torch": "torch",
    "faster_coco_eval": "faster-coco-eval",
}
"""Modules whose versions a result depends on, and the packages that bring them."""
SOUGHT: Final = {"one": "one person sought", "many": "everybody sought", "auto": "the people in front sought"}


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came of one picture."""

    results: tuple[dict[str, Any], ...]
    """In COCO's result format."""
    estimate_s: float
    """Time taken to find the poses, without reading the file."""


def whole(estimator: Callable[[NDArray[np.uint8]], Sequence[Pose]]) -> Ask:
    """Show whole pictures: nothing of the annotations is given away."""
    return lambda _, image: estimator(image)


def boxed(estimator: Estimator, people: People, factor: float) -> Ask:
    """Show a square of `factor` × the longer side of each annotated box, once, and tell nothing else.

    Crowds and people without labelled keypoints are left out. An estimate's score is the mean of its keypoints'.
    """
    side = estimator.engine.card.side

    def ask(image_id: int, image: NDArray[np.uint8]) -> Sequence[Pose]:
        boxes = people.boxes[(people.image_ids == image_id) & ~people.ignored].tolist()
        crops = [Crop.around_box((x, y, w, h), factor, side) for x, y, w, h in boxes]
        return estimator.look([image] * len(crops), crops)

    return ask


def run(images: Sequence[Image], ask: Ask) -> Iterator[Answer]:
    """Show the pictures one by one, while the next are being read.

    Raises:
        MediaError: if a picture cannot be read: a score without it would not be the list's.
    """
    for image, (_, read) in zip(images, read_ahead([image.path for image in images]), strict=True):
        picture = read.result()
        start = time.perf_counter()
        poses = ask(image.id, picture)
        yield Answer(tuple(to_results(image.id, poses)), time.perf_counter() - start)


def protocol(estimator: Estimator, factor: float | None) -> dict[str, str]:
    """Say how pictures were shown (`factor` as in `boxed`, None for `whole`) and what looked at them."""
    fed = (
        f"whole picture, {SOUGHT[estimator.people]}, {estimator.method}, no box given"
        if factor is None
        else f"square of {factor:g} × the annotated box, 1 look"
    )
    card = estimator.engine.card
    return {
        "pictures": fed,
        "model": card.name,
        "source": card.source,
        "sha256": card.sha256 or "not known: a model of one's own",
        "engine": f"{type(estimator.engine).__name__}, {estimator.engine.precision}",
        "processor": processor_name(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on, of those in use now."""
    found: dict[str, str] = {}
    for module, package in PACKAGES.items():
        if module in sys.modules:
            with suppress(PackageNotFoundError):
                found[package] = version(package)
    return found
