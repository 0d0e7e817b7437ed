"""Pictures from clients: decoding, with few formats and limits checked by the header, and one size for a camera."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop
from movenet.errors import MediaError
from movenet.media import decode_photo
from movenet.media.picture_file import check_format

FORMATS: Final = ("JPEG", "WebP", "PNG")
"""Formats that browsers produce. Data from clients reaches no other decoder."""


def decode_picture(data: bytes, max_pixels: int, name: str = "the picture") -> NDArray[np.uint8]:
    """Return the picture in the bytes of a file, upright, as (H, W, 3) uint8 RGB.

    Raises:
        MediaError: Its format is not in `FORMATS`, it has more than `max_pixels` pixels or too many scans (all checked
            before decoding), or it is damaged.
    """
    found = check_format(data, name)
    if found not in FORMATS:
        raise MediaError(f"expected {name} as {', '.join(FORMATS)}, got {found}")
    return decode_photo(data, name, max_pixels)


def stable_size(size: tuple[int, int], before: tuple[int, int] | None) -> tuple[int, int]:
    """Return the size (width, height) at which a camera's picture is tracked, given its size and that of those before.

    Pages send smaller pictures while the network is slow. A tracker takes another size for another camera, so smaller
    pictures of the same shape, but for the rounding of their sides, are tracked at the size of those before.
    """
    if before is None or max(size) > max(before):
        return size
    rounding = (sum(size) + sum(before)) / 2
    return before if abs(size[0] * before[1] - size[1] * before[0]) <= rounding else size


def resize(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) at a size (width, height)."""
    height, width = image.shape[:2]
    return image if (width, height) == size else Crop(0, 0, width, height, *size).cut(image)
