"""Photos and recordings in the stores of clouds."""

from __future__ import annotations

from movenet.errors import MediaError
from movenet.media.cloud import CloudObject
from movenet.media.container import open_container
from movenet.media.file_type import JPEG_SCAN_BYTES, FileType, type_of
from movenet.media.listing import PHOTO_SUFFIXES
from movenet.media.location import Address
from movenet.media.sources.base import Source, SourceSettings
from movenet.media.sources.pictures import PhotoReader
from movenet.media.sources.recording import Recording
from movenet.media.sources.video_file import VideoReader
from movenet.media.sources.web_photo import WebPhoto


def fetch_object(address: Address) -> WebPhoto | None:
    """Return the photo at the address of an object; None if it is something else, of which only the start is read.

    Raises:
        MediaError: It is missing or empty, or the store does not answer.
        MissingExtraError: pyarrow is missing.
    """
    found = CloudObject(address)
    is_photo = found.suffix in PHOTO_SUFFIXES
    try:
        with found.open() as file:
            # As in a folder: what is called a photo is not searched for a second picture.
            if type_of(file, 0 if is_photo else JPEG_SCAN_BYTES) is not FileType.PHOTO and not is_photo:
                return None
            file.seek(0)
            return WebPhoto(str(address), file.read())
    except EOFError:
        raise MediaError(f"{address} is empty: expected a photo or a video, got 0 bytes") from None


def open_object(address: Address, settings: SourceSettings) -> Source:
    """Open an object as a source of frames; of a recording, only the parts are read that are decoded.

    Raises:
        MediaError: It is missing or damaged, or the store does not answer.
        MissingExtraError: pyarrow is missing.
    """
    photo = fetch_object(address)
    if photo is not None:
        return Recording(PhotoReader(photo.name, photo.read), settings)
    opened = open_container(str(address), file=CloudObject(address).open())
    return Recording(VideoReader(opened, str(address), settings.damage_limit), settings)
