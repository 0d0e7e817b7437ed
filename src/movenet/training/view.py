"""A crop that may also be turned and mirrored: how training shows a person, and where the keypoints then are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.crop import MODEL_SHIFT_PX, Crop


@dataclass(frozen=True, slots=True)
class View:
    """A square crop, then turned around its middle, then mirrored."""

    crop: Crop
    """With an output as wide as high."""
    turn_rad: float = 0.0
    """Clockwise as seen, since y points down."""
    mirrored: bool = False

    @property
    def side(self) -> int:
        """Of the square, in pixels."""
        return self.crop.out_width

    def at(self, side: int) -> View:
        """Return the same view drawn `side` pixels large."""
        return replace(self, crop=replace(self.crop, out_width=side, out_height=side))

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Draw the view of `image` (H, W, 3) uint8: (side, side, 3) uint8; outside the picture it is black.

        Raises:
            MediaError: If `image` is no picture.
        """
        square = self._turned(image) if self.turn_rad else self.crop.cut(image)
        return square[:, ::-1] if self.mirrored else square

    def to_output(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return where `points` (…, 2) of the source lie in the square: x, y in pixels, in and out."""
        middle = self.side / 2
        placed = (self.crop.to_output(points) - middle) @ _turn(self.turn_rad).T + middle
        if self.mirrored:
            placed[..., 0] = self.side - placed[..., 0]
        return placed

    def to_decoded(self, points: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float32]:
        """Return `points` (…, 2) of the source as the model should answer them: y, x in 0…1 of the square.

        `shift_px` as in `Crop.points_to_image`.
        """
        square = Crop(0, 0, self.side, self.side, self.side, self.side)
        return square.to_decoded(self.to_output(points), shift_px)

    def _turned(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut, at the same scale, a square so large that the turned one fits in, and turn that."""
        wide = self._wide_crop()
        # Here pixel i has its centre at i + ½, for OpenCV at i.
        back = _turn(-self.turn_rad)
        shift = wide.out_width / 2 - 0.5 + back @ np.full(2, 0.5 - self.side / 2)
        matrix = np.column_stack([back, shift])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        turned = cv2.warpAffine(wide.cut(image), matrix, (self.side, self.side), flags=flags)
        return np.asarray(turned, np.uint8)

    def _wide_crop(self) -> Crop:
        grown = abs(math.cos(self.turn_rad)) + abs(math.sin(self.turn_rad))
        side = math.ceil(self.side * grown) + 1
        crop, factor = self.crop, side / self.side
        left, top = crop.left - (factor - 1) / 2 * crop.width, crop.top - (factor - 1) / 2 * crop.height
        return Crop(left, top, factor * crop.width, factor * crop.height, side, side)


def _turn(angle_rad: float) -> NDArray[np.float64]:
    """Return the matrix that turns x, y columns clockwise as seen."""
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[cos, -sin], [sin, cos]])
