"""Pictures in and out: photos, videos, cameras and streams."""

from movenet.media.frame import Frame
from movenet.media.photo import (
    MAX_PHOTO_PIXELS,
    PHOTO_SUFFIXES,
    decode_photo,
    find_photos,
    read_photo,
    write_photo,
)

__all__ = [
    "MAX_PHOTO_PIXELS",
    "PHOTO_SUFFIXES",
    "Frame",
    "decode_photo",
    "find_photos",
    "read_photo",
    "write_photo",
]
