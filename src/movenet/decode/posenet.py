"""PoseNet's raw heads → keypoints, for one person in each picture or for everybody in it.

A cell lies on every 16th pixel of the picture, the first on its first pixel and the last behind its last one:

* "heatmap" (N, K, h, w): is a keypoint k near here, whoever it belongs to?
* "offset" (N, 2K, h, w): from this cell, how far is it to the very place of keypoint k?
* "outward" (N, 2B, h, w): if this is the inner end of bone b of `TREE`, how far is it to the outer one?
* "inward" (N, 2B, h, w): if this is its outer end, how far is it to the inner one?

"heatmap" holds logits. The others count cells; channel 2k is a y, 2k + 1 its x. A place is (y, x) in cells; divided
by (h − 1, w − 1), the sides of the picture in cells, it is the answer: 0…1 of the picture.

Sources: Papandreou et al. 2018 (PersonLab) and Google's code for TensorFlow.js (posenet 2.2.2), which gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from movenet.decode.movenet import (
    Cells,
    Floats,
    Heads,
    People,
    add_offsets,
    check_heads,
    highest,
    read_pairs,
    read_scores,
    sigmoid,
)
from movenet.errors import EngineError

STRIDE: Final = 16
"""Pixels of the picture from one cell to the next, along each axis."""
SHIFT_PX: Final = 0.5
"""Added to x and y of an answer, in pixels of the picture, it counts from the picture's corner as all this package
does: PoseNet counts from the centre of the first pixel. (Measured without labels, as `movenet.crop.MODEL_SHIFT_PX`:
.45 at 256 px and .50 at 384.)"""
REFINEMENTS: Final = 2
"""How often the place at the end of a bone is corrected by the offset found there (Google's: offsetRefineStep)."""
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
"""The bones along which a body is walked: the keypoints at the inner end, nearer the nose, and at the outer one
(Google's: poseChain)."""
_STEPS: Final = (
    *(("inward", bone, outer, inner) for bone, (inner, outer) in reversed([*enumerate(TREE)])),
    *(("outward", bone, inner, outer) for bone, (inner, outer) in enumerate(TREE)),
)
"""Head, bone, from, to: wherever it starts, the walk goes in to the nose first and from there out to all else."""


@dataclass(frozen=True, slots=True)
class ManySettings:
    """Whom `decode_many` takes for a person: what Google's code does by default, but for the last."""

    min_score: float = 0.5
    """A person starts from a keypoint that scores at least this, 0…1."""
    radius_px: float = 20.0
    """The same keypoint of two people lies farther apart, in pixels of the picture the model saw."""
    reach: int = 1
    """A keypoint to start from is the highest of the cells that are so near in y and in x."""
    most: int | None = None
    """At most so many people, the surest starts first. None takes all; Google's takes 5."""


def decode_one(heads: Heads) -> Floats:
    """Find one person in each of N pictures: of each keypoint the surest, whoever it belongs to.

    It takes "heatmap" and "offset", float32.

    Returns:
        Shape (N, K, 3), float32: y, x, 0…1 of the picture (a little outside is possible), and score, 0…1.

    Raises:
        EngineError: if heads are missing or do not fit together.
    """
    _check_heads(heads, "offset")
    cells = highest(sigmoid(heads["heatmap"]))
    points = add_offsets(heads["offset"], cells)
    return _answer(points, read_scores(heads["heatmap"], cells), heads["heatmap"])


def decode_many(heads: Heads, settings: ManySettings = ManySettings()) -> list[People]:
    """Find everybody in each of N pictures, square or not, the surest start first.

    A person's score is the mean of those keypoint scores that no surer person has claimed, the others counting 0;
    the box is the keypoints' extent, the centre its middle, whose score is that of the keypoint they started from.

    Raises:
        EngineError: if heads are missing or do not fit together, or are not those of 17 keypoints.
    """
    _check_heads(heads, "offset", "outward", "inward")
    if (keypoints := heads["heatmap"].shape[1]) != len(TREE) + 1:
        raise EngineError(f"expected heads of {len(TREE) + 1} keypoints, joined by bones, got {keypoints}")
    alone = ({name: head[i : i + 1] for name, head in heads.items()} for i in range(len(heads["heatmap"])))
    return [_decode_people(picture, settings) for picture in alone]


def _decode_people(heads: Heads, settings: ManySettings) -> People:
    """Find everybody in the only picture of these heads."""
    heatmap = heads["heatmap"]
    roots, root_scores = find_roots(heatmap[0], settings)
    points = walk(heads, roots)
    scores = read_scores(heatmap, nearest(points, heatmap))
    scores[np.arange(len(roots)), roots[:, 0]] = root_scores
    kept, claimed = choose(points, roots[:, 0], settings)
    keypoints = _answer(points[kept], scores[kept], heatmap)
    corners = np.stack((keypoints[..., :2].min(axis=1), keypoints[..., :2].max(axis=1)), axis=1).clip(0, 1)
    return People(
        keypoints=keypoints,
        boxes=corners.reshape(-1, 4),
        scores=np.where(claimed, np.float32(0), scores[kept]).mean(axis=1),
        centers=corners.mean(axis=1),
        center_scores=root_scores[kept],
    )


def find_roots(heatmap: Floats, settings: ManySettings) -> tuple[Cells, Floats]:
    """Find in a heatmap (K, h, w) where to start: (R, 3), keypoint, y, x, and the scores (R,), highest first."""
    scores, reach = sigmoid(heatmap), settings.reach
    windows = sliding_window_view(
        np.pad(scores, ((0, 0), (reach, reach), (reach, reach))), (2 * reach + 1, 2 * reach + 1), axis=(1, 2)
    )
    roots = np.argwhere((scores >= settings.min_score) & (scores == windows.max(axis=(-2, -1))))
    root_scores = scores[roots[:, 0], roots[:, 1], roots[:, 2]]
    order = np.argsort(-root_scores, kind="stable")
    return roots[order], root_scores[order]


def walk(heads: Heads, roots: Cells) -> Floats:
    """Walk from each root (R, 3) along the bones to all keypoints of its body: places (R, K, 2), in cells."""
    offset = heads["offset"]
    # True for the root's own keypoint; the walk finds the others.
    points = add_offsets(offset, roots[:, None, 1:])
    reached = roots[:, :1] == np.arange(points.shape[1])
    for head, bone, here, there in _STEPS:
        going = reached[:, here] & ~reached[:, there]
        points[going, there] = follow(points[going, here], _pair(heads[head], bone), _pair(offset, there))
        reached[going, there] = True
    return points


def follow(places: Floats, ways: Floats, offsets: Floats) -> Floats:
    """Go from one end of a bone to the other: places (R, 2), in cells, in and out.

    `ways` and `offsets` (1, 2, h, w) lead, as the nearest cell says, to about the other end, and on to the very place.
    """
    there = places[:, None]
    there = there + read_pairs(ways, nearest(there, ways))
    for _ in range(REFINEMENTS):
        there = add_offsets(offsets, nearest(there, offsets))
    return there[:, 0]


def nearest(places: Floats, head: Floats) -> Cells:
    """Return the cells nearest to places (…, 2), within the grid of a head (N, C, h, w)."""
    cells = np.floor(places + np.float32(0.5))
    return np.asarray(cells.clip(0, np.array(head.shape[2:]) - 1), np.intp)


def choose(points: Floats, roots: Cells, settings: ManySettings) -> tuple[list[int], NDArray[np.bool_]]:
    """Choose from bodies (R, K, 2), surest first, those that start from no keypoint of one already chosen.

    `roots` (R,) says which keypoint each started from. Returned are the P chosen ones, and which of their
    keypoints (P, K) a surer one has already claimed, having its own within the radius.
    """
    kept: list[int] = []
    claimed = np.zeros(points.shape[:2], np.bool_)
    for i, root in enumerate(roots):
        if len(kept) == settings.most:
            break
        distances2 = np.square(points[kept] - points[i]).sum(axis=-1)
        claimed[i] = (distances2 <= (settings.radius_px / STRIDE) ** 2).any(axis=0)
        if not claimed[i, root]:
            kept.append(i)
    return kept, claimed[kept]


def _check_heads(heads: Heads, *names: str) -> None:
    check_heads(heads, *names)
    if min(grid := heads["heatmap"].shape[2:]) < 2:
        raise EngineError(f"expected heads of at least 2 × 2 cells, got {grid[0]} × {grid[1]}")


def _pair(head: Floats, index: int) -> Floats:
    """Return the (y, x) channels of one keypoint or bone: (N, 2K, h, w) → (N, 2, h, w)."""
    return head[:, 2 * index : 2 * index + 2]


def _answer(points: Floats, scores: Floats, heatmap: Floats) -> Floats:
    """Return y, x, 0…1 of the picture, and score, (P, K, 3), of places (P, K, 2) in cells."""
    sides = np.array(heatmap.shape[2:], np.float32) - 1
    return np.concatenate((points / sides, scores[..., None]), axis=-1)
