"""Zero-phase smoothing of the keypoints of a whole recording: no lag, outliers removed, short gaps filled.

Coordinates are pixels of the picture (x, y), times seconds, scores 0…1. A sample is one keypoint in one frame. It is
*valid* if its point and score are finite, and *confident* if it is valid and its score is at least `min_score`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError, MissingExtraError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Butterworth:
    """A Butterworth low-pass applied forwards and backwards, so without lag.

    The correction for two passes follows Winter, "Biomechanics and Motor Control of Human Movement".
    """

    cutoff_hz: float = 5.0
    """Frequency at which both passes together reduce the amplitude to 1/√2."""
    order: int = 2
    """Order of one pass; both together have twice this."""

    def __post_init__(self) -> None:
        if not (self.cutoff_hz > 0 and self.order >= 1):
            raise DataError(f"expected a cutoff above zero and an order of at least 1, got {self}")

    def __call__(self, values: Floats, rate_hz: float) -> Floats:
        """Smooth `values` (n, 2), sampled at `rate_hz`; unchanged if the cutoff is at least half of the rate."""
        if self.cutoff_hz >= rate_hz / 2:
            return values
        # The correction holds for the analogue filter, hence the tangent (frequency warping of the bilinear transform).
        warped = np.tan(np.pi * self.cutoff_hz / rate_hz) / (np.sqrt(2.0) - 1.0) ** (0.5 / self.order)
        signal = _import_scipy("signal")
        sections = signal.butter(self.order, rate_hz * np.arctan(warped) / np.pi, fs=rate_hz, output="sos")
        pad = min(len(values) - 1, int(np.ceil(2.0 * rate_hz / self.cutoff_hz)))
        return np.asarray(signal.sosfiltfilt(sections, values, axis=0, padlen=pad))


@dataclass(frozen=True, slots=True)
class SavitzkyGolay:
    """A polynomial fitted to a window around each sample (Savitzky and Golay 1964)."""

    window_s: float = 0.3
    """Length of the window in seconds."""
    degree: int = 2
    """Degree of the polynomial."""

    def __post_init__(self) -> None:
        if not (self.window_s > 0 and self.degree >= 0):
            raise DataError(f"expected a window above zero and no negative degree, got {self}")

    def __call__(self, values: Floats, rate_hz: float) -> Floats:
        """Smooth `values` (n, 2), sampled at `rate_hz`; unchanged if the window has too few samples for the degree."""
        longest = len(values) - 1 + len(values) % 2
        window = min(2 * round(self.window_s * rate_hz / 2) + 1, longest)
        if window <= self.degree + 1:
            return values
        return np.asarray(_import_scipy("signal").savgol_filter(values, window, self.degree, axis=0))


@dataclass(frozen=True, slots=True)
class ZeroPhase:
    """Smoothing of a whole recording, each keypoint by itself.

    1. Drop unconfident samples in gaps of at most `max_gap_s` between confident ones.
    2. Drop outliers: samples far from the median of the samples around them.
    3. Split at gaps longer than `max_gap_s`. Resample each run at an even rate, filter it, and interpolate the result
       at the times of the frames, which fills shorter gaps. Runs of one or two samples are not filtered.
    """

    filter: Butterworth | SavitzkyGolay = Butterworth()
    """The low-pass filter of step 3."""
    min_score: float = 0.2
    """Minimum score of a confident sample."""
    max_gap_s: float = 0.3
    """Longest gap that is filled, in seconds."""
    outlier_sigmas: float = 3.0
    """A sample farther from the median than this many robust standard deviations is an outlier; inf keeps all."""
    outlier_window_s: float = 0.25
    """Window of that median in seconds. A change that lasts for half of it is motion, not an outlier."""

    def __post_init__(self) -> None:
        numbers = (self.min_score, self.max_gap_s, self.outlier_sigmas, self.outlier_window_s)
        if not min(numbers) >= 0:
            raise DataError(f"expected no negative number, got {self}")

    def smooth(
        self, times_s: ArrayLike, keypoints: ArrayLike, scores: ArrayLike
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Smooth the track of one person.

        Args:
            times_s: shape (T,), seconds, ascending; the frame rate may vary.
            keypoints: shape (T, K, 2), x and y in pixels; NaN where a keypoint is unknown.
            scores: shape (T, K), 0…1.

        Returns:
            Keypoints (T, K, 2) and scores (T, K), float32. Samples in filled gaps get interpolated scores; outliers
            outside all runs keep their position and get score 0; invalid samples outside all runs are unchanged.

        Raises:
            DataError: if shapes do not fit or times do not ascend.
            MissingExtraError: if scipy is not installed.
        """
        times, tracks, score = _recording(times_s, keypoints, scores)
        _import_scipy("signal")
        step_s = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        valid = np.isfinite(tracks).all(axis=2) & np.isfinite(score)
        confident = valid & (score >= self.min_score)
        used = confident | (valid & (_gap_s(times, confident) > self.max_gap_s))
        kept = used & ~self._outliers(tracks, used, step_s)
        tracks, score = tracks.copy(), np.where(used & ~kept, 0.0, score)
        for k in range(tracks.shape[1]):
            for run in _runs(times, np.flatnonzero(kept[:, k]), self.max_gap_s):
                span = slice(run[0], run[-1] + 1)
                score[span, k] = np.interp(times[span], times[run], score[run, k])
                tracks[span, k] = self._smooth_run(times[run], tracks[run, k], times[span], step_s)
        return tracks.astype(np.float32), score.astype(np.float32)

    def _smooth_run(self, times: Floats, points: Floats, at: Floats, step_s: float) -> Floats:
        """Smooth `points` (n, 2) of the times `times` (n,) and interpolate them at the times `at` (m,): (m, 2)."""
        if len(times) < 3:
            return np.stack([np.interp(at, times, points[:, axis]) for axis in range(2)], axis=1)
        interpolator = _import_scipy("interpolate").PchipInterpolator
        count = round((times[-1] - times[0]) / step_s) + 1
        even_times, even_step_s = np.linspace(times[0], times[-1], max(count, 2), retstep=True)
        smooth = self.filter(interpolator(times, points)(even_times), 1.0 / float(even_step_s))
        return np.asarray(interpolator(even_times, smooth)(at))

    def _outliers(self, tracks: Floats, used: Mask, step_s: float) -> Mask:
        """Return (T, K): the used samples that are outliers in x or y (Hampel identifier)."""
        half = max(1, round(self.outlier_window_s / step_s / 2))
        floor_px = _MIN_SIGMA * _person_px(tracks, used)
        outliers = np.zeros_like(used)
        for k in range(tracks.shape[1]):
            rows = np.flatnonzero(used[:, k])
            if not rows.size:
                continue
            points = np.where(used[:, k, None], tracks[:, k], np.nan)
            padded = np.pad(points, ((half, half), (0, 0)), constant_values=np.nan)
            windows = sliding_window_view(padded, 2 * half + 1, axis=0)[rows]
            median = np.nanmedian(windows, axis=2)
            spread = np.nanmedian(np.abs(windows - median[:, :, None]), axis=2)
            sigma = np.maximum(_SIGMA_PER_MAD * spread, floor_px)
            outliers[rows, k] = (np.abs(points[rows] - median) > self.outlier_sigmas * sigma).any(axis=1)
        return outliers


_SIGMA_PER_MAD: Final = 1.4826
"""Standard deviation / median absolute deviation of a normal distribution."""
_MIN_SIGMA: Final = 0.01
"""Least standard deviation, as a share of the person's size: small motion after rest is no outlier."""


def _import_scipy(part: str) -> Any:
    """Import a submodule of scipy, which is an optional dependency (extra `smooth`)."""
    try:
        return import_module(f"scipy.{part}")
    except ImportError as error:
        raise MissingExtraError("scipy", "smooth", "Smoothing a whole recording") from error


def _recording(times_s: ArrayLike, keypoints: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats, Floats]:
    times, tracks, score = (np.asarray(a, np.float64) for a in (times_s, keypoints, scores))
    if tracks.ndim != 3 or tracks.shape != (*score.shape, 2) or times.shape != tracks.shape[:1]:
        raise DataError(
            "expected times (T,), keypoints (T, K, 2) and scores (T, K), "
            f"got {times.shape}, {tracks.shape} and {score.shape}"
        )
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise DataError("expected times that ascend: sort the frames and drop repeated ones")
    return times, tracks, score


def _person_px(tracks: Floats, used: Mask) -> float:
    """Return the person's size in pixels: the median over frames of the longer side around used samples, or 0."""
    present = used.any(axis=1)
    if not present.any():
        return 0.0
    points = np.where(used[present][:, :, None], tracks[present], np.nan)
    return float(np.median((np.nanmax(points, axis=1) - np.nanmin(points, axis=1)).max(axis=1)))


def _gap_s(times: Floats, confident: Mask) -> Floats:
    """Return (T, K): seconds between the last and the next confident sample of a keypoint; inf at the ends."""
    gap_s = np.empty(confident.shape)
    for k in range(confident.shape[1]):
        edges = np.concatenate([[-np.inf], times[confident[:, k]], [np.inf]])
        after = np.searchsorted(edges, times)
        gap_s[:, k] = edges[after] - edges[after - 1]
    return gap_s


def _runs(times: Floats, rows: NDArray[np.intp], max_gap_s: float) -> Iterator[NDArray[np.intp]]:
    """Split `rows`, ascending indices of frames, at gaps longer than `max_gap_s` seconds."""
    cuts = np.flatnonzero(np.diff(times[rows]) > max_gap_s) + 1
    for start, stop in pairwise([0, *cuts, len(rows)]):
        if stop > start:
            yield rows[start:stop]
