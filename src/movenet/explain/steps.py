"""The intermediate results between a photo and its pose, as `Estimator` and `decode_one` compute them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop, check_image
from movenet.decode.movenet import (
    Cells,
    Floats,
    Guide,
    Heads,
    add_offsets,
    apply_guides,
    expected_centers,
    find_cells,
    find_centers,
    gather_scores,
    refine_keypoints,
    regress_keypoints,
    sigmoid,
    weight_by_distance,
)
from movenet.errors import DataError, ModelError
from movenet.estimator import Detection, Estimator, EstimatorSettings
from movenet.models import ModelCard
from movenet.pose import KEYPOINTS, Pose

LIMBS: Final = tuple(
    k for k, name in enumerate(KEYPOINTS) if name.endswith(("elbow", "wrist", "knee", "ankle"))
)
"""Keypoints shown first: far from the centre, and easily confused with those of the other side."""
HEADS: Final = frozenset({"center", "regress", "heatmap", "offset"})
VISIBLE_SCORE: Final = 0.3
"""Least score of a keypoint to explain (Google's recommended threshold)."""
RIVAL_SHARE: Final = 1 / 12
"""Least distance of a competing peak from the keypoint, as a fraction of the square's side."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """All intermediate results between a photo and its pose.

    The square is a grid of h × w cells. A place is y, x in cells; a cell is named by its top-left corner. Arrays
    without a picture's shape are of the 17 keypoints in the order of `KEYPOINTS`.
    """

    image: NDArray[np.uint8]
    """Shape (H, W, 3), RGB: the photo."""
    card: ModelCard
    """The single-person model."""
    detector: ModelCard | None
    """The detector; None with method "whole"."""
    settings: EstimatorSettings
    """Settings of the estimator."""
    people: tuple[Detection, ...]
    """The detections, the highest score first; empty with method "whole"."""
    chosen: Detection | None
    """The most prominent detection; None if the whole photo is used."""
    crop: Crop
    """The part of the photo that the model gets."""
    square: NDArray[np.uint8]
    """Shape (side, side, 3), RGB: the input of the model."""
    guide: Guide | None
    """The guide of the decoder; None without a detection."""
    center_scores: Floats
    """Shape (h, w), 0…1: score of each cell for being the centre of a person."""
    focus: Floats
    """Shape (2,): y, x of the expected centre, in cells."""
    center_weighted: Floats
    """Shape (h, w): the scores divided by (distance to the focus + 1.8)."""
    center: Cells
    """Shape (2,): the cell where that is highest."""
    regressed: Floats
    """Shape (17, 2): the keypoints that the regression gives at the centre, in cells."""
    starts: Floats
    """Shape (17, 2): the same, averaged with the guide's keypoints by its weight."""
    heatmaps: Floats
    """Shape (17, h, w), 0…1: score of each cell for keypoint k, of any person."""
    heatmaps_weighted: Floats
    """Shape (17, h, w): the scores divided by (distance to the start + 1.8)."""
    cells: Cells
    """Shape (17, 2): the cells where that is highest."""
    places: Floats
    """Shape (h, w, 17, 2): the position of each keypoint by the offset of each cell."""
    points: Floats
    """Shape (17, 2): the keypoints, by the offsets of their cells or the weighted mean of the cells around."""
    scores: Floats
    """Shape (17,), 0…1: the heatmaps at the cells, unweighted."""
    min_score: float
    """Least score of a pose that the estimator takes for a person."""
    pose: Pose | None
    """The result of the estimator, in pixels of the photo; None if there is no person."""


def explain(image: NDArray[np.uint8], estimator: Estimator) -> Explanation:
    """Estimate one photo, (H, W, 3) uint8 RGB, and keep every intermediate result.

    The estimator must be one for one person.

    If no person is detected, the estimator stops; the explanation goes on with the whole photo, padded to a square.

    Raises:
        MediaError: if `image` is no such picture.
        ModelError: if the estimator's model is no MoveNet of the 17 keypoints.
    """
    image = check_image(image)
    card = estimator.engine.card
    if card.keypoints != len(KEYPOINTS) or not HEADS.issubset(card.heads):
        raise ModelError(f"expected a MoveNet of {len(KEYPOINTS)} keypoints to explain, got {card.name}")
    if estimator.people != "one":
        raise ModelError(
            f"expected an estimator of one person to explain, got one of people='{estimator.people}'"
        )
    people = tuple(estimator.detect(image)) if estimator.detector else ()
    chosen = max(people, key=lambda detection: detection.prominence, default=None)
    crop, guide = Crop.whole(image.shape[1], image.shape[0], card.side), None
    if chosen is not None:
        crop = chosen.crop(card.side, estimator.settings.crop_factor)
        guide = chosen.guide(crop, estimator.settings.guide_weight, estimator.shift_px)
    square = crop.cut(image)
    return Explanation(
        image=image,
        card=card,
        detector=estimator.detector.card if estimator.detector else None,
        settings=estimator.settings,
        people=people,
        chosen=chosen,
        crop=crop,
        square=square,
        guide=guide,
        min_score=estimator.min_score,
        pose=next(iter(estimator(image)), None),
        **_steps(estimator.engine(square[None]), guide, estimator.settings.vote_radius),
    )


def _steps(heads: Heads, guide: Guide | None, vote_radius: int) -> dict[str, Any]:
    """Take the steps of `decode_one` for the only picture of these heads: the arrays of an `Explanation`."""
    grid = np.array(heads["heatmap"].shape[2:], np.float32)
    focus = expected_centers([guide], grid)
    center = find_centers(heads["center"], focus)
    regressed = regress_keypoints(heads["regress"], center)
    starts = apply_guides(regressed, [guide], grid)
    cells = find_cells(heads["heatmap"], starts)
    return {
        "center_scores": sigmoid(heads["center"])[0, 0],
        "focus": focus[0],
        "center_weighted": weight_by_distance(heads["center"], focus[:, None])[0, 0],
        "center": center[0],
        "regressed": regressed[0],
        "starts": starts[0],
        "heatmaps": sigmoid(heads["heatmap"])[0],
        "heatmaps_weighted": weight_by_distance(heads["heatmap"], starts)[0],
        "cells": cells[0],
        "places": _places(np.asarray(heads["offset"])),
        "points": refine_keypoints(heads, cells, vote_radius)[0],
        "scores": gather_scores(heads["heatmap"], cells)[0],
    }


def _places(offset: Floats) -> Floats:
    """Return where every cell holds each of K keypoints to be: (1, 2K, h, w) → (h, w, K, 2), in cells."""
    _, channels, height, width = offset.shape
    every = np.moveaxis(np.mgrid[:height, :width], 0, -1).reshape(-1, 1, 2)
    asked = np.broadcast_to(every, (height * width, channels // 2, 2))
    return add_offsets(offset, asked).reshape(height, width, channels // 2, 2)


def find_keypoint(name: str) -> int:
    """Return the index of a keypoint by its name: "left_wrist", "left wrist" and "Left-Wrist" are one.

    Raises:
        DataError: if there is no such keypoint.
    """
    spelt = name.strip().lower().replace(" ", "_").replace("-", "_")
    if spelt not in KEYPOINTS:
        raise DataError(f"expected all or one of the keypoints {', '.join(KEYPOINTS)}, got '{name}'")
    return KEYPOINTS.index(spelt)


def most_instructive(explanation: Explanation) -> int:
    """Return the index of the keypoint that shows best why distance is weighted: a high score and a high second peak.

    It is a visible elbow, wrist, knee or ankle; where none is visible, any keypoint.
    """
    height, width = explanation.center_scores.shape
    y, x = np.mgrid[:height, :width]
    away_y, away_x = y - explanation.cells[:, :1, None], x - explanation.cells[:, 1:, None]
    far = np.hypot(away_y, away_x) > RIVAL_SHARE * max(height, width)
    rivals = explanation.heatmaps.max(axis=(1, 2), where=far, initial=0)
    merit = explanation.scores * (0.05 + rivals)
    limbs = [k for k in LIMBS if explanation.scores[k] >= VISIBLE_SCORE]
    return max(limbs or range(len(KEYPOINTS)), key=lambda k: merit[k])
