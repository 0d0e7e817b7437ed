"""Detection: every person of a picture, at one scale or several, in tiles where a scale is too large for one run.

Scores are comparable between scales (docs/many-people.md), so the detections of all scales are merged by NMS with the
OKS as the overlap, and the keypoints of the detections merged are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from movenet.crop import Crop
from movenet.decode.families import DECODERS
from movenet.engine import Engine
from movenet.estimator.detection import Detection
from movenet.estimator.settings import EstimatorSettings
from movenet.oks import area, nms_groups
from movenet.planar import Picture
from movenet.pose import Pose

TILE_OVERLAP: Final = 0.25
"""Neighbouring tiles share this part of their side. A person no longer than that is complete in one of them."""
TILE_MARGIN: Final = 0.02
"""A box nearer to a tile's edge than this, in sides of the tile, may continue beyond it."""
MAX_UPSCALE: Final = 1.6
"""After the first scale, the detector never runs on a picture enlarged more than this: it shows no more detail."""


def detect(image: Picture, detector: Engine, settings: EstimatorSettings) -> list[Detection]:
    """Return the people of a picture, (H, W, 3) uint8 RGB or planes, highest score first, without duplicates (NMS)."""
    edge = max(image.shape[:2])
    found: list[Detection] = []
    for i, side in enumerate(settings.detector_sides_px):
        if i and side > MAX_UPSCALE * edge:
            break
        detections = _detect_at(side, image, detector, settings)
        found += detections
        if (
            detections
            and min(detection.length for detection in detections) >= settings.next_side_below_px * edge / side
        ):
            break
    return merge_scales(found, settings.nms_oks)


def _detect_at(side: int, image: Picture, detector: Engine, settings: EstimatorSettings) -> list[Detection]:
    """Return the detections at one scale: the picture's longer side resized to `side` px, in tiles if that is large."""
    whole = Crop.letterbox(image.shape[1], image.shape[0], side)
    tiles = whole.tiles(settings.tile_px, TILE_OVERLAP)
    return [
        detection
        for tile in tiles
        for detection in _run(tile, image, detector, settings.min_center_score)
        if detection.pose.score >= settings.min_detection_score
        and not _belongs_to_neighbour(detection, tile, whole)
    ]


def _run(crop: Crop, image: Picture, detector: Engine, min_center_score: float) -> list[Detection]:
    decoder = DECODERS[detector.card.family]
    people = decoder.decode_many(detector(crop.cut(image)[None]), min_center_score)[0]
    keypoints, scores = crop.decoded_to_image(people.keypoints, decoder.shift_px)
    boxes = crop.boxes_to_image(people.boxes, decoder.shift_px).tolist()
    centers = crop.points_to_image(people.centers, decoder.shift_px)
    names = detector.card.keypoint_names
    return [
        Detection(
            Pose(keypoints[i], scores[i], float(people.scores[i]), tuple(boxes[i]), names=names), centers[i]
        )
        for i in range(len(people))
    ]


def _belongs_to_neighbour(detection: Detection, tile: Crop, whole: Crop) -> bool:
    """Tell whether a tile's inner edge may cut a person who is short enough to be complete in the next tile."""
    x, y, width, height = detection.pose.box or detection.bounds
    near = TILE_MARGIN * tile.width
    cut_left = tile.left > whole.left and x < tile.left + near
    cut_top = tile.top > whole.top and y < tile.top + near
    cut_right = tile.right < whole.right and x + width > tile.right - near
    cut_bottom = tile.bottom < whole.bottom and y + height > tile.bottom - near
    if not (cut_left or cut_right or cut_top or cut_bottom):
        return False
    return (width <= TILE_OVERLAP * tile.width or not (cut_left or cut_right)) and (
        height <= TILE_OVERLAP * tile.height or not (cut_top or cut_bottom)
    )


def merge_scales(found: Sequence[Detection], nms_oks: float) -> list[Detection]:
    """Return the detections that remain after NMS by OKS, highest score first, with merged keypoints.

    The keypoints are the mean over all detections of the person, weighted by (person score × keypoint score)²
    (measured, docs/many-people.md).
    """
    if not found:
        return []
    keypoints = np.stack([detection.pose.keypoints for detection in found])
    scores = np.array([detection.pose.score for detection in found])
    areas = np.array([area(detection.pose) for detection in found])
    weights = np.square(scores[:, None] * [detection.pose.scores for detection in found]) + 1e-9
    people = []
    for group in nms_groups(keypoints, scores, areas, nms_oks):
        best, weight = found[group[0]], weights[group][..., None]
        mean = (keypoints[group] * weight).sum(axis=0) / weight.sum(axis=0)
        people.append(replace(best, pose=replace(best.pose, keypoints=mean.astype(np.float32))))
    return people
