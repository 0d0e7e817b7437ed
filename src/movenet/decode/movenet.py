"""MoveNet's raw heads to keypoints: one person in each picture (`decode_one`) or every person (`decode_many`).

The network answers on a grid of h × w cells, one for every 4 × 4 pixels of its input:

* "center" (N, 1, h, w): logit that the cell is the center of a person.
* "regress" (N, 2K, h, w): from a person's center, the rough distance to each of their K keypoints.
* "heatmap" (N, K, h, w): logit that the cell holds keypoint k, of any person.
* "offset" (N, 2K, h, w): the distance from the cell to the exact position of keypoint k.
* "box_scale", "box_offset" (N, 2, h, w), multi-person model only: size of the person's box and the distance to its
  center.

Distances count cells; channel 2k is the y of keypoint k, 2k + 1 its x. Positions are (y, x) in cells; divided by (h, w)
they are the result, 0…1 of the picture. No half-cell is added.

Invalid values are tolerated: a NaN logit scores 0, a distance that is not finite is 0, and distances are clipped to
±10⁶ cells. Of equal scores the first cell wins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from movenet.errors import EngineError

Floats: TypeAlias = NDArray[np.float32]
Cells: TypeAlias = NDArray[np.intp]
Heads: TypeAlias = Mapping[str, Floats]
Guides: TypeAlias = "Sequence[Guide | None]"

MAX_DISTANCE_CELLS: Final = np.float32(1e6)
"""Distances in a head are clipped to ± this many cells, so that their squares and sums stay finite."""
DISTANCE_OFFSET_CELLS: Final = 1.8
"""Added to a distance before a score is divided by it (Google's graph: add_5/y)."""


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """What is known of the person to decode, from a detection or the previous frame. NaN means unknown."""

    center: Floats
    """Shape (2,): y, x of the person's center, 0…1 of the square. It replaces the middle of the square in step 1."""
    keypoints: Floats
    """Shape (K, 2): y, x of the keypoints, 0…1 of the square. The regressed keypoints are moved towards them."""
    weight: float = 0.3
    """Weight of these keypoints against the regressed ones, 0…1; 0 is the regression alone (measured on COCO: 0.3)."""
    scale: float = math.nan
    """√area of the person, in sides of the square. Only `movenet.decode.votes.cast_votes` uses it."""


def decode_one(heads: Heads, guides: Guides | None = None) -> Floats:
    """Decode one person in each of N pictures: the one nearest the middle, or the one that the guide describes.

    Without guides this is what Google's graph does. The estimator uses `movenet.decode.votes` instead.

    Args:
        heads: "center", "regress", "heatmap" and "offset", float32.
        guides: a guide or None for each picture.

    Returns:
        Shape (N, K, 3), float32: y, x, 0…1 of the square (may lie slightly outside), and score, 0…1.

    Raises:
        EngineError: if heads are missing or do not fit together, or guides do not fit the heads.
    """
    check_heads(heads, "center", "regress", "offset")
    guides = check_guides(guides, heads)
    grid = np.array(heads["heatmap"].shape[2:], np.float32)
    centers = find_centers(heads["center"], expected_centers(guides, grid))
    expected = apply_guides(regress_keypoints(heads["regress"], centers), guides, grid)
    cells = find_cells(heads["heatmap"], expected)
    points = add_offsets(heads["offset"], cells)
    scores = gather_scores(heads["heatmap"], cells)
    return np.concatenate((points / grid, scores[..., None]), axis=-1)


def find_centers(center: Floats, expected: Floats) -> Cells:
    """Step 1: return the person's center cell (N, 2): high in center (N, 1, h, w), near the expected center (N, 2)."""
    return argmax_cells(weight_by_distance(center, expected[:, None]))[:, 0]


def regress_keypoints(regress: Floats, centers: Cells) -> Floats:
    """Step 2: return the rough position of each keypoint, (P, K, 2), in cells, from the center cells (P, 2)."""
    return centers[:, None].astype(np.float32) + gather_pairs(regress, centers[:, None])


def find_cells(heatmap: Floats, expected: Floats) -> Cells:
    """Step 3: return each keypoint's cell (N, K, 2): high in its heatmap, near its expected position (N, K, 2)."""
    return argmax_cells(weight_by_distance(heatmap, expected))


def add_offsets(offset: Floats, cells: Cells) -> Floats:
    """Step 4: return the exact position (…, P, K, 2), in cells, of keypoints in cells (…, P, K, 2)."""
    return cells.astype(np.float32) + gather_pairs(offset, cells)


def gather_scores(heatmap: Floats, cells: Cells) -> Floats:
    """Return the scores (…, N, K), 0…1, of the keypoints in cells (…, N, K, 2), without the weight of the distance."""
    picture, keypoint = np.arange(heatmap.shape[0])[:, None], np.arange(heatmap.shape[1])
    return sigmoid(heatmap[picture, keypoint, cells[..., 0], cells[..., 1]])


def expected_centers(guides: Guides, grid: Floats) -> Floats:
    """Return where each person's center is expected, (N, 2), in cells: the guide's, or the middle of the grid."""
    expected = np.tile(grid * np.float32(0.5), (len(guides), 1))
    for center, guide in zip(expected, guides, strict=True):
        if guide is not None and np.isfinite(guide.center).all():
            center[:] = guide.center * grid
    return expected


def apply_guides(regressed: Floats, guides: Guides, grid: Floats) -> Floats:
    """Return the expected keypoints (N, K, 2), in cells: the weighted mean of the regressed and the guides' ones."""
    expected = regressed.copy()
    for keypoints, guide in zip(expected, guides, strict=True):
        if guide is not None:
            shift = guide.weight * (guide.keypoints * grid - keypoints)
            keypoints += np.where(np.isfinite(shift), shift, 0)
    return expected


@dataclass(frozen=True, slots=True)
class MultiPoseSettings:
    """Settings of `decode_many`. All but the first two have the values of Google's graph."""

    min_center_score: float = 0.1
    """A peak of the center map must score more than this, 0…1. Google's graph has no such limit."""
    max_people: int | None = None
    """Only so many people of the highest center scores are decoded; None decodes all. Google's graph decodes 6."""
    nms_radius: int = 2
    """A peak of the center map is the highest of the cells up to so many away in y and in x (5 × 5 max pooling)."""
    gaussian_variance: float = 0.3
    """exp(−distance² / variance) weights a heatmap around a regressed keypoint. Unit: shorter sides of the grid
    (Google's: mul_6/y)."""
    min_keypoint_score: float = 0.127
    """Keypoints that score more count in the person's score (Google's: Greater_1/y)."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPeople:
    """The P people decoded in one picture, highest center score first: float32, positions in 0…1 of the picture."""

    keypoints: Floats
    """Shape (P, K, 3): y, x (may lie slightly outside), score. The score falls with the distance to the nearest
    regressed keypoint."""
    boxes: Floats
    """Shape (P, 4): ymin, xmin, ymax, xmax, clipped to the picture."""
    scores: Floats
    """Shape (P,), 0…1: center score × mean of the keypoint scores above `MultiPoseSettings.min_keypoint_score`."""
    centers: Floats
    """Shape (P, 2): y, x of the peak in the center map, as `Guide.center`."""
    center_scores: Floats
    """Shape (P,), 0…1: the score of that peak."""

    def __len__(self) -> int:
        return len(self.scores)


def decode_many(heads: Heads, settings: MultiPoseSettings = MultiPoseSettings()) -> list[DecodedPeople]:
    """Decode every person in each of N pictures, square or not; without people the arrays have length 0.

    Raises:
        EngineError: if heads are missing or do not fit together.
    """
    check_heads(heads, "center", "regress", "offset", "box_scale", "box_offset")
    single = ({name: head[i : i + 1] for name, head in heads.items()} for i in range(len(heads["center"])))
    return [_decode_people(picture, settings) for picture in single]


def _decode_people(heads: Heads, settings: MultiPoseSettings) -> DecodedPeople:
    """Decode every person of one picture (N = 1)."""
    grid = np.array(heads["heatmap"].shape[2:], np.float32)
    centers, center_scores = find_peaks(heads["center"][0, 0], settings)
    regressed = regress_keypoints(heads["regress"], centers)
    boxes = regress_boxes(heads, centers, grid)
    variance = settings.gaussian_variance * float(grid.min())
    cells = find_cells_in_boxes(heads["heatmap"][0], regressed, boxes, variance)
    points = add_offsets(heads["offset"], cells)
    scores = gather_scores(heads["heatmap"], cells) * proximity_weights(cells, regressed, boxes, variance)
    return DecodedPeople(
        keypoints=np.concatenate((points / grid, scores[..., None]), axis=-1),
        boxes=(boxes / grid).reshape(-1, 4),
        scores=center_scores * mean_above(scores, settings.min_keypoint_score),
        centers=centers.astype(np.float32) / grid,
        center_scores=center_scores,
    )


def find_peaks(center: Floats, settings: MultiPoseSettings) -> tuple[Cells, Floats]:
    """Return the cells (P, 2) of the peaks of center (h, w), and their scores (P,), highest first."""
    scores, side = sigmoid(center), 2 * settings.nms_radius + 1
    windows = sliding_window_view(np.pad(scores, settings.nms_radius, constant_values=-1), (side, side))
    cells = np.argwhere(scores > settings.min_center_score)
    window = windows[cells[:, 0], cells[:, 1]].reshape(len(cells), side * side)
    # argmax is the first of equals. Google's graph returns every cell of a plateau: one person several times.
    peaks = cells[window.argmax(axis=1) == side * side // 2]
    peak_scores = scores[peaks[:, 0], peaks[:, 1]]
    order = np.argsort(-peak_scores, kind="stable")[: settings.max_people]
    return peaks[order], peak_scores[order]


def regress_boxes(heads: Heads, centers: Cells, grid: Floats) -> Floats:
    """Return the first and last corner of each box, (P, 2, 2), y, x in cells, from the center cells (P, 2)."""
    half = np.maximum(gather_pairs(heads["box_scale"], centers[:, None]), 0) / 2
    middle = add_offsets(heads["box_offset"], centers[:, None])
    return np.clip(np.concatenate((middle - half, middle + half), axis=1), 0, grid)


def find_cells_in_boxes(heatmap: Floats, regressed: Floats, boxes: Floats, variance: float) -> Cells:
    """Return each keypoint's cell (P, K, 2): the highest in the box after a Gaussian weight.

    The weight of the heatmap (K, h, w) is exp(−distance² / variance), with the distance to the regressed keypoint in
    cells. A box without a cell gives (0, 0).
    """
    weight_y = np.exp(_squared_distances(heatmap.shape[1], regressed[..., 0]) / -variance)
    weight_x = np.exp(_squared_distances(heatmap.shape[2], regressed[..., 1]) / -variance)
    cells = np.zeros(regressed.shape, np.intp)
    # One person at a time: a box is a small part of the grid, and each has its own size.
    for person, ((top, left), (bottom, right)) in enumerate(np.ceil(boxes).astype(np.intp)):
        inside = sigmoid(heatmap[:, top:bottom, left:right])
        if inside.size:
            inside *= weight_y[person, :, top:bottom, None]
            inside *= weight_x[person, :, None, left:right]
            cells[person] = argmax_cells(inside) + np.array((top, left))
    return cells


def proximity_weights(cells: Cells, regressed: Floats, boxes: Floats, variance: float) -> Floats:
    """Return exp(−distance² / variance), (P, K), of each cell to the nearest regressed keypoint whose box holds it."""
    # It may be another person's: in Google's graph, too, two peaks on one body lift each other's scores.
    points = cells[:, None].astype(np.float32)
    inside = ((points >= boxes[:, None, 0]) & (points < boxes[:, None, 1])).all(axis=-1)
    weights = np.exp(np.square(points - regressed).sum(axis=-1) / -variance)
    return np.asarray(weights.max(axis=1, where=inside, initial=0), np.float32)


def mean_above(scores: Floats, min_score: float) -> Floats:
    """Return the mean (P,) of each person's scores (P, K) above `min_score`; 0 if none is."""
    counted = scores > min_score
    return np.asarray((scores * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1), np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Return the scores, 0…1, of an array of logits; NaN scores 0."""
    with np.errstate(over="ignore"):  # 1 / (1 + infinity) is the correct 0
        scores: Floats = np.reciprocal(1 + np.exp(-logits))
    scores[np.isnan(scores)] = 0
    return scores


def weight_by_distance(
    logits: Floats, points: Floats, offsets: Floats | float = DISTANCE_OFFSET_CELLS
) -> Floats:
    """Return the scores of maps (N, K, h, w), each divided by an offset + its distance to a point (N, K, 2), in cells.

    `offsets` are in cells: one, or one for each map (N, K).
    """
    y2 = _squared_distances(logits.shape[2], points[..., 0])
    x2 = _squared_distances(logits.shape[3], points[..., 1])
    distances: Floats = np.sqrt(y2[..., :, None] + x2[..., None, :])
    distances += np.asarray(offsets, np.float32)[..., None, None]
    return sigmoid(logits) / distances


def _squared_distances(length: int, position: Floats) -> Floats:
    """Return the squared distance of each of `length` cells in a row to a position: (…) → (…, length)."""
    return (np.arange(length, dtype=np.float32) - position[..., None]) ** 2


def argmax_cells(maps: Floats) -> Cells:
    """Return the (y, x) of the highest cell of each map: (…, h, w) → (…, 2)."""
    *batch, height, width = maps.shape
    flat = maps.reshape(*batch, height * width).argmax(axis=-1)
    return np.stack(np.divmod(flat, width), axis=-1)


def gather_pairs(head: Floats, cells: Cells) -> Floats:
    """Return the (y, x) that a head (N, 2K, h, w) holds for keypoint k of person p at cells[…, p, k]: (…, P, K, 2).

    N pictures show one person each (P = N), or one picture shows all P. A cell (P, 1, 2) serves all keypoints.
    """
    picture = np.arange(len(head))[:, None, None]
    channel = np.arange(head.shape[1]).reshape(-1, 2)
    pairs = head[picture, channel, cells[..., :1], cells[..., 1:]]
    return np.where(np.isfinite(pairs), pairs, np.float32(0)).clip(-MAX_DISTANCE_CELLS, MAX_DISTANCE_CELLS)


def check_heads(heads: Heads, *names: str) -> None:
    """Raise EngineError unless "heatmap" and the heads of these names exist and their shapes fit together."""
    if missing := {"heatmap", *names} - heads.keys():
        raise EngineError(f"expected a head called '{min(missing)}', got {', '.join(heads) or 'none'}")
    for name in ("heatmap", *names):
        kind, shape = heads[name].dtype, heads[name].shape
        if kind != np.float32 or len(shape) != 4 or 0 in shape[1:]:
            raise EngineError(
                f"expected the head '{name}' as float32 (N, channels, h, w), got {kind} {shape}"
            )
    pictures, keypoints, *grid = heads["heatmap"].shape
    bones = 2 * (keypoints - 1)
    channels = {"center": 1, "box_scale": 2, "box_offset": 2, "outward": bones, "inward": bones}
    for name in names:
        expected = (pictures, channels.get(name, 2 * keypoints), *grid)
        if heads[name].shape != expected:
            raise EngineError(f"expected the head '{name}' of shape {expected}, got {heads[name].shape}")


def check_guides(guides: Guides | None, heads: Heads) -> Guides:
    """Return a guide or None for each picture; raise EngineError if the given guides do not fit the heads."""
    pictures, keypoints = heads["heatmap"].shape[:2]
    guides = guides if guides is not None else [None] * pictures
    shapes = [guide and (np.shape(guide.center), np.shape(guide.keypoints)) for guide in guides]
    if len(guides) != pictures or {*shapes} - {None, ((2,), (keypoints, 2))}:
        fitting = f"None or a guide's center (2,) and keypoints ({keypoints}, 2)"
        raise EngineError(f"expected for each of {pictures} pictures {fitting}, got {shapes}")
    return guides
