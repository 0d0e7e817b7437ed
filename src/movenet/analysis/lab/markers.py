"""`Markers`: positions in metres over time, as laboratories store them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.track import Track
from movenet.errors import DataError
from movenet.pose import KEYPOINTS


@dataclass(frozen=True, slots=True, eq=False)
class Markers:
    """M markers in T frames at a constant rate. x points to the right of the picture, y up, z to the camera (0).

    Raises:
        DataError: the shapes do not fit.
    """

    names: tuple[str, ...]
    rate_hz: float
    start_s: float
    """Time of the first frame in seconds."""
    positions_m: NDArray[np.float64]
    """Shape (T, M, 3): metres; NaN where unknown."""

    def __post_init__(self) -> None:
        if self.positions_m.shape != (len(self.positions_m), len(self.names), 3) or not self.rate_hz > 0:
            raise DataError(
                f"expected (T, {len(self.names)}, 3) positions at a rate above 0, got "
                f"{self.positions_m.shape} at {self.rate_hz} Hz"
            )

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Shape (T,): seconds."""
        return np.asarray(self.start_s + np.arange(len(self.positions_m)) / self.rate_hz)


def make_markers(track: Track, metres_per_pixel: float) -> Markers:
    """Return the known keypoints of a track as markers, at its frame rate.

    The origin is below the hips in the first frame in which they are known, at the height of the lowest ankle. Frames
    at changing intervals are taken at the times of the constant rate, the nearest of them each.

    Raises:
        DataError: the track has fewer than two frames, or the scale is not positive.
    """
    if len(track) < 2:
        raise DataError(f"expected at least two frames for a frame rate, got {len(track)}")
    if not 0 < metres_per_pixel < np.inf:
        raise DataError(f"expected a scale above 0 metres per pixel, got {metres_per_pixel}")
    span_s = track.times_s[-1] - track.times_s[0]
    times_s = track.times_s[0] + np.arange(round(span_s * track.rate_hz) + 1) / track.rate_hz
    nearest = np.abs(track.times_s[None] - times_s[:, None]).argmin(axis=1)
    points = track.known_keypoints[nearest]
    hips, ankles = points[:, 11:13, 0].mean(axis=1), points[:, 15:17, 1]
    left = hips[np.isfinite(hips)][:1].sum()
    ground = np.nanmax(ankles) if np.isfinite(ankles).any() else 0.0
    positions = np.zeros((*points.shape[:2], 3))
    positions[..., 0] = (points[..., 0] - left) * metres_per_pixel
    positions[..., 1] = (ground - points[..., 1]) * metres_per_pixel
    positions[np.isnan(points[..., 0])] = np.nan
    return Markers(KEYPOINTS, track.rate_hz, float(track.times_s[0]), positions)
