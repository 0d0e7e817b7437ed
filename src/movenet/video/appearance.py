"""What people wear, as far as a few pixels tell: the colours of the torso and of the thighs.

Enough to tell two people apart who were in one place a moment ago; not to know somebody again on another day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.pose import KEYPOINTS, Pose

Floats = NDArray[np.float64]

LEVELS: Final = 4
"""Steps of red, of green and of blue; a colour between two steps counts for both."""
SURE: Final = 0.2
"""A part shows its colours if all its corners score as much."""
PARTS: Final = tuple(
    tuple(KEYPOINTS.index(name) for name in corners)
    for corners in (
        ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
        ("left_hip", "right_hip", "left_knee", "right_knee"),
    )
)
"""Torso and thighs: the corners of each at the top, then at the bottom."""
GRID: Final = np.stack(np.meshgrid(np.linspace(0.15, 0.85, 8), np.linspace(0.1, 0.9, 10)), axis=-1).reshape(
    -1, 2
)
"""Shape (80, 2): where colours are read, across and down a part, 0…1."""


@dataclass(frozen=True, slots=True, eq=False)
class Clothes:
    """The colours of a person."""

    colours: Floats
    """Shape (2, LEVELS³): the share of each colour in the torso and in the thighs; NaN where they are not seen."""

    def unlike(self, other: Clothes) -> float:
        """Return how different the colours are, 0…1: the mean Hellinger distance of the parts both show; else NaN."""
        shared = np.sqrt(self.colours * other.colours).sum(axis=1)
        known = np.isfinite(shared)
        return float(np.sqrt(np.maximum(1 - shared[known], 0)).mean()) if known.any() else float("nan")

    def mixed(self, other: Clothes, share: float) -> Clothes:
        """Return these colours moved towards others' by `share`, 0…1; a part that one does not show is the other's."""
        moved = self.colours + share * (other.colours - self.colours)
        moved = np.where(np.isnan(self.colours), other.colours, moved)
        return Clothes(np.where(np.isnan(other.colours), self.colours, moved))


def read_clothes(image: NDArray[np.uint8], pose: Pose) -> Clothes:
    """Return the colours that a person shows in `image`, (H, W, 3) uint8 RGB."""
    return Clothes(np.stack([_read_part(image, pose, list(part)) for part in PARTS]))


def _read_part(image: NDArray[np.uint8], pose: Pose, corners: list[int]) -> Floats:
    nothing = np.full(LEVELS**3, np.nan)
    if pose.scores[corners].min() < SURE:
        return nothing
    top_left, top_right, bottom_left, bottom_right = pose.keypoints[corners].astype(np.float64)
    across, down = GRID[:, :1], GRID[:, 1:]
    top = top_left + across * (top_right - top_left)
    bottom = bottom_left + across * (bottom_right - bottom_left)
    columns, rows = np.floor(top + down * (bottom - top)).astype(int).T
    inside = (columns >= 0) & (columns < image.shape[1]) & (rows >= 0) & (rows < image.shape[0])
    if inside.sum() < len(GRID) / 2:
        return nothing
    return _shares(image[rows[inside], columns[inside]])


def _shares(pixels: NDArray[np.uint8]) -> Floats:
    """Return how much there is of each of LEVELS³ colours in pixels (n, 3): shape (LEVELS³,), with sum 1."""
    place = pixels * ((LEVELS - 1) / 255)
    low = np.minimum(place.astype(int), LEVELS - 2)
    high_share = place - low
    shares = np.zeros(LEVELS**3)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(corner, high_share, 1 - high_share).prod(axis=1)
        shares += np.bincount((low + corner) @ (LEVELS**2, LEVELS, 1), weight, LEVELS**3)
    return shares / len(pixels)
