"""Boxes of people that are given instead of detected."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError

MAX_COORDINATE_PX: Final = 1e9
"""Largest absolute number in a box, in pixels."""


def check_boxes(boxes: ArrayLike) -> NDArray[np.float64]:
    """Return boxes as an array of shape (n, 4): x, y, width, height in pixels of the picture.

    Raises:
        DataError: if the shape is wrong, a number is not finite or beyond ± `MAX_COORDINATE_PX`, or a width or height
            is not above 0 (often because the boxes are corners x, y, x, y).
    """
    try:
        array = np.asarray(boxes, np.float64)
    except (TypeError, ValueError):
        raise DataError(f"expected boxes as numbers, got {type(boxes).__name__}") from None
    if not array.size:
        return np.zeros((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise DataError(f"expected boxes of shape (n, 4): x, y, width, height, got shape {array.shape}")
    bad = ~(np.abs(array) <= MAX_COORDINATE_PX).all(axis=1) | (array[:, 2:] <= 0).any(axis=1)
    if bad.any():
        number = int(bad.argmax())
        raise DataError(
            f"expected boxes as finite x, y, width, height (up to {MAX_COORDINATE_PX:.0e} px) with a width and height "
            f"above 0, got {array[number].tolist()} as box {number}"
        )
    return array


def from_corners(corners: ArrayLike) -> NDArray[np.float64]:
    """Return boxes, shape (n, 4): x, y, width, height, from corners (n, 4): left, top, right, bottom.

    Many detectors give corners: `detections.xyxy` of supervision, `boxes.xyxy` of others.

    Raises:
        DataError: if the shape is wrong, a number is not finite or too large, or right ≤ left or bottom ≤ top.
    """
    array = np.array(corners, np.float64)
    if array.ndim == 2 and array.shape[1] == 4:
        with np.errstate(over="ignore", invalid="ignore"):  # check_boxes refuses what is not finite
            array[:, 2:] -= array[:, :2]
    return check_boxes(array)
