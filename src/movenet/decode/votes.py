"""Keypoints by votes: each cell around a keypoint gives a position, and the result is where most of them agree.

`movenet.decode.decode_one` takes the offset of one cell, as Google's graph does. Here every cell near it votes for the
position that its own offset gives, and `find_modes` looks for the densest place of the votes by mean shift (Comaniciu
and Meer, 2002). Votes of several squares of one person, such as the crop and its mirror image, are put together in the
pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.decode.movenet import (
    DISTANCE_OFFSET_CELLS,
    Floats,
    Guides,
    Heads,
    add_offsets,
    apply_guides,
    argmax_cells,
    check_guides,
    check_heads,
    expected_centers,
    find_centers,
    gather_scores,
    regress_keypoints,
    weight_by_distance,
)
from movenet.skeleton import oks_widths

VOTE_RADIUS_CELLS: Final = 2
"""The cells up to so many away in y and in x vote."""
_STEPS: Final = (np.indices((2 * VOTE_RADIUS_CELLS + 1,) * 2).T - VOTE_RADIUS_CELLS).reshape(-1, 1, 1, 2)
"""Shape (V, 1, 1, 2): y, x from the best cell to each that votes."""
ITERATIONS: Final = 3
"""Steps of the mean shift."""


BANDWIDTH_WIDTHS: Final = 0.5
"""Bandwidth of the mean shift, in OKS widths of the keypoint (measured, docs/accuracy.md)."""
MIN_BANDWIDTH_CELLS: Final = 0.7
"""Minimum bandwidth, in cells of the first square; also that of people of unknown size."""


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Votes for the keypoints of one person, or of one in each of N squares (a leading axis N): float32."""

    keypoints: Floats
    """Shape (…, K, 2): position given by the cell of the highest weight."""
    scores: Floats
    """Shape (…, K), 0…1: score of that cell."""
    points: Floats
    """Shape (…, K, V, 2): positions for which V cells vote."""
    weights: Floats
    """Shape (…, K, V), ≥ 0: score of the cell / (distance to the expected position + an offset)."""

    def __getitem__(self, n: int) -> Votes:
        """Return the votes in square `n` of N."""
        return Votes(self.keypoints[n], self.scores[n], self.points[n], self.weights[n])


def cast_votes(heads: Heads, guides: Guides | None = None, offset_cells: float | None = None) -> Votes:
    """Return the votes for one person in each of N squares: the one nearest the middle, or that of the guide.

    Args:
        heads: "center", "regress", "heatmap" and "offset", float32.
        guides: a guide or None for each square.
        offset_cells: added to the distance by which a score is divided. None is the keypoint's OKS width
            (`oks_widths`) where the guide knows the person's scale, else 1.8, as in Google's graph.

    Returns:
        Votes with positions y, x, 0…1 of the square.

    Raises:
        EngineError: if heads are missing or do not fit together, or guides do not fit the heads.
    """
    check_heads(heads, "center", "regress", "offset")
    guides = check_guides(guides, heads)
    heatmap, grid = heads["heatmap"], np.array(heads["heatmap"].shape[2:], np.float32)
    centers = find_centers(heads["center"], expected_centers(guides, grid))
    expected = apply_guides(regress_keypoints(heads["regress"], centers), guides, grid)
    weighted = weight_by_distance(heatmap, expected, distance_offsets(guides, heatmap, offset_cells))
    cells = argmax_cells(weighted)
    voters = np.clip(cells + _STEPS, 0, np.array(heatmap.shape[2:]) - 1)
    points = add_offsets(heads["offset"], voters) / grid
    picture, keypoint = np.arange(len(heatmap))[:, None], np.arange(heatmap.shape[1])
    weights = weighted[picture, keypoint, voters[..., 0], voters[..., 1]]
    weights *= (voters == cells + _STEPS).all(axis=-1)  # a cell beyond the edge has no vote
    return Votes(
        keypoints=points[len(_STEPS) // 2],
        scores=gather_scores(heatmap, cells),
        points=np.moveaxis(points, 0, 2),
        weights=np.moveaxis(weights, 0, 2),
    )


def distance_offsets(guides: Guides, heatmap: Floats, offset_cells: float | None) -> Floats:
    """Return what is added to the distances in heatmap (N, K, h, w), in cells: (N, K), as `cast_votes` describes."""
    count, keypoints, *grid = heatmap.shape
    if offset_cells is not None:
        return np.full((count, keypoints), offset_cells, np.float32)
    scales = np.array([guide.scale if guide is not None else np.nan for guide in guides])
    widths = oks_widths(scales * max(grid), keypoints)
    return np.where(np.isfinite(widths), widths, DISTANCE_OFFSET_CELLS).astype(np.float32)


def find_modes(
    votes: Sequence[Votes], bandwidths: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the keypoints that the votes of S squares of one person agree on most: positions (K, 2), scores (K,).

    From the position of each square, mean shift with a Gaussian kernel climbs to a mode of all votes; the mode with
    the highest density is the result. The score is the mean of the squares' scores.

    Args:
        votes: of one person (no leading axis), with positions in one unit.
        bandwidths: Shape (K,): standard deviation of the kernel, above 0, in that unit.
    """
    places = np.stack([vote.keypoints for vote in votes]).astype(np.float64)
    points = np.concatenate([vote.points for vote in votes], axis=1)
    weights = np.concatenate([vote.weights for vote in votes], axis=1)
    precision = -0.5 / np.square(bandwidths)[:, None]
    for _ in range(ITERATIONS):
        kernel = _kernel(places, points, weights, precision)
        total = kernel.sum(axis=-1)[..., None]
        mean = (kernel[..., None] * points).sum(axis=-2) / np.maximum(total, np.spacing(0.0))
        places = np.where(total > 0, mean, places)
    density = _kernel(places, points, weights, precision).sum(axis=-1)
    best = density.argmax(axis=0)
    scores = np.asarray(np.mean([vote.scores for vote in votes], axis=0), np.float64)
    return places[best, np.arange(places.shape[1])], scores


def _kernel(
    places: NDArray[np.float64], points: Floats, weights: Floats, precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the votes' weights by their distance to each of S places per keypoint: (S, K, V)."""
    squared = np.square(points - places[:, :, None]).sum(axis=-1)
    return np.asarray(weights * np.exp(squared * precision), np.float64)
