"""All intermediate results from a photo to its pose, as `Estimator` and `decode_one` compute them."""

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
"""Keypoints preferred by `most_instructive`: far from the center, and easily confused with the other side."""
HEADS: Final = frozenset({"center", "regress", "heatmap", "offset"})
VISIBLE_SCORE: Final = 0.3
"""Least score of a visible keypoint (Google's recommended threshold)."""
SECOND_PEAK_SHARE: Final = 1 / 12
"""A second peak of a heatmap is farther from the keypoint than this share of the square's side."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """All intermediate results from a photo to its pose.

    The heads have h × w cells. Positions are y, x in cells; the position of a cell is its top-left corner. An axis of
    length 17 has the keypoints in the order of `KEYPOINTS`.
    """

    image: NDArray[np.uint8]
    """Shape (H, W, 3), RGB: the photo."""
    card: ModelCard
    """The single-person model that runs on the square."""
    detector: ModelCard | None
    """The detector; None for method "whole"."""
    settings: EstimatorSettings
    """Settings of detection and crop."""
    people: tuple[Detection, ...]
    """All detections by falling score; empty for method "whole"."""
    chosen: Detection | None
    """The most prominent detection; None if there is none."""
    crop: Crop
    """The part of the photo that the model gets."""
    square: NDArray[np.uint8]
    """Shape (side, side, 3), RGB: the crop as the model gets it."""
    guide: Guide | None
    """Center and keypoints of the chosen detection, which guide the decoder; None without a detection."""
    center_scores: Floats
    """Shape (h, w), 0…1: score of each cell as the center of a person."""
    focus: Floats
    """Shape (2,): the position near which centers count more."""
    center_weighted: Floats
    """Shape (h, w): the scores divided by (distance to the focus + 1.8)."""
    center: Cells
    """Shape (2,): the cell with the highest `center_weighted`."""
    regressed: Floats
    """Shape (17, 2): the keypoints by the regression head, read at `center`."""
    starts: Floats
    """Shape (17, 2): `regressed`, moved towards the guide's keypoints."""
    heatmaps: Floats
    """Shape (17, h, w), 0…1: score of each cell as keypoint k of any person."""
    heatmaps_weighted: Floats
    """Shape (17, h, w): the scores divided by (distance to the start + 1.8)."""
    cells: Cells
    """Shape (17, 2): the cells with the highest `heatmaps_weighted`."""
    positions: Floats
    """Shape (h, w, 17, 2): position of each keypoint by the offset of each cell."""
    points: Floats
    """Shape (17, 2): the keypoints: `positions` at `cells`, or the weighted mean of those around them."""
    scores: Floats
    """Shape (17,), 0…1: the heatmaps at the cells, unweighted."""
    min_score: float
    """Least score of a pose that the estimator returns."""
    pose: Pose | None
    """The estimator's result in pixels of the photo; None if there is no person."""


def explain(image: NDArray[np.uint8], estimator: Estimator) -> Explanation:
    """Compute all intermediate results for a photo, (H, W, 3) uint8 RGB.

    If the detector finds no person, the estimator returns no pose. The explanation then continues with the whole photo,
    padded to a square, to show the heads without a person.

    Raises:
        MediaError: if `image` is no (H, W, 3) uint8 array.
        ModelError: if the estimator's model is no MoveNet of the 17 keypoints, or the estimator is not of people="one".
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
    """Compute the steps of `decode_one` for heads of one picture: the arrays of an `Explanation`."""
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
        "positions": _positions(np.asarray(heads["offset"])),
        "points": refine_keypoints(heads, cells, vote_radius)[0],
        "scores": gather_scores(heads["heatmap"], cells)[0],
    }


def _positions(offset: Floats) -> Floats:
    """Return the position of each of K keypoints by the offset of each cell: (1, 2K, h, w) → (h, w, K, 2), in cells."""
    _, channels, height, width = offset.shape
    cells = np.moveaxis(np.mgrid[:height, :width], 0, -1).reshape(-1, 1, 2)
    cells = np.broadcast_to(cells, (height * width, channels // 2, 2))
    return add_offsets(offset, cells).reshape(height, width, channels // 2, 2)


def find_keypoint(name: str) -> int:
    """Return the index of a keypoint by its name: "left_wrist", "left wrist" and "Left-Wrist" are the same.

    Raises:
        DataError: if there is no such keypoint.
    """
    normalized = name.strip().lower().replace(" ", "_").replace("-", "_")
    if normalized not in KEYPOINTS:
        raise DataError(f"expected all or one of the keypoints {', '.join(KEYPOINTS)}, got '{name}'")
    return KEYPOINTS.index(normalized)


def most_instructive(explanation: Explanation) -> int:
    """Return the index of the keypoint that best shows why the distance matters: high score, high second peak.

    It is a visible elbow, wrist, knee or ankle; if none is visible, any keypoint.
    """
    height, width = explanation.center_scores.shape
    y, x = np.mgrid[:height, :width]
    away_y, away_x = y - explanation.cells[:, :1, None], x - explanation.cells[:, 1:, None]
    far = np.hypot(away_y, away_x) > SECOND_PEAK_SHARE * max(height, width)
    second_peaks = explanation.heatmaps.max(axis=(1, 2), where=far, initial=0)
    instructiveness = explanation.scores * (0.05 + second_peaks)
    limbs = [k for k in LIMBS if explanation.scores[k] >= VISIBLE_SCORE]
    return max(limbs or range(len(KEYPOINTS)), key=lambda k: instructiveness[k])
