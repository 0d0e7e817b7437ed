"""Pictures from strangers: their headers are believed only as far as to refuse them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError
from movenet.media.header import read_header
from movenet.media.photo import decode_photo

KINDS: Final = ("JPEG", "WebP", "PNG")
"""What browsers make of a picture; decoders for the rest are not shown to strangers."""
MAX_SCANS: Final = 32
"""Of a JPEG: cameras write 1, progressive files about 10, bombs thousands, each as dear as a whole picture."""

_SCAN: Final = b"\xff\xda"


def decode_picture(data: bytes, max_pixels: int, name: str = "the picture") -> NDArray[np.uint8]:
    """Return the picture whose file's bytes are `data`, upright, as (H, W, 3) uint8 RGB.

    Raises:
        MediaError: It is of no kind out of `KINDS`, has more than `max_pixels` pixels or too many scans (all told
            before anything is decoded), or is damaged.
    """
    header = read_header(data, name)
    if header.kind not in KINDS:
        raise MediaError(f"expected {name} as {', '.join(KINDS)}, got {header.kind}")
    if header.width * header.height > max_pixels:
        raise MediaError(
            f"expected {name} of at most {max_pixels} pixels, got {header.width} x {header.height}: make it smaller"
        )
    # Inside compressed data a zero follows every FF, so this finds markers, and those of an embedded thumbnail.
    if header.kind == "JPEG" and data.count(_SCAN) > MAX_SCANS:
        raise MediaError(f"expected {name} in at most {MAX_SCANS} scans, got {data.count(_SCAN)}")
    return decode_photo(data, name)
