"""Appearance of a person: colour histograms of the torso and of the thighs.

They tell apart people who were near each other a moment ago; they do not re-identify a person on another day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.planar import Picture, PlanarImage
from movenet.pose import KEYPOINTS, Pose

Floats = NDArray[np.float64]

BINS: Final = 4
"""Histogram bins per colour channel; a value between two bin centers counts for both."""
MIN_SCORE: Final = 0.2
"""A body part is visible if the score of each of its corners is at least this."""
BODY_PARTS: Final = tuple(
    tuple(KEYPOINTS.index(name) for name in corners)
    for corners in (
        ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
        ("left_hip", "right_hip", "left_knee", "right_knee"),
    )
)
"""Corner keypoints of torso and thighs: two at the top, two at the bottom."""
SAMPLE_GRID: Final = np.stack(
    np.meshgrid(np.linspace(0.15, 0.85, 8), np.linspace(0.1, 0.9, 10)), axis=-1
).reshape(-1, 2)
"""Shape (80, 2): sample points in a body part, across and down, 0…1."""


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """Colour histograms of a person."""

    histograms: Floats
    """Shape (2, BINS³): of torso and thighs, each with sum 1; NaN where the part is not visible."""

    def distance(self, other: Appearance) -> float:
        """Return the mean Hellinger distance over the parts visible in both, 0…1; NaN if there is none."""
        overlap = np.sqrt(self.histograms * other.histograms).sum(axis=1)
        known = np.isfinite(overlap)
        return float(np.sqrt(np.maximum(1 - overlap[known], 0)).mean()) if known.any() else float("nan")

    def blend(self, other: Appearance, weight: float) -> Appearance:
        """Return self + weight · (other − self), weight 0…1; a part that one does not show is the other's."""
        blended = self.histograms + weight * (other.histograms - self.histograms)
        blended = np.where(np.isnan(self.histograms), other.histograms, blended)
        return Appearance(np.where(np.isnan(other.histograms), self.histograms, blended))


def measure_appearance(image: Picture, pose: Pose) -> Appearance:
    """Return the appearance of a person in `image`, (H, W, 3) uint8 RGB or planes."""
    return Appearance(np.stack([_part_histogram(image, pose, list(part)) for part in BODY_PARTS]))


def _part_histogram(image: Picture, pose: Pose, corners: list[int]) -> Floats:
    unknown = np.full(BINS**3, np.nan)
    if pose.scores[corners].min() < MIN_SCORE:
        return unknown
    top_left, top_right, bottom_left, bottom_right = pose.keypoints[corners].astype(np.float64)
    across, down = SAMPLE_GRID[:, :1], SAMPLE_GRID[:, 1:]
    top = top_left + across * (top_right - top_left)
    bottom = bottom_left + across * (bottom_right - bottom_left)
    columns, rows = np.floor(top + down * (bottom - top)).astype(int).T
    inside = (columns >= 0) & (columns < image.shape[1]) & (rows >= 0) & (rows < image.shape[0])
    if inside.sum() < len(SAMPLE_GRID) / 2:
        return unknown
    rows, columns = rows[inside], columns[inside]
    if isinstance(image, PlanarImage):
        return _histogram(image.pixels(rows, columns))
    return _histogram(image[rows, columns])


def _histogram(pixels: NDArray[np.uint8]) -> Floats:
    """Return the histogram of pixels (n, 3), trilinearly interpolated: shape (BINS³,), with sum 1."""
    position = pixels * ((BINS - 1) / 255)
    low = np.minimum(position.astype(int), BINS - 2)
    high_weight = position - low
    histogram = np.zeros(BINS**3)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(corner, high_weight, 1 - high_weight).prod(axis=1)
        histogram += np.bincount((low + corner) @ (BINS**2, BINS, 1), weight, BINS**3)
    return histogram / len(pixels)
