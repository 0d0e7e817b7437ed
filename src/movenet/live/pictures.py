"""Decoding of pictures from clients: few formats, and limits checked by the header before decoding."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
