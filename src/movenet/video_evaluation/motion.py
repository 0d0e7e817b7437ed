"""Metrics of motion: jitter, lag, and the longest time for which a person was lost.

A sequence is an array (T, K, 2) of x, y in pixels, one row per frame, the frames `step_s` seconds apart. NaN marks
keypoints that were not estimated, are not labelled, or do not count; they are left out of every metric. Times are in
seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError

Floats = NDArray[np.float64]


def jitter(estimate: ArrayLike, truth: ArrayLike, size_px: ArrayLike, step_s: float) -> float:
    """Return the RMS acceleration of the error, in person sizes per second squared.

    The error of keypoint k in frame t is e = (estimate - truth) / size of the person in t; its acceleration is a =
    (e[t+1] - 2 e[t] + e[t-1]) / step². The jitter is sqrt(mean |a|²), |a| over both axes, the mean over all keypoints
    and frames of which three in a row are known. A constant or linearly growing offset has no jitter; independent
    noise of standard deviation s px per axis has sqrt(12) · s / size / step². One jump across the picture outweighs
    seconds of noise, so set frames in which the person was not found, and keypoints that would not be shown, to NaN.

    Args:
        estimate: (T, K, 2) px.
        truth: (T, K, 2) px.
        size_px: A number or (T,) px: the longer edge around the person's true keypoints.
        step_s: Seconds from frame to frame.

    Returns:
        The jitter; NaN if no keypoint is known in three frames in a row.

    Raises:
        DataError: If shapes differ.
    """
    guess, real = _check_shapes(estimate, truth)
    error = (guess - real) / np.broadcast_to(np.asarray(size_px, np.float64), len(real))[:, None, None]
    squared = (np.diff(error, n=2, axis=0) ** 2).sum(axis=2) / step_s**4
    known = np.isfinite(squared)
    return float(np.sqrt(squared[known].mean())) if known.any() else float("nan")


def lag_s(estimate: ArrayLike, truth: ArrayLike, step_s: float, longest_s: float = 0.2) -> float:
    """Return the lag of the estimate: the shift at which it correlates best with the truth.

    The correlation of estimate(t) with truth(t - shift) is computed over the same keypoints and frames at every shift
    (those whose truth is known for `longest_s` before and after), around the mean of each coordinate in each interval
    of known truth, and pooled. A parabola through the best shift and its neighbours gives fractions of a frame.

    Args:
        estimate: (T, K, 2) px.
        truth: (T, K, 2) px.
        step_s: Seconds from frame to frame.
        longest_s: The largest lag, to both sides.

    Returns:
        The lag in seconds, negative if the estimate is early; NaN if nothing moves, or if the best shift is at the end
        of the range.

    Raises:
        DataError: If shapes differ.
    """
    guess, real = _check_shapes(estimate, truth)
    reach = max(1, round(longest_s / step_s))
    sums = np.zeros((3, 2 * reach + 1))
    for start, stop in stretches(np.isfinite(real).any(axis=(1, 2))):
        if stop - start > 2 * reach:
            sums += _products(guess[start:stop], real[start:stop], reach)
    if not (sums[1:] > 0).all():
        return float("nan")
    correlation = sums[0] / np.sqrt(sums[1] * sums[2])
    best = int(np.argmax(correlation))
    if best in (0, 2 * reach):
        return float("nan")
    before, peak, after = correlation[best - 1 : best + 2]
    curvature = before - 2 * peak + after
    return (
        float((best - reach + 0.5 * (before - after) / curvature) * step_s) if curvature < 0 else float("nan")
    )


def longest_loss_s(found: ArrayLike, present: ArrayLike, step_s: float) -> float:
    """Return the longest time for which the person is present, (T,) bool, but not found, (T,) bool."""
    lost = np.asarray(present, bool) & ~np.asarray(found, bool)
    return max((stop - start for start, stop in stretches(lost)), default=0) * step_s


def stretches(marked: ArrayLike) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of each interval of true values in `marked` (T,); stop is exclusive."""
    edges = np.flatnonzero(np.diff(np.asarray(marked, bool).astype(np.int8), prepend=0, append=0))
    yield from ((int(start), int(stop)) for start, stop in edges.reshape(-1, 2))


def _check_shapes(estimate: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    guess, real = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    if guess.ndim != 3 or guess.shape != real.shape or guess.shape[2] != 2:
        raise DataError(
            f"expected estimate and truth alike, as (T, K, 2), got {guess.shape} and {real.shape}"
        )
    return guess, real


def _products(guess: Floats, real: Floats, reach: int) -> Floats:
    """Return the sums over one interval of guess·real, guess² and real² at each shift: (3, 2 reach + 1)."""
    core = slice(reach, len(real) - reach)
    # shifted[s] is the truth s - reach frames before the core's frames; shape (shifts, core, K, 2).
    shifted = np.stack([real[reach - s : len(real) - reach - s] for s in range(-reach, reach + 1)])
    known = np.isfinite(guess[core]) & np.isfinite(shifted).all(axis=0)
    count = np.maximum(known.sum(axis=0), 1)
    a = np.where(known, guess[core], 0.0)
    a = np.where(known, a - a.sum(axis=0) / count, 0.0)
    b = np.where(known, shifted, 0.0)
    b = np.where(known, b - b.sum(axis=1, keepdims=True) / count, 0.0)
    over = (1, 2, 3)
    return np.stack([(a * b).sum(axis=over), np.full(len(b), (a * a).sum()), (b * b).sum(axis=over)])
