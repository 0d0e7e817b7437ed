"""A crop that may be rotated and mirrored, for augmentation, and the mapping of keypoints into it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.crop import MODEL_SHIFT_PX, Crop


@dataclass(frozen=True, slots=True)
class View:
    """A square crop, then rotated about its centre, then mirrored."""

    crop: Crop
    """Its output is as wide as it is high."""
    rotation_rad: float = 0.0
    """Clockwise, in radians."""
    mirrored: bool = False

    @property
    def side(self) -> int:
        """Side of the output square in pixels."""
        return self.crop.out_width

    def at(self, side: int) -> View:
        """Return the same view with an output `side` pixels large."""
        return replace(self, crop=replace(self.crop, out_width=side, out_height=side))

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the view from `image` (H, W, 3) uint8: (side, side, 3) uint8, black outside the image.

        Raises:
            MediaError: if `image` has another shape or type.
        """
        square = self._rotated(image) if self.rotation_rad else self.crop.cut(image)
        return square[:, ::-1] if self.mirrored else square

    def to_output(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map `points` (…, 2) from x, y in pixels of the image to x, y in pixels of the square."""
        middle = self.side / 2
        rotated = (self.crop.to_output(points) - middle) @ _rotation(self.rotation_rad).T + middle
        if self.mirrored:
            rotated[..., 0] = self.side - rotated[..., 0]
        return rotated

    def to_decoded(self, points: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float32]:
        """Map `points` (…, 2) from x, y in pixels of the image to the model's output: y, x in 0…1 of the square.

        `shift_px` is that of `Crop.points_to_image`.
        """
        square = Crop(0, 0, self.side, self.side, self.side, self.side)
        return square.to_decoded(self.to_output(points), shift_px)

    def _rotated(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut a larger square, at the same scale, that contains the rotated one, and rotate it."""
        wide = self._wide_crop()
        # The centre of pixel i is at i + ½ here, and at i in OpenCV.
        back = _rotation(-self.rotation_rad)
        shift = wide.out_width / 2 - 0.5 + back @ np.full(2, 0.5 - self.side / 2)
        matrix = np.column_stack([back, shift])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        rotated = cv2.warpAffine(wide.cut(image), matrix, (self.side, self.side), flags=flags)
        return np.asarray(rotated, np.uint8)

    def _wide_crop(self) -> Crop:
        grown = abs(math.cos(self.rotation_rad)) + abs(math.sin(self.rotation_rad))
        side = math.ceil(self.side * grown) + 1
        crop, factor = self.crop, side / self.side
        left, top = crop.left - (factor - 1) / 2 * crop.width, crop.top - (factor - 1) / 2 * crop.height
        return Crop(left, top, factor * crop.width, factor * crop.height, side, side)


def _rotation(angle_rad: float) -> NDArray[np.float64]:
    """Return the matrix of a clockwise rotation of x, y columns."""
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[cos, -sin], [sin, cos]])
