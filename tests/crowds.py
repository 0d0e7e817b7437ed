"""Pictures of a known number of people, composed of pictures of one: each in a cell of their own, mirrored or not."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def compose(person: NDArray[np.uint8], count: int, cell: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture of `count` copies of a person, (H, W, 3) uint8 RGB, in cells (width, height) row by row."""
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    width, height = cell
    crowd = np.full((rows * height, columns * width, 3), 110, np.uint8)
    small = cv2.resize(person, cell, interpolation=cv2.INTER_AREA)
    for i in range(count):
        top, left = i // columns * height, i % columns * width
        crowd[top : top + height, left : left + width] = small[:, ::-1] if i % 2 else small
    return crowd
