"""Calm the keypoints of a whole recording at once: nothing is late, outliers go, short holes are filled.

Coordinates are pixels of the picture (x, y), times seconds, scores 0…1. A sample is *seen* where its point and
score are finite, and *sure* where its score also reaches the settings' `min_score`.
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
    """A Butterworth low-pass run forwards and backwards, so nothing is late.

    The cutoff is where both runs together leave 1/√2 of an oscillation (the correction for two passes of
    Winter, "Biomechanics and Motor Control of Human Movement").
    """

    cutoff_hz: float = 5.0
    order: int = 2
    """Of one run; both together have twice this."""

    def __post_init__(self) -> None:
        if not (self.cutoff_hz > 0 and self.order >= 1):
            raise DataError(f"expected a cutoff above zero and an order of at least 1, got {self}")

    def __call__(self, values: Floats, rate_hz: float) -> Floats:
        """Return `values` (n, 2), sampled at `rate_hz`, smoothed; unchanged where the rate is too low."""
        if self.cutoff_hz >= rate_hz / 2:
            return values
        # The correction holds for the analogue filter, hence the tangents of the bilinear transform.
        wide = np.tan(np.pi * self.cutoff_hz / rate_hz) / (np.sqrt(2.0) - 1.0) ** (0.5 / self.order)
        signal = _scipy("signal")
        sections = signal.butter(self.order, rate_hz * np.arctan(wide) / np.pi, fs=rate_hz, output="sos")
        pad = min(len(values) - 1, int(np.ceil(2.0 * rate_hz / self.cutoff_hz)))
        return np.asarray(signal.sosfiltfilt(sections, values, axis=0, padlen=pad))


@dataclass(frozen=True, slots=True)
class SavitzkyGolay:
    """A polynomial fitted to a window around each sample (Savitzky and Golay 1964)."""

    window_s: float = 0.3
    degree: int = 2

    def __post_init__(self) -> None:
        if not (self.window_s > 0 and self.degree >= 0):
            raise DataError(f"expected a window above zero and no negative degree, got {self}")

    def __call__(self, values: Floats, rate_hz: float) -> Floats:
        """Return `values` (n, 2), sampled at `rate_hz`, smoothed; unchanged where the window is short."""
        longest = len(values) - 1 + len(values) % 2
        window = min(2 * round(self.window_s * rate_hz / 2) + 1, longest)
        if window <= self.degree + 1:
            return values
        return np.asarray(_scipy("signal").savgol_filter(values, window, self.degree, axis=0))


@dataclass(frozen=True, slots=True)
class ZeroPhase:
    """Smoothing of a whole recording: no lag, outliers taken out, short holes filled.

    Each joint goes by itself. Unsure samples are dropped where sure ones are near enough to bridge them, then
    samples far from the median around them; the rest is cut at holes longer than `max_gap_s`, and each run is
    brought to an even rate, filtered, and read at the frames' times. Runs of one or two samples stay as is.
    """

    filter: Butterworth | SavitzkyGolay = Butterworth()
    min_score: float = 0.2
    """The score from which a sample is sure."""
    max_gap_s: float = 0.3
    """The longest hole that is bridged."""
    outlier_sigmas: float = 3.0
    """A sample is dropped this many robust standard deviations off the median; inf keeps all."""
    outlier_window_s: float = 0.25
    """Width of that median's window. What lasts for half of it is motion, not an outlier."""

    def __post_init__(self) -> None:
        numbers = (self.min_score, self.max_gap_s, self.outlier_sigmas, self.outlier_window_s)
        if not min(numbers) >= 0:
            raise DataError(f"expected nothing negative, got {self}")

    def smooth(
        self, times_s: ArrayLike, keypoints: ArrayLike, scores: ArrayLike
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Smooth the track of one person.

        Args:
            times_s: Shape (T,), seconds, ascending; the frame rate may vary.
            keypoints: Shape (T, K, 2), x and y in pixels; NaN where a joint is unknown.
            scores: Shape (T, K), 0…1.

        Returns:
            Keypoints (T, K, 2) and scores (T, K), float32. Bridged joints get the interpolated score of their
            neighbours; outliers beyond the end of a run keep their place with score 0; what was not seen and
            not bridged is unchanged.

        Raises:
            DataError: If shapes do not fit or times do not ascend.
            MissingExtraError: If scipy is not installed.
        """
        times, tracks, score = _recording(times_s, keypoints, scores)
        _scipy("signal")
        step_s = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        seen = np.isfinite(tracks).all(axis=2) & np.isfinite(score)
        sure = seen & (score >= self.min_score)
        used = sure | (seen & (_hole_s(times, sure) > self.max_gap_s))
        good = used & ~self._outliers(tracks, used, step_s)
        tracks, score = tracks.copy(), np.where(used & ~good, 0.0, score)
        for k in range(tracks.shape[1]):
            for run in _runs(times, np.flatnonzero(good[:, k]), self.max_gap_s):
                span = slice(run[0], run[-1] + 1)
                score[span, k] = np.interp(times[span], times[run], score[run, k])
                tracks[span, k] = self._smooth_run(times[run], tracks[run, k], times[span], step_s)
        return tracks.astype(np.float32), score.astype(np.float32)

    def _smooth_run(self, times: Floats, points: Floats, at: Floats, step_s: float) -> Floats:
        """Return `points` (n, 2), seen at `times` (n,), smoothed and read at the times `at` (m,): (m, 2)."""
        if len(times) < 3:
            return np.stack([np.interp(at, times, points[:, axis]) for axis in range(2)], axis=1)
        through = _scipy("interpolate").PchipInterpolator
        count = round((times[-1] - times[0]) / step_s) + 1
        even, even_step_s = np.linspace(times[0], times[-1], max(count, 2), retstep=True)
        smooth = self.filter(through(times, points)(even), 1.0 / float(even_step_s))
        return np.asarray(through(even, smooth)(at))

    def _outliers(self, tracks: Floats, used: Mask, step_s: float) -> Mask:
        """Return (T, K): the used samples that stand off (Hampel's identifier, on each coordinate)."""
        half = max(1, round(self.outlier_window_s / step_s / 2))
        floor_px = _LEAST_SIGMA * _person_px(tracks, used)
        found = np.zeros_like(used)
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
            found[rows, k] = (np.abs(points[rows] - median) > self.outlier_sigmas * sigma).any(axis=1)
        return found


_SIGMA_PER_MAD: Final = 1.4826
"""Standard deviation of a normal distribution, in median absolute deviations."""
_LEAST_SIGMA: Final = 0.01
"""In person sizes: what a joint at perfect rest may still move by without being an outlier."""


def _scipy(part: str) -> Any:
    """Return scipy's `part`; only recordings need scipy, so it is an extra."""
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
    """Return the median over frames of the longer edge around the used joints, in px; 0 if there are none."""
    some = used.any(axis=1)
    if not some.any():
        return 0.0
    points = np.where(used[some][:, :, None], tracks[some], np.nan)
    return float(np.median((np.nanmax(points, axis=1) - np.nanmin(points, axis=1)).max(axis=1)))


def _hole_s(times: Floats, sure: Mask) -> Floats:
    """Return (T, K): the seconds between the last and the next sure sample of a joint; inf at the ends."""
    hole = np.empty(sure.shape)
    for k in range(sure.shape[1]):
        edges = np.concatenate([[-np.inf], times[sure[:, k]], [np.inf]])
        after = np.searchsorted(edges, times)
        hole[:, k] = edges[after] - edges[after - 1]
    return hole


def _runs(times: Floats, rows: NDArray[np.intp], max_gap_s: float) -> Iterator[NDArray[np.intp]]:
    """Yield `rows` (indices of frames, ascending) in stretches without a hole longer than `max_gap_s`."""
    cuts = np.flatnonzero(np.diff(times[rows]) > max_gap_s) + 1
    for start, stop in pairwise([0, *cuts, len(rows)]):
        if stop > start:
            yield rows[start:stop]
