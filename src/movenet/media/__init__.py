"""Reading and writing of photos and videos; reading of cameras and streams."""

from movenet.media.frame import Frame
from movenet.media.listing import PHOTO_SUFFIXES
from movenet.media.photo import MAX_PHOTO_PIXELS, decode_photo, find_photos, read_photo, write_photo
from movenet.media.sources.base import LiveSettings, Source, SourceSettings
from movenet.media.sources.opening import open_source
from movenet.media.writers.base import WriterSettings
from movenet.media.writers.writer import VideoWriter, open_writer

__all__ = [
    "MAX_PHOTO_PIXELS",
    "PHOTO_SUFFIXES",
    "Frame",
    "LiveSettings",
    "Source",
    "SourceSettings",
    "VideoWriter",
    "WriterSettings",
    "decode_photo",
    "find_photos",
    "open_source",
    "open_writer",
    "read_photo",
    "write_photo",
]
