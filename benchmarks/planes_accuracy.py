"""Whether poses are as accurate in squares cut from planes of YUV as in squares cut from RGB.

    python benchmarks/planes_accuracy.py single.json FOLDER_OF_IMAGES [lightning thunder]

COCO keypoint AP of whole pictures, as `movenet eval`. Every picture is converted to YUV 4:2:0, as a video holds it;
one route estimates in the planes, the other in the RGB that FFmpeg makes of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from movenet import Estimator
from movenet.bench import Table, this_machine
from movenet.evaluation import Truth, assess, read_truth, to_estimates
from movenet.evaluation.protocol import estimate_images
from movenet.media.conversion import FrameConverter
from movenet.media.planes import to_rgb
from movenet.planar import Picture, PlanarImage

ROUTES: dict[str, Callable[[PlanarImage], Picture]] = {"planes": lambda planes: planes, "RGB": to_rgb}


def in_planes(image: NDArray[np.uint8]) -> PlanarImage:
    """Return a picture as a video would hold it (BT.601, limited range)."""
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24").reformat(format="yuv420p")
    planes = FrameConverter(None)(frame)
    assert isinstance(planes, PlanarImage)
    return planes


def average_precision(truth: Truth, images: Path, estimator: Estimator, route: str) -> float:
    """Return the AP over all pictures."""
    picture_of = ROUTES[route]
    found = estimate_images(truth.images(images), lambda _, image: estimator(picture_of(in_planes(image))))
    results = [result for image in found for result in image.results]
    return float(assess(truth, to_estimates(results, truth)).scores["AP"])


def main() -> None:
    """Measure and print."""
    annotations, images, *models = sys.argv[1:]
    truth, lines = read_truth(annotations), []
    for model in models or ["lightning", "thunder"]:
        estimator = Estimator(model, min_score=0.0)
        scores = [average_precision(truth, Path(images), estimator, route) for route in ROUTES]
        lines.append((model, *(f"{score:.4f}" for score in scores)))
    print(Table(("model", *ROUTES), tuple(lines), 1, ()).markdown())
    print(this_machine(), file=sys.stderr)


if __name__ == "__main__":
    main()
