"""The first look: everybody in a picture, at one scale or several, in tiles where a scale is too large for one look.

A person's score means the same at every scale (docs/many-people.md), so people of all scales are merged as they are:
the surest of those alike stays, with the weighted mean of where all of them hold the keypoints to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop
from movenet.decode.families import DECODERS
from movenet.engine import Engine
from movenet.estimator.detection import Detection
from movenet.estimator.settings import EstimatorSettings
from movenet.oks import area, groups
from movenet.pose import Pose

OVERLAP: Final = 0.25
"""Neighbouring tiles share this much of their side: whoever is no longer than that is whole in one of them."""
TOUCH: Final = 0.02
"""A box that comes so near to a tile's edge, in sides of the tile, may go on beyond it."""
MOST_ENLARGED: Final = 1.6
"""A further look never draws a picture more enlarged than this: there is nothing more to be seen."""

Image = NDArray[np.uint8]


def detect(image: Image, detector: Engine, settings: EstimatorSettings) -> list[Detection]:
    """Return everybody in a picture, (H, W, 3) uint8 RGB, the surest first, nobody twice."""
    edge = max(image.shape[:2])
    found: list[Detection] = []
    for i, side in enumerate(settings.detector_sides_px):
        if i and side > MOST_ENLARGED * edge:
            break
        seen = _detect_at(side, image, detector, settings)
        found += seen
        if seen and min(detection.length for detection in seen) >= settings.next_side_below_px * edge / side:
            break
    return merged(found, settings.nms_oks)


def _detect_at(side: int, image: Image, detector: Engine, settings: EstimatorSettings) -> list[Detection]:
    """Return whom one look, or a look at each tile, finds."""
    whole = Crop.letterbox(image.shape[1], image.shape[0], side)
    tiles = whole.tiles(settings.tile_px, OVERLAP)
    return [
        detection
        for tile in tiles
        for detection in _run(tile, image, detector, settings.min_center_score)
        if detection.pose.score >= settings.min_detection_score
        and not _belongs_to_neighbour(detection, tile, whole)
    ]


def _run(crop: Crop, image: Image, detector: Engine, min_center_score: float) -> list[Detection]:
    decoder = DECODERS[detector.card.family]
    people = decoder.decode_many(detector(crop.cut(image)[None]), min_center_score)[0]
    keypoints, scores = crop.decoded_to_image(people.keypoints, decoder.shift_px)
    boxes = crop.boxes_to_image(people.boxes, decoder.shift_px).tolist()
    centers = crop.points_to_image(people.centers, decoder.shift_px)
    return [
        Detection(Pose(keypoints[i], scores[i], float(people.scores[i]), tuple(boxes[i])), centers[i])
        for i in range(len(people))
    ]


def _belongs_to_neighbour(detection: Detection, tile: Crop, whole: Crop) -> bool:
    """Tell whether a tile's inner edge may cut somebody who is short enough to be whole in the next tile."""
    x, y, width, height = detection.pose.box or detection.bounds
    near = TOUCH * tile.width
    cut_left = tile.left > whole.left and x < tile.left + near
    cut_top = tile.top > whole.top and y < tile.top + near
    cut_right = tile.right < whole.right and x + width > tile.right - near
    cut_bottom = tile.bottom < whole.bottom and y + height > tile.bottom - near
    if not (cut_left or cut_right or cut_top or cut_bottom):
        return False
    return (width <= OVERLAP * tile.width or not (cut_left or cut_right)) and (
        height <= OVERLAP * tile.height or not (cut_top or cut_bottom)
    )


def merged(found: Sequence[Detection], nms_oks: float) -> list[Detection]:
    """Return everybody once, the surest first: the surest of those alike, their keypoints where all hold them to be.

    The mean of places is weighted by the square of the person's × the keypoint's score (measured, docs/many-people.md).
    """
    if not found:
        return []
    keypoints = np.stack([detection.pose.keypoints for detection in found])
    scores = np.array([detection.pose.score for detection in found])
    areas = np.array([area(detection.pose) for detection in found])
    weights = np.square(scores[:, None] * [detection.pose.scores for detection in found]) + 1e-9
    people = []
    for alike in groups(keypoints, scores, areas, nms_oks):
        surest, weight = found[alike[0]], weights[alike][..., None]
        mean = (keypoints[alike] * weight).sum(axis=0) / weight.sum(axis=0)
        people.append(replace(surest, pose=replace(surest.pose, keypoints=mean.astype(np.float32))))
    return people
