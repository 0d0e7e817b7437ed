"""PoseNet's raw heads to keypoints: one person in each picture (`decode_one`) or every person (`decode_many`).

A cell lies on every 16th pixel of the input, the first on its first pixel and the last just behind its last one:

* "heatmap" (N, K, h, w): logit that a keypoint k is near the cell, of any person.
* "offset" (N, 2K, h, w): the distance from the cell to the exact position of keypoint k.
* "outward" (N, 2B, h, w): from the inner end of bone b of `TREE`, the distance to its outer end.
* "inward" (N, 2B, h, w): from the outer end of bone b, the distance to its inner end.

Distances count cells; channel 2k is a y, 2k + 1 its x. Positions are (y, x) in cells; divided by (h − 1, w − 1), the
sides of the picture in cells, they are the result: 0…1 of the picture.

Sources: Papandreou et al. 2018 (PersonLab) and Google's code for TensorFlow.js (posenet 2.2.2); the results are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from movenet.decode.movenet import (
    Cells,
    DecodedPeople,
    Floats,
    Heads,
    add_offsets,
    argmax_cells,
    check_heads,
    gather_pairs,
    gather_scores,
    sigmoid,
)
from movenet.errors import EngineError

STRIDE: Final = 16
"""Pixels of the input from one cell to the next, along each axis."""
SHIFT_PX: Final = 0.5
"""Added to x and y of the decoded points, in pixels of the input. PoseNet counts from the center of the first pixel,
this package from its corner. (Measured without labels, as `movenet.crop.MODEL_SHIFT_PX`: 0.45 at 256 px, 0.5 at
384.)"""
REFINEMENT_STEPS: Final = 2
"""How often the position at the end of a bone is corrected by the offset found there (Google's offsetRefineStep)."""
TREE: Final = (
    (0, 1),
    (1, 3),
    (0, 2),
    (2, 4),
    (0, 5),
    (5, 7),
    (7, 9),
    (5, 11),
    (11, 13),
    (13, 15),
    (0, 6),
    (6, 8),
    (8, 10),
    (6, 12),
    (12, 14),
    (14, 16),
)
"""The bones that connect a body: the keypoints at the inner end, nearer the nose, and at the outer end (Google's
poseChain)."""
_STEPS: Final = (
    *(("inward", bone, outer, inner) for bone, (inner, outer) in reversed([*enumerate(TREE)])),
    *(("outward", bone, inner, outer) for bone, (inner, outer) in enumerate(TREE)),
)
"""Head, bone, source, target: from any root inwards to the nose first, then from the nose outwards to the rest."""


@dataclass(frozen=True, slots=True)
class MultiPoseSettings:
    """Settings of `decode_many`. All but `max_people` have the defaults of Google's code."""

    min_root_score: float = 0.5
    """A person is decoded from a root, a keypoint that scores at least this, 0…1."""
    nms_radius_px: float = 20.0
    """A root nearer than this to the same keypoint of a person already decoded is dropped. Pixels of the input."""
    local_max_radius: int = 1
    """A root is the highest of the cells up to so many away in y and in x."""
    max_people: int | None = None
    """Only so many people of the highest root scores are decoded; None decodes all. Google's code decodes 5."""


def decode_one(heads: Heads) -> Floats:
    """Decode one person in each of N pictures: of each keypoint the cell of the highest score, of any person.

    Args:
        heads: "heatmap" and "offset", float32.

    Returns:
        Shape (N, K, 3), float32: y, x, 0…1 of the picture (may lie slightly outside), and score, 0…1.

    Raises:
        EngineError: if heads are missing or do not fit together.
    """
    _check_heads(heads, "offset")
    cells = argmax_cells(sigmoid(heads["heatmap"]))
    points = add_offsets(heads["offset"], cells)
    return _to_keypoints(points, gather_scores(heads["heatmap"], cells), heads["heatmap"])


def decode_many(heads: Heads, settings: MultiPoseSettings = MultiPoseSettings()) -> list[DecodedPeople]:
    """Decode every person in each of N pictures, square or not, highest root score first.

    A person's score is the mean of the keypoint scores; keypoints that a person of a higher score already has (within
    the NMS radius) count 0. The box is the extent of the keypoints, the center its middle; the center's score is that
    of the root.

    Raises:
        EngineError: if heads are missing or do not fit together, or are not those of 17 keypoints.
    """
    _check_heads(heads, "offset", "outward", "inward")
    if (keypoints := heads["heatmap"].shape[1]) != len(TREE) + 1:
        raise EngineError(f"expected heads of {len(TREE) + 1} keypoints, joined by bones, got {keypoints}")
    single = ({name: head[i : i + 1] for name, head in heads.items()} for i in range(len(heads["heatmap"])))
    return [_decode_people(picture, settings) for picture in single]


def _decode_people(heads: Heads, settings: MultiPoseSettings) -> DecodedPeople:
    """Decode every person of one picture (N = 1)."""
    heatmap = heads["heatmap"]
    roots, root_scores = find_roots(heatmap[0], settings)
    points = decode_bodies(heads, roots)
    scores = gather_scores(heatmap, nearest_cells(points, heatmap))
    scores[np.arange(len(roots)), roots[:, 0]] = root_scores
    kept, duplicate = suppress_duplicates(points, roots[:, 0], settings)
    keypoints = _to_keypoints(points[kept], scores[kept], heatmap)
    corners = np.stack((keypoints[..., :2].min(axis=1), keypoints[..., :2].max(axis=1)), axis=1).clip(0, 1)
    return DecodedPeople(
        keypoints=keypoints,
        boxes=corners.reshape(-1, 4),
        scores=np.where(duplicate, np.float32(0), scores[kept]).mean(axis=1),
        centers=corners.mean(axis=1),
        center_scores=root_scores[kept],
    )


def find_roots(heatmap: Floats, settings: MultiPoseSettings) -> tuple[Cells, Floats]:
    """Return the local maxima of a heatmap (K, h, w): keypoint, y, x (R, 3), and scores (R,), highest first."""
    scores, radius = sigmoid(heatmap), settings.local_max_radius
    side = 2 * radius + 1
    padded = np.pad(scores, ((0, 0), (radius, radius), (radius, radius)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))
    roots = np.argwhere((scores >= settings.min_root_score) & (scores == windows.max(axis=(-2, -1))))
    root_scores = scores[roots[:, 0], roots[:, 1], roots[:, 2]]
    order = np.argsort(-root_scores, kind="stable")
    return roots[order], root_scores[order]


def decode_bodies(heads: Heads, roots: Cells) -> Floats:
    """Return all keypoints (R, K, 2), in cells, of the bodies that the roots (R, 3) belong to, bone by bone."""
    offset = heads["offset"]
    # Correct for the root's own keypoint only; the loop replaces the others.
    points = add_offsets(offset, roots[:, None, 1:])
    decoded = roots[:, :1] == np.arange(points.shape[1])
    for head, bone, source, target in _STEPS:
        rows = decoded[:, source] & ~decoded[:, target]
        points[rows, target] = follow_bone(
            points[rows, source], _pair(heads[head], bone), _pair(offset, target)
        )
        decoded[rows, target] = True
    return points


def follow_bone(points: Floats, displacements: Floats, offsets: Floats) -> Floats:
    """Return the other ends (R, 2) of a bone from one end's positions (R, 2), in cells.

    Args:
        points: y, x.
        displacements: shape (1, 2, h, w); from a cell, the rough distance to the other end.
        offsets: shape (1, 2, h, w); from a cell near the other end, the distance to its exact position.
    """
    ends = points[:, None]
    ends = ends + gather_pairs(displacements, nearest_cells(ends, displacements))
    for _ in range(REFINEMENT_STEPS):
        ends = add_offsets(offsets, nearest_cells(ends, offsets))
    return ends[:, 0]


def nearest_cells(points: Floats, head: Floats) -> Cells:
    """Return the cells nearest to positions (…, 2), within the grid of a head (N, C, h, w)."""
    cells = np.floor(points + np.float32(0.5))
    return np.asarray(cells.clip(0, np.array(head.shape[2:]) - 1), np.intp)


def suppress_duplicates(
    points: Floats, root_keypoints: Cells, settings: MultiPoseSettings
) -> tuple[list[int], NDArray[np.bool_]]:
    """Return which bodies to keep, and which of their keypoints (P, K) duplicate one of a body kept before.

    A body is dropped if its root duplicates a keypoint of a body kept before: the same keypoint within the NMS radius.

    Args:
        points: shape (R, K, 2), bodies of the highest root scores first, in cells.
        root_keypoints: shape (R,), which keypoint of each body is its root.
        settings: the NMS radius and the largest number of people.
    """
    kept: list[int] = []
    duplicate = np.zeros(points.shape[:2], np.bool_)
    for i, root in enumerate(root_keypoints):
        if len(kept) == settings.max_people:
            break
        distances2 = np.square(points[kept] - points[i]).sum(axis=-1)
        duplicate[i] = (distances2 <= (settings.nms_radius_px / STRIDE) ** 2).any(axis=0)
        if not duplicate[i, root]:
            kept.append(i)
    return kept, duplicate[kept]


def _check_heads(heads: Heads, *names: str) -> None:
    check_heads(heads, *names)
    if min(grid := heads["heatmap"].shape[2:]) < 2:
        raise EngineError(f"expected heads of at least 2 × 2 cells, got {grid[0]} × {grid[1]}")


def _pair(head: Floats, index: int) -> Floats:
    """Return the (y, x) channels of one keypoint or bone: (N, 2K, h, w) → (N, 2, h, w)."""
    return head[:, 2 * index : 2 * index + 2]


def _to_keypoints(points: Floats, scores: Floats, heatmap: Floats) -> Floats:
    """Return y, x, 0…1 of the picture, and score, (P, K, 3), from positions (P, K, 2) in cells."""
    sides = np.array(heatmap.shape[2:], np.float32) - 1
    return np.concatenate((points / sides, scores[..., None]), axis=-1)
