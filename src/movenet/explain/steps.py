"""Every step from a photo to its pose, kept: what `Estimator` and `decode_one` compute on the way."""

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
"""The joints that are shown first: they are far from the middle, and easily taken for those of the other side."""
HEADS: Final = frozenset({"center", "regress", "heatmap", "offset"})
VISIBLE_SCORE: Final = 0.3
"""A joint that scores more is worth explaining (Google's recommended threshold)."""
RIVAL_SHARE: Final = 1 / 12
"""A rival of a joint is farther from it than this share of the square's side."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """All that is computed between a photo and its pose.

    The square is a grid of h × w cells. A place is y, x in cells; a cell is named by its top-left corner. Arrays
    without a picture's shape are of the 17 keypoints in the order of `KEYPOINTS`.
    """

    image: NDArray[np.uint8]
    """Shape (H, W, 3), RGB: the photo."""
    card: ModelCard
    """The model that looked at the square."""
    detector: ModelCard | None
    """The model of the first look; None if the whole photo was looked at once."""
    settings: EstimatorSettings
    """How two looks are taken."""
    people: tuple[Detection, ...]
    """Everybody the first look saw, the surest first; empty if there was none."""
    chosen: Detection | None
    """The one of them that the photo is about; None if the whole photo is looked at."""
    crop: Crop
    """The part of the photo the model sees."""
    square: NDArray[np.uint8]
    """Shape (side, side, 3), RGB: that part, as the model gets it."""
    guide: Guide | None
    """Whom the decoder was told to look for."""
    center_scores: Floats
    """Shape (h, w), 0…1: is this the middle of a person?"""
    focus: Floats
    """Shape (2,): the place near which the person is looked for."""
    center_weighted: Floats
    """Shape (h, w): the scores divided by (distance to the focus + 1.8)."""
    center: Cells
    """Shape (2,): the cell where that is highest."""
    regressed: Floats
    """Shape (17, 2): where the regression, read at the middle, expects the keypoints."""
    starts: Floats
    """Shape (17, 2): the same, leant towards the guide's keypoints."""
    heatmaps: Floats
    """Shape (17, h, w), 0…1: is this keypoint k, of anybody?"""
    heatmaps_weighted: Floats
    """Shape (17, h, w): the scores divided by (distance to the start + 1.8)."""
    cells: Cells
    """Shape (17, 2): the cells where that is highest."""
    places: Floats
    """Shape (h, w, 17, 2): where each cell, by its own offset, holds each keypoint to be."""
    points: Floats
    """Shape (17, 2): the keypoints: the places that their cells hold, or the mean of those around them."""
    scores: Floats
    """Shape (17,), 0…1: the heatmaps at the cells, unweighted."""
    min_score: float
    """Least score of a pose that the estimator takes for a person."""
    pose: Pose | None
    """What the estimator answers, in pixels of the photo; None: there is nobody."""


def explain(image: NDArray[np.uint8], estimator: Estimator) -> Explanation:
    """Walk with one photo, (H, W, 3) uint8 RGB, from its pixels to its pose, and keep every step.

    The estimator is one that looks for the one person a photo is about.

    Where the first look sees nobody, the estimator stops. The explanation goes on with the whole photo, padded to
    a square, to show what nobody looks like.

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
    """Return the index of the joint that shows best why the distance is weighed: sure, and with a sure rival.

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
