"""Scale: metres per pixel, from the height of the person or from a known length in the picture.

Both hold in the plane in which the length lies, seen square on. Nearer or further away they do not.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from movenet.analysis.track import Track
from movenet.errors import DataError
from movenet.pose import KEYPOINTS

EYES_TO_ANKLES: Final = 0.897
"""From the ankles (0.039 of the stature) to the eyes (0.936): Drillis and Contini 1966, in Winter, "Biomechanics and
Motor Control of Human Movement", figure 4.1."""
MIN_FRAMES: Final = 5
_EYES: Final = [KEYPOINTS.index("left_eye"), KEYPOINTS.index("right_eye")]
_ANKLES: Final = [KEYPOINTS.index("left_ankle"), KEYPOINTS.index("right_ankle")]


def metres_per_pixel(track: Track, height_m: float) -> float:
    """Return the scale from a person's height: the 95th percentile over time of the eyes' height above the ankles.

    The person has to stand upright for some time, seen whole, and at one distance from the camera.

    Raises:
        DataError: the height is not positive, or eyes and ankles are seen in fewer than `MIN_FRAMES` frames.
    """
    if not 0 < height_m < math.inf:
        raise DataError(f"expected a height in metres above 0, got {height_m}")
    points = track.known_keypoints
    upright_px = points[:, _ANKLES, 1].mean(axis=1) - points[:, _EYES, 1].mean(axis=1)
    known = upright_px[np.isfinite(upright_px)]
    if len(known) < min(MIN_FRAMES, len(track)) or not len(known):
        raise DataError(f"expected eyes and ankles in at least {MIN_FRAMES} frames, got {len(known)}")
    tall_px = float(np.percentile(known, 95))
    if tall_px <= 0:
        raise DataError("expected a person who stands upright, got one whose eyes are below the ankles")
    return EYES_TO_ANKLES * height_m / tall_px


def metres_per_pixel_of(length_m: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the scale from a known length between two points (x, y) of the picture in pixels.

    Raises:
        DataError: the length is not positive, or the points are the same.
    """
    length_px = math.dist(start, end)
    if not (0 < length_m < math.inf and 0 < length_px < math.inf):
        raise DataError(
            f"expected a length above 0 between two different points, got {length_m} m, {length_px} px"
        )
    return length_m / length_px
