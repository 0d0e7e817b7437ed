"""Pictures from strangers: of few kinds, and refused by their headers before anything is decoded."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError
from movenet.media import decode_photo
from movenet.media.picture_file import kind_of

KINDS: Final = ("JPEG", "WebP", "PNG")
"""What browsers make of a picture; decoders for the rest are not shown to strangers."""


def decode_picture(data: bytes, max_pixels: int, name: str = "the picture") -> NDArray[np.uint8]:
    """Return the picture whose file's bytes are `data`, upright, as (H, W, 3) uint8 RGB.

    Raises:
        MediaError: It is of no kind out of `KINDS`, has more than `max_pixels` pixels or too many scans (all told
            before anything is decoded), or is damaged.
    """
    kind = kind_of(data, name)
    if kind not in KINDS:
        raise MediaError(f"expected {name} as {', '.join(KINDS)}, got {kind}")
    return decode_photo(data, name, max_pixels)
