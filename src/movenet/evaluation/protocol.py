"""Evaluation protocols: an estimator on the images of an annotation file, whole or with the annotated boxes.

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

from movenet.annotations import Image, read_results, to_results
from movenet.crop import Crop
from movenet.engine import device_of
from movenet.estimator import Estimator
from movenet.estimator.photos import read_ahead
from movenet.evaluation.truth import People, Truth
from movenet.machine import processor_name
from movenet.pose import Pose

ImageFunction = Callable[[int, NDArray[np.uint8]], Sequence[Pose]]
"""Takes the id of an image and the image, (H, W, 3) uint8 RGB; returns the poses in it."""
PACKAGES: Final = {
    "movenet": "movenet",
    "numpy": "numpy",
    "cv2": "opencv-python-headless",
    "openvino": "openvino",
    "onnxruntime": "onnxruntime",
    "torch": "torch",
    "faster_coco_eval": "faster-coco-eval",
}
"""Modules whose versions a result depends on, and the packages that contain them."""
PEOPLE_TEXT: Final = {"one": "one person", "many": "all people", "auto": "the prominent people"}


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Poses estimated in the images of an annotation file, and the protocol."""

    name: str
    """Name of the model, or of the file that the results were read from."""
    results: Sequence[Mapping[str, Any]]
    """In COCO's result format."""
    protocol: Mapping[str, str]
    """Protocol, model, engine and processor, by name."""
    ms_per_image: float | None = None
    """Mean time to estimate the poses of an image, without reading the file; None if unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageResult:
    """Results of one image."""

    results: tuple[dict[str, Any], ...]
    """In COCO's result format."""
    estimate_s: float
    """Time to estimate the poses, without reading the file."""


def measure(
    estimator: Estimator,
    truth: Truth,
    images: str | Path,
    *,
    box_factor: float | None = None,
    progress: Callable[[Iterator[ImageResult], int], Iterable[ImageResult]] = lambda results, _: results,
) -> Measured:
    """Estimate the poses in every image of an annotation file.

    Args:
        estimator: made with `min_score=0`, because AP counts poses of every score.
        truth: the annotations, as of `read_truth`.
        images: the folder of the images.
        box_factor: None estimates in whole images; a number in a square of this many times the longer side of each
            annotated box, without detection.
        progress: wraps the iterator of results; called with it and the number of images.

    Raises:
        MediaError: if an image is missing or cannot be read.
    """
    listed = truth.images(Path(images))
    estimate = (
        whole_images(estimator)
        if box_factor is None
        else annotated_boxes(estimator, truth.people, box_factor)
    )
    found = list(progress(estimate_images(listed, estimate), len(listed)))
    results = [result for image in found for result in image.results]
    busy_s = sum(image.estimate_s for image in found)
    described = describe(estimator, box_factor)
    return Measured(described["model"], results, described, 1000 * busy_s / len(listed))


def read_measured(path: Path) -> Measured:
    """Read a file of results of any program; their protocol is unknown.

    Raises:
        DataError: if it is missing or malformed.
    """
    protocol = {"pictures": f"results read from {path.name}; their protocol is unknown"}
    return Measured(path.name, read_results(path), protocol)


def whole_images(estimator: Callable[[NDArray[np.uint8]], Sequence[Pose]]) -> ImageFunction:
    """Return a function that estimates in whole images, without use of the annotations."""
    return lambda _, image: estimator(image)


def annotated_boxes(estimator: Estimator, people: People, factor: float) -> ImageFunction:
    """Return a function that estimates one pose in a square of `factor` × the longer side of each annotated box.

    Crowds and people without labelled keypoints are left out. The score of a pose is the mean of its keypoints' scores.
    """
    side = estimator.engine.card.side

    def estimate(image_id: int, image: NDArray[np.uint8]) -> Sequence[Pose]:
        boxes = people.boxes[(people.image_ids == image_id) & ~people.ignored].tolist()
        crops = [Crop.around_box((x, y, w, h), factor, side) for x, y, w, h in boxes]
        return estimator.estimate_crops([image] * len(crops), crops)

    return estimate


def estimate_images(images: Sequence[Image], estimate: ImageFunction) -> Iterator[ImageResult]:
    """Yield the results of the images, in order; the next images are read in the background.

    Raises:
        MediaError: if an image cannot be read.
    """
    for image, (_, read) in zip(images, read_ahead([image.path for image in images]), strict=True):
        picture = read.result()
        start = time.perf_counter()
        poses = estimate(image.id, picture)
        yield ImageResult(tuple(to_results(image.id, poses)), time.perf_counter() - start)


def describe(estimator: Estimator, factor: float | None) -> dict[str, str]:
    """Return protocol, model, engine and processor by name; `factor` as of `annotated_boxes`, None for whole images."""
    protocol = (
        f"whole picture, {PEOPLE_TEXT[estimator.people]}, method {estimator.method}, no box given"
        if factor is None
        else f"square of {factor:g} × the annotated box, no detection"
    )
    card = estimator.engine.card
    return {
        "pictures": protocol,
        "model": card.name,
        "source": card.source,
        "sha256": card.sha256 or "unknown: not an official model",
        "engine": f"{type(estimator.engine).__name__}, {estimator.engine.precision}, {device_of(estimator.engine)}",
        "processor": processor_name(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on, as far as they are imported."""
    found: dict[str, str] = {}
    for module, package in PACKAGES.items():
        if module in sys.modules:
            with suppress(PackageNotFoundError):
                found[package] = version(package)
    return found
