"""Synthetic pictures in which people are bright boxes, and engines that find them: all keypoints are known."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.engine import ScriptedEngine
from movenet.estimator import Estimator, EstimatorSettings
from movenet.models import MODELS, STRIDE

DARK = 20
"""Darker pixels are background."""
FEW_PIXELS = 60
"""Fewer pixels of a colour are no person, but the border of two others."""
PLACES = np.array(
    [
        *((0.5, 0.0), (0.55, 0.02), (0.45, 0.02), (0.6, 0.04), (0.4, 0.04)),
        *((0.8, 0.2), (0.2, 0.2), (0.9, 0.35), (0.1, 0.35), (1.0, 0.5), (0.0, 0.5)),
        *((0.7, 0.55), (0.3, 0.55), (0.7, 0.8), (0.3, 0.8), (0.7, 1.0), (0.3, 1.0)),
    ]
)
"""Shape (17, 2): x, y of each keypoint, 0…1 of the box."""


RED, GREEN, BLUE, YELLOW = COLOURS = (230, 0, 0), (0, 230, 0), (0, 0, 230), (230, 230, 0)


def scene(*people, width=640, height=360) -> NDArray[np.uint8]:
    """Return a picture with people (x, y, width, height, brightness 0…255 or colour), in pixels; the last in front.

    Grey people who touch are found as one person. Coloured people, each of another colour of COLOURS, stay apart.
    """
    image = np.zeros((height, width, 3), np.uint8)
    for x, y, w, h, brightness in people:
        image[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] = brightness
    return image


def keypoints(person) -> NDArray[np.float64]:
    """Return the keypoints of a person: (17, 2), x, y in pixels."""
    x, y, w, h, _ = person
    return np.array([x, y]) + PLACES * (w, h)


class Stage:
    """Engines that find bright boxes, with their brightness as the score, and count the squares that they run on."""

    def __init__(self, places: NDArray[np.float64] = PLACES) -> None:
        self.places = places
        self.crop_runs = 0
        self.detector_runs = 0

    def estimator(self, **settings) -> Estimator:
        """Return an estimator with these engines."""
        detector = ScriptedEngine(MODELS["multipose"], self.run_detector)
        single = ScriptedEngine(MODELS["lightning"], self.run_single)
        return Estimator(single, detector=detector, **{"settings": EstimatorSettings()} | settings)

    def run_single(self, squares):
        """Return the heads of the single-person model."""
        self.crop_runs += len(squares)
        return heads(squares, self.places)

    def run_detector(self, squares):
        """Return the heads of the detector."""
        self.detector_runs += len(squares)
        return heads(squares, self.places)


def heads(squares: NDArray[np.uint8], places: NDArray[np.float64] = PLACES) -> dict[str, NDArray[np.float32]]:
    """Return the heads of a network that finds bright boxes in squares (N, H, W, 3)."""
    n, height, width, _ = squares.shape
    shape = (height // STRIDE, width // STRIDE)
    answer = {
        name: np.zeros((n, count, *shape), np.float32)
        for name, count in {"regress": 34, "offset": 34, "box_scale": 2, "box_offset": 2}.items()
    }
    answer |= {
        name: np.full((n, c, *shape), -9, np.float32) for name, c in {"center": 1, "heatmap": 17}.items()
    }
    for i, square in enumerate(squares):
        for box, logit in _people(square):
            points = box[:2] + places * box[2:]
            maps = {name: head[i] for name, head in answer.items()}
            _mark(maps, box / STRIDE, points / STRIDE, logit)
    return answer


def _people(square) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Yield the box (x, y, width, height, in pixels) of each person, and its score, as a logit."""
    light = square.max(axis=2)
    strong = (square > light[..., None] / 2) & (light > DARK)[..., None]
    count, _, stats, _ = cv2.connectedComponentsWithStats(strong.all(axis=2).astype(np.uint8))
    boxes = [tuple(stats[i, :4]) for i in range(1, count)]
    for colour in COLOURS:
        seen = (strong == np.array(colour).astype(bool)).all(axis=2)
        if seen.sum() >= FEW_PIXELS:
            boxes.append(cv2.boundingRect(seen.astype(np.uint8)))
    for x, y, w, h in boxes:
        part = light[y : y + h, x : x + w]
        score = np.clip(np.median(part[part > DARK]) / 255, 0.01, 0.99)
        yield np.array([x, y, w, h], np.float64), float(np.log(score / (1 - score)))


def _mark(maps, box, points, logit) -> None:
    """Write a person, in cells, into the maps of one picture."""
    grid = np.array(maps["center"].shape[1:])
    points = points[:, ::-1]  # y, x from here on
    middle = (box[:2] + box[2:] / 2)[::-1]
    row, column = np.clip(middle.astype(int), 0, grid - 1)
    maps["center"][0, row, column] = logit
    maps["box_scale"][:, row, column] = box[3], box[2]
    maps["box_offset"][:, row, column] = middle - (row, column)
    maps["regress"][:, row, column] = (points - (row, column)).ravel()
    cells = np.clip(points.astype(int), 0, grid - 1)
    for k, ((y, x), point) in enumerate(zip(cells, points, strict=True)):
        maps["heatmap"][k, y, x] = logit
        maps["offset"][2 * k : 2 * k + 2, y, x] = point - (y, x)
