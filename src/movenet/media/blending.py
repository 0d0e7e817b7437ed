"""Transparent pixels blended over white."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

STRIP_PIXELS: Final = 262_144
"""Pixels blended over white at a time; at least one row."""


def blend_over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blend a (H, W, 4) uint8 RGBA picture over white; return (H, W, 3) RGB."""
    rgb = np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), np.uint8)
    if rgba[..., 3].min() < 255:
        # In strips: 16-bit copies of the whole picture would need several times its memory.
        rows = max(STRIP_PIXELS // rgba.shape[1], 1)
        for top in range(0, len(rgba), rows):
            strip = rgb[top : top + rows]
            alpha = rgba[top : top + rows, :, 3:].astype(np.uint16)
            strip[:] = (strip * alpha + 255 * (255 - alpha) + 127) // 255
    return rgb
