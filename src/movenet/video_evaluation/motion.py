"""How well a track follows the truth over time: jitter, lag, and how long a person stays lost.

A track is an array (T, K, 2) of x, y in pixels, one row for each frame, the frames `step_s` seconds apart.
NaN stands where nothing was estimated, or where the truth is unlabelled or not to be counted; such joints of
such frames drop out of every measure. Lags and times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError

Floats = NDArray[np.float64]


def jitter(estimate: ArrayLike, truth: ArrayLike, size_px: ArrayLike, step_s: float) -> float:
    """Return the RMS acceleration of the error, in person sizes per second squared.

    The error of joint k in frame t is e = (estimate - truth) / size of the person in t; its acceleration is
    a = (e[t+1] - 2 e[t] + e[t-1]) / step². The answer is sqrt(mean |a|²), |a| over both axes, the mean over
    all joints and frames of which three in a row are known. A constant or steadily growing offset is no
    jitter; noise of standard deviation s px per axis, fresh in each frame, is sqrt(12) · s / size / step².
    One jump across the picture outweighs seconds of trembling: leave out (NaN) frames in which the person was
    not found, and joints that would not be shown.

    Args:
        estimate: (T, K, 2) px.
        truth: (T, K, 2) px.
        size_px: A number or (T,): the longer edge around the person's true keypoints.
        step_s: Seconds from frame to frame.

    Returns:
        The jitter; NaN if nowhere three frames in a row are known.

    Raises:
        DataError: If shapes differ.
    """
    guess, real = _tracks(estimate, truth)
    error = (guess - real) / np.broadcast_to(np.asarray(size_px, np.float64), len(real))[:, None, None]
    squared = (np.diff(error, n=2, axis=0) ** 2).sum(axis=2) / step_s**4
    known = np.isfinite(squared)
    return float(np.sqrt(squared[known].mean())) if known.any() else float("nan")


def lag_s(estimate: ArrayLike, truth: ArrayLike, step_s: float, longest_s: float = 0.2) -> float:
    """Return by how many seconds the estimate is late: the shift at which it correlates best with the truth.

    The correlation of estimate(t) with truth(t - shift) is taken over the same joints and frames at every
    shift (those whose truth is known for `longest_s` on both sides), around the mean of each coordinate in
    each uninterrupted stretch of the truth, pooled; a parabola through the best shift and its neighbours
    gives fractions of a frame.

    Args:
        estimate: (T, K, 2) px.
        truth: (T, K, 2) px.
        step_s: Seconds from frame to frame.
        longest_s: How far to look to both sides.

    Returns:
        The lag, negative if the estimate runs ahead; NaN if nothing moves, or if the best shift is at the end
        of the range.

    Raises:
        DataError: If shapes differ.
    """
    guess, real = _tracks(estimate, truth)
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


def times_to_find_s(found: ArrayLike, present: ArrayLike, step_s: float) -> list[float]:
    """Return, for each time the person comes in, the seconds until they are first found.

    Args:
        found: (T,) bool: whether the frame's estimate is the person.
        present: (T,) bool: whether the person is to be seen in the frame.
        step_s: Seconds from frame to frame.

    Returns:
        One number per uninterrupted stretch of presence: 0 if found in its first frame, inf if never.
    """
    hit, there = np.asarray(found, bool), np.asarray(present, bool)
    waits = []
    for start, stop in stretches(there):
        hits = np.flatnonzero(hit[start:stop])
        waits.append(float(hits[0]) * step_s if len(hits) else float("inf"))
    return waits


def longest_loss_s(found: ArrayLike, present: ArrayLike, step_s: float) -> float:
    """Return the longest time for which the person is to be seen (`present`, (T,)) but not `found` (T,)."""
    lost = np.asarray(present, bool) & ~np.asarray(found, bool)
    return max((stop - start for start, stop in stretches(lost)), default=0) * step_s


def stretches(marked: ArrayLike) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of each uninterrupted stretch of true in `marked` (T,); stop is exclusive."""
    edges = np.flatnonzero(np.diff(np.asarray(marked, bool).astype(np.int8), prepend=0, append=0))
    yield from ((int(start), int(stop)) for start, stop in edges.reshape(-1, 2))


def _tracks(estimate: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    guess, real = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    if guess.ndim != 3 or guess.shape != real.shape or guess.shape[2] != 2:
        raise DataError(f"expected estimate and truth as (T, K, 2) alike, got {guess.shape} and {real.shape}")
    return guess, real


def _products(guess: Floats, real: Floats, reach: int) -> Floats:
    """Return the sums over one stretch of guess·real, guess² and real² at each shift: (3, 2 reach + 1)."""
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
