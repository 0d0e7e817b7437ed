"""Pictures of any size fitted into the frame size of a video."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.planar import PlanarImage


@dataclass(frozen=True, slots=True)
class Canvas:
    """The frame size of a video, in pixels."""

    width: int
    height: int

    def fit(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a (H, W, 3) uint8 picture at the canvas' size.

        A picture of another size is scaled with its aspect ratio kept and centred on black.
        """
        height, width = image.shape[:2]
        if (width, height) == (self.width, self.height):
            return image
        scale = min(self.width / width, self.height / height)
        fit_width, fit_height = max(round(width * scale), 1), max(round(height * scale), 1)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        out = np.zeros((self.height, self.width, 3), np.uint8)
        left, top = (self.width - fit_width) // 2, (self.height - fit_height) // 2
        out[top : top + fit_height, left : left + fit_width] = cv2.resize(
            image, (fit_width, fit_height), interpolation=interpolation
        )
        return out


def pad_planes_to_even(image: PlanarImage) -> PlanarImage:
    """Return planes with even sides, as `pad_to_even` does; chroma needs no padding."""
    height, width = image.y.shape
    if height % 2 or width % 2:
        y = cv2.copyMakeBorder(image.y, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        return replace(image, y=np.asarray(y, np.uint8))
    return image


def pad_to_even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a (H, W, 3) picture with even sides: the last column or row is repeated if a side is odd.

    YUV 4:2:0 stores one colour per 2 × 2 pixels. Coordinates do not change.
    """
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        border = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        return np.asarray(border, np.uint8)
    return image
