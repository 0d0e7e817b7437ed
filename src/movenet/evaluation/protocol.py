"""How an estimator is evaluated: the images of an annotation file, shown to it in a stated way.

truth = read_truth("single.json")
measured = measure(Estimator(min_score=0), truth, "images")
print(assess(truth, to_estimates(measured.results, truth)).scores["AP"])
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Image, to_results
from movenet.crop import Crop
from movenet.estimator import Estimator
from movenet.estimator.photos import read_ahead
from movenet.evaluation.truth import People, Truth
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
class Measured:
    """Poses found in the images of an annotation file, and how they were found."""

    name: str
    """Of the model, or of the file that the results were read from."""
    results: Sequence[Mapping[str, Any]]
    """In COCO's result format."""
    protocol: Mapping[str, str]
    """How the images were shown and what looked at them, by name."""
    ms_per_image: float | None = None
    """Mean time to find the poses of an image, without reading the file; None where nobody measured it."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came of one picture."""

    results: tuple[dict[str, Any], ...]
    """In COCO's result format."""
    estimate_s: float
    """Time taken to find the poses, without reading the file."""


def measure(
    estimator: Estimator,
    truth: Truth,
    images: str | Path,
    *,
    box_factor: float | None = None,
    progress: Callable[[Iterator[Answer], int], Iterable[Answer]] = lambda answers, _: answers,
) -> Measured:
    """Show every image of an annotation file to an estimator.

    Args:
        estimator: make it with `min_score=0`: AP counts every pose, however unsure.
        truth: what `read_truth` returned.
        images: the folder of the images.
        box_factor: None shows whole images; a number shows a square of so many times the longer side of each
            annotated box, and nobody is searched for.
        progress: wraps the answers as they come; it is told how many there will be.

    Raises:
        MediaError: if an image is missing or cannot be read.
    """
    listed = truth.images(Path(images))
    ask = whole(estimator) if box_factor is None else boxed(estimator, truth.people, box_factor)
    answers = list(progress(run(listed, ask), len(listed)))
    results = [result for answer in answers for result in answer.results]
    busy_s = sum(answer.estimate_s for answer in answers)
    described = describe(estimator, box_factor)
    return Measured(described["model"], results, described, 1000 * busy_s / len(listed))


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
        return estimator.estimate_crops([image] * len(crops), crops)

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


def describe(estimator: Estimator, factor: float | None) -> dict[str, str]:
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
