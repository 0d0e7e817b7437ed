"""All intermediate results from a photo to its pose, as `Estimator` computes them."""

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
    argmax_cells,
    expected_centers,
    find_centers,
    regress_keypoints,
    sigmoid,
    weight_by_distance,
)
from movenet.decode.votes import cast_votes, distance_offsets, find_modes
from movenet.errors import DataError, ModelError
from movenet.estimator import Detection, Estimator, EstimatorSettings
from movenet.estimator.views import View, bandwidths
from movenet.models import ModelCard
from movenet.pose import KEYPOINTS, Pose

LIMBS: Final = tuple(
    k for k, name in enumerate(KEYPOINTS) if name.endswith(("elbow", "wrist", "knee", "ankle"))
)
"""Keypoints preferred by `most_instructive`: far from the center, and easily confused with the other side."""
HEADS: Final = frozenset({"center", "regress", "heatmap", "offset"})
VISIBLE_SCORE: Final = 0.3
"""Minimum score of a visible keypoint (Google's recommended threshold)."""
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
    """The part of the photo that the model gets; the first of them, if the settings ask for several."""
    squares: int
    """How many squares of the person the model runs on, mirror images included; the steps are those of the first."""
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
    distance_offsets: Floats
    """Shape (17,): added to the distance to the start, in cells."""
    heatmaps_weighted: Floats
    """Shape (17, h, w): the scores divided by (distance to the start + `distance_offsets`)."""
    cells: Cells
    """Shape (17, 2): the cells with the highest `heatmaps_weighted`."""
    positions: Floats
    """Shape (h, w, 17, 2): position of each keypoint by the offset of each cell."""
    bandwidths: Floats
    """Shape (17,): standard deviation of the mean shift over the votes, in cells."""
    points: Floats
    """Shape (17, 2): the keypoints: where the votes of the cells around `cells` agree, in this square alone."""
    scores: Floats
    """Shape (17,), 0…1: the heatmaps at the cells, unweighted."""
    min_score: float
    """Minimum score of a pose that the estimator returns."""
    pose: Pose | None
    """The estimator's result in pixels of the photo, from all squares and the detection; None if there is no person."""


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
    views = [View(image, Crop.whole(image.shape[1], image.shape[0], card.side))]
    if chosen is not None:
        views = estimator.views(image, chosen)
    view = views[0]
    square = view.square()
    return Explanation(
        image=image,
        card=card,
        detector=estimator.detector.card if estimator.detector else None,
        settings=estimator.settings,
        people=people,
        chosen=chosen,
        crop=view.crop,
        squares=len(views) * (2 if estimator.settings.flip else 1),
        square=square,
        guide=view.guide,
        min_score=estimator.min_score,
        pose=next(iter(estimator(image)), None),
        **_steps(estimator.engine(square[None]), view, estimator.settings),
    )


def _steps(heads: Heads, view: View, settings: EstimatorSettings) -> dict[str, Any]:
    """Compute the steps of `cast_votes` for heads of one square: the arrays of an `Explanation`."""
    guide, grid = view.guide, np.array(heads["heatmap"].shape[2:], np.float32)
    focus = expected_centers([guide], grid)
    center = find_centers(heads["center"], focus)
    regressed = regress_keypoints(heads["regress"], center)
    starts = apply_guides(regressed, [guide], grid)
    offsets = distance_offsets([guide], heads["heatmap"], settings.distance_offset_cells)
    weighted = weight_by_distance(heads["heatmap"], starts, offsets)
    votes = cast_votes(heads, [guide], settings.distance_offset_cells)[0]
    widths = bandwidths(view, len(KEYPOINTS)) / view.crop.width
    points, scores = find_modes([votes], widths)
    return {
        "center_scores": sigmoid(heads["center"])[0, 0],
        "focus": focus[0],
        "center_weighted": weight_by_distance(heads["center"], focus[:, None])[0, 0],
        "center": center[0],
        "regressed": regressed[0],
        "starts": starts[0],
        "heatmaps": sigmoid(heads["heatmap"])[0],
        "distance_offsets": offsets[0],
        "heatmaps_weighted": weighted[0],
        "cells": argmax_cells(weighted)[0],
        "positions": _positions(np.asarray(heads["offset"])),
        "bandwidths": (widths * grid[0]).astype(np.float32),
        "points": (points * grid).astype(np.float32),
        "scores": scores.astype(np.float32),
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
