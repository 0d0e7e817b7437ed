"""Comparison of two sequences of poses: dynamic time warping in a band, and the best offset in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.comparison import Floats, mirrored, prepare, similarities
from movenet.analysis.definitions import JOINT_ANGLES
from movenet.analysis.dtw import align_with_dtaidistance
from movenet.analysis.track import Track
from movenet.errors import DataError

Aligner = Literal["band", "dtaidistance"]
"""What aligns two sequences in time."""
MAX_RATE_HZ: Final = 15.0
"""Sequences of a higher frame rate are thinned out for the alignment."""
BAND: Final = 0.2
"""Half width of the band around the straight path, relative to the longer sequence (Sakoe and Chiba 1978)."""
MIN_OVERLAP: Final = 0.5
"""Offsets at which less of the shorter sequence overlaps are not considered."""
UNKNOWN_COST: Final = 1.0
"""Cost of frames that cannot be compared: that of no similarity."""
STATIC_WEIGHT: Final = 0.1
"""Weight of a frame in which the reference does not move, relative to one of its fastest frames."""


@dataclass(frozen=True, slots=True, eq=False)
class SequenceComparison:
    """How alike two sequences are, whatever their tempo, position and size."""

    similarity: float
    """0…1: mean similarity of the poses along the best alignment in time, weighted by how fast the reference moves, so
    that standing still in both makes no likeness. NaN if nothing can be compared."""
    mirrored: bool
    """Whether the first sequence is more like the reference as in a mirror."""
    offset_s: float
    """Time in the first sequence minus time in the reference, at the same tempo, at which they agree best."""
    offset_similarity: float
    """Mean similarity at this offset without warping."""
    path_s: NDArray[np.float64]
    """Shape (P, 2): pairs of times (first, reference) of the alignment."""
    path_similarity: NDArray[np.float64]
    """Shape (P,): similarity of each pair; NaN where unknown."""
    difference_deg: dict[str, float]
    """Mean absolute difference of each joint's angle along the path, in degrees; NaN if unknown."""


def compare_sequences(
    track: Track, reference: Track, *, mirror: bool | None = None, aligner: Aligner = "band"
) -> SequenceComparison:
    """Align two sequences in time and compare them.

    Args:
        track: the sequence to judge.
        reference: the sequence to be like.
        mirror: whether to compare the mirrored sequence; None takes what is more similar.
        aligner: "band" aligns by the similarity of the poses (`warp`); "dtaidistance" by the distances of their
            normalised keypoints, with that package (extra `dtw`).

    Raises:
        DataError: one of them has no frame with a pose, or the aligner is unknown.
        MissingExtraError: dtaidistance is asked for and missing.
    """
    if aligner not in get_args(Aligner):
        raise DataError(f"expected an aligner of {', '.join(get_args(Aligner))}, got {aligner!r}")
    for name, one in (("first", track), ("reference", reference)):
        if not one.found.any():
            raise DataError(f"expected a person in both sequences, got none in the {name} one")
    options = (False, True) if mirror is None else (mirror,)
    found = [_compare(track, reference, aligner, is_mirrored=turn) for turn in options]
    return max(found, key=lambda one: -1.0 if math.isnan(one.similarity) else one.similarity)


def _compare(track: Track, reference: Track, aligner: Aligner, *, is_mirrored: bool) -> SequenceComparison:
    track = mirrored(track) if is_mirrored else track
    offset_s, offset_similarity = best_offset(track, reference)
    one, other = thin_out(track), thin_out(reference)
    alike = _similarity_matrix(one, other)
    if aligner == "band":
        path = warp(np.where(np.isfinite(alike), 1.0 - alike, UNKNOWN_COST))
    else:
        path = align_with_dtaidistance(one, other, math.floor(BAND * min(alike.shape)))
    along = alike[path[:, 0], path[:, 1]]
    angles = [np.abs(one.angle(name)[path[:, 0]] - other.angle(name)[path[:, 1]]) for name in JOINT_ANGLES]
    return SequenceComparison(
        similarity=_weighted_mean(along, _speeds(other)[path[:, 1]] + _speeds(one)[path[:, 0]]),
        mirrored=is_mirrored,
        offset_s=offset_s,
        offset_similarity=offset_similarity,
        path_s=np.stack([one.times_s[path[:, 0]], other.times_s[path[:, 1]]], axis=1),
        path_similarity=along,
        difference_deg={
            name: float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
            for name, values in zip(JOINT_ANGLES, angles, strict=True)
        },
    )


def thin_out(track: Track) -> Track:
    """Return every n-th frame, so that there are at most `MAX_RATE_HZ` per second."""
    step = max(1, math.ceil(track.rate_hz / MAX_RATE_HZ)) if len(track) > 1 else 1
    return Track(track.id, track.times_s[::step], track.keypoints[::step], track.right[::step])


def _similarity_matrix(track: Track, reference: Track) -> Floats:
    """Return the similarities (N, M) inside the band, NaN outside, some rows at a time."""
    points, certain = prepare(track)
    others = prepare(reference)
    alike = np.full((len(track), len(reference)), np.nan)
    first, last = _band(*alike.shape)
    for start in range(0, len(track), 32):
        rows = slice(start, start + 32)
        low, high = int(first[rows].min()), int(last[rows].max())
        columns = (others[0][low:high], others[1][low:high])
        alike[rows, low:high] = similarities((points[rows], certain[rows]), columns)
    return alike


def _band(rows: int, columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first column of the band and the one after its last, for each row."""
    middle = np.linspace(0, columns - 1, rows)
    half = max(BAND * columns, columns / rows, 2.0)
    first = np.maximum(np.floor(middle - half), 0).astype(np.intp)
    return first, np.minimum(np.ceil(middle + half) + 1, columns).astype(np.intp)


def warp(costs: Floats) -> NDArray[np.intp]:
    """Return the path (P, 2) of least total cost from the first to the last pair, inside the band.

    Steps go one frame on in either or both sequences; each pair's cost is divided by the number of steps so that
    long paths have no advantage: diagonal steps cost twice (Sakoe and Chiba's symmetric form).

    Args:
        costs: Shape (N, M), not negative and finite.
    """
    rows, columns = costs.shape
    first, last = _band(rows, columns)
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(rows):
        low, high = int(first[i]), int(last[i])
        row = costs[i, low:high]
        best = np.minimum(total[i, low:high] + 2 * row, total[i, low + 1 : high + 1] + row)
        # The step along the row depends on its own result: a running minimum of cumulated sums.
        ahead = np.cumsum(row)
        total[i + 1, low + 1 : high + 1] = np.minimum.accumulate(best - ahead) + ahead
    return _trace_back(total, costs)


def _trace_back(total: Floats, costs: Floats) -> NDArray[np.intp]:
    i, j = costs.shape[0] - 1, costs.shape[1] - 1
    path = [(i, j)]
    while i or j:
        cost = costs[i, j]
        choices = (total[i, j] + 2 * cost, total[i, j + 1] + cost, total[i + 1, j] + cost)
        step = int(np.argmin(choices))
        i, j = i - (step != 2), j - (step != 1)
        path.append((i, j))
    return np.array(path[::-1], np.intp)


def best_offset(track: Track, reference: Track) -> tuple[float, float]:
    """Return the offset in seconds at which two sequences of one tempo agree best, and the similarity there.

    The frames of the reference are taken at the times of the track's frames, so the offset is found to one frame.
    """
    step_s = 1 / track.rate_hz if len(track) > 1 else 1.0
    times_s = np.arange(reference.times_s[0], reference.times_s[-1] + step_s / 2, step_s)
    nearest = np.abs(reference.times_s[None] - times_s[:, None]).argmin(axis=1)
    points, certain = prepare(reference)
    alike = np.concatenate(
        [
            similarities((points_of, certain_of), (points[nearest], certain[nearest]))
            for points_of, certain_of in _chunks(prepare(track))
        ]
    )
    shorter = min(alike.shape)
    lags = range(-alike.shape[0] + 1, alike.shape[1])
    means = {lag: _mean_at(alike, lag, MIN_OVERLAP * shorter) for lag in lags}
    best = max(means, key=lambda lag: (means[lag], -abs(lag)))
    return float(track.times_s[0] - times_s[0] - best * step_s), means[best]


def _chunks(prepared: tuple[NDArray[np.complex128], Floats]) -> list[tuple[NDArray[np.complex128], Floats]]:
    points, certain = prepared
    return [(points[i : i + 32], certain[i : i + 32]) for i in range(0, len(points), 32)]


def _mean_at(alike: Floats, lag: int, least: float) -> float:
    diagonal = np.diagonal(alike, lag)
    known = diagonal[np.isfinite(diagonal)]
    return float(known.mean()) if len(known) >= max(least, 1) else -math.inf


def _speeds(track: Track) -> Floats:
    """Return how fast the body moves in each frame relative to the track's fast frames, `STATIC_WEIGHT`…1, (T,)."""
    points = track.known_keypoints
    if len(track) < 3 or not math.isfinite(track.torso_px):
        return np.ones(len(track))
    moves = np.abs(np.gradient(points, axis=0)).sum(axis=2)
    known = np.isfinite(moves)
    mean = np.where(known, moves, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    fast = max(float(np.percentile(mean, 90)), 1e-9)
    return np.asarray(np.clip(mean / fast, STATIC_WEIGHT, 1.0))


def _weighted_mean(values: Floats, weights: Floats) -> float:
    known = np.isfinite(values)
    return float(np.average(values[known], weights=weights[known])) if known.any() else math.nan
