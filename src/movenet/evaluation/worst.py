"""The pictures of lowest OKS, and drawings of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.annotations import from_coco_px
from movenet.crop import Crop
from movenet.drawing import Style, draw
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.matching import Pairs
from movenet.evaluation.truth import People
from movenet.pose import Pose

SIDE_PX: Final = 480
"""Side of the drawings in pixels."""
MARGIN: Final = 1.25
"""Side of the square as a multiple of the extent of the people and estimates."""
ESTIMATE: Final = Style(palette="clear", min_score=0.0)
TRUTH: Final = Style(palette="classic", line_width_px=1.6)
JPEG_QUALITY: Final = 82


@dataclass(frozen=True, slots=True)
class Worst:
    """A picture of low OKS."""

    image_id: int
    oks: float
    """Mean over the people who are not ignored; 0 for those without an estimate."""
    people: int
    missed: int
    """Number of people without an estimate."""


def find_worst(people: People, pairs: Pairs, count: int) -> list[Worst]:
    """Return the pictures of the lowest OKS, the lowest first; of equals, the one with more labelled keypoints."""
    oks = np.zeros(len(people))
    oks[pairs.people] = pairs.oks
    alone = np.ones(len(people), bool)
    alone[pairs.people] = False
    found = []
    for image_id in np.unique(people.image_ids[~people.ignored]).tolist():
        here = (people.image_ids == image_id) & ~people.ignored
        worst = Worst(image_id, float(oks[here].mean()), int(here.sum()), int((here & alone).sum()))
        found.append((round(worst.oks, 2), -int(people.counts[here].max()), worst))
    return [worst for _, _, worst in sorted(found, key=lambda entry: entry[:2])[:count]]


def draw_worst(
    image: NDArray[np.uint8], image_id: int, people: People, estimates: Estimates, pairs: Pairs
) -> NDArray[np.uint8]:
    """Return a square, uint8 RGB, of a picture's people: annotations in thin lines over the estimates.

    `image` has shape (H, W, 3), uint8 RGB. Drawn are the estimates that are paired, and those of the highest scores,
    as many as there are people.
    """
    here = np.flatnonzero((people.image_ids == image_id) & ~people.ignored)
    there = np.flatnonzero(estimates.image_ids == image_id)
    best = there[np.argsort(-estimates.score[there], kind="stable")][: len(here)]
    shown = np.union1d(best, np.intersect1d(there, pairs.estimates))
    crop = _crop(image, people, here, estimates.keypoints[shown])
    square = crop.cut(image)
    estimated = [_pose(crop, keypoints, np.ones(len(keypoints))) for keypoints in estimates.keypoints[shown]]
    square = draw(square, estimated, ESTIMATE)
    return draw(square, [_pose(crop, people.keypoints[g], people.labelled[g]) for g in here], TRUTH)


def to_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Return an RGB picture as the bytes of a JPEG file."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


def _crop(
    image: NDArray[np.uint8], people: People, here: NDArray[np.intp], keypoints: NDArray[np.float64]
) -> Crop:
    """Return the square around the people's boxes and the estimates' keypoints, at most the whole picture."""
    corners = np.concatenate([people.boxes[here, :2], people.boxes[here, :2] + people.boxes[here, 2:]])
    near = Crop.around(np.concatenate([corners, keypoints.reshape(-1, 2)]), MARGIN, SIDE_PX)
    whole = Crop.whole(image.shape[1], image.shape[0], SIDE_PX)
    return near if near.width < whole.width else whole


def _pose(crop: Crop, keypoints: NDArray[np.float64], scores: NDArray[np.float64]) -> Pose:
    """Return keypoints in COCO's pixels as a pose in the square."""
    placed = crop.to_output(from_coco_px(keypoints)).astype(np.float32)
    return Pose(placed, np.asarray(scores, np.float32), 1.0)
