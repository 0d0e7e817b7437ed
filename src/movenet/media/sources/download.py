"""Download of photos from http and https addresses; in its own module because http and ssl take long to import."""

from __future__ import annotations

import io
import time
from http.client import HTTPException, HTTPResponse
from typing import Final
from urllib.error import URLError
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    OpenerDirector,
    Request,
    build_opener,
)

from movenet.errors import MediaError
from movenet.media.file_type import HEAD_BYTES, JPEG_BOUNDARY, FileType, type_of
from movenet.media.location import Address, credentials
from movenet.media.sources.base import LiveSettings
from movenet.media.sources.web_photo import WebPhoto

MAX_BYTES: Final = 64 * 2**20
"""Largest photo in bytes that is downloaded."""
LIMIT_S: Final = LiveSettings().give_up_after_s
"""Default of the longest wait for an answer, in seconds."""
_PART_BYTES: Final = 2**16


def fetch_photo(address: Address, limit_s: float = LIMIT_S) -> WebPhoto | None:
    """Return the photo at an http(s) address; None if it is no photo, or there is no answer within `limit_s` seconds.

    The first bytes decide; the rest is downloaded only for a photo.

    Raises:
        MediaError: The photo is larger than `MAX_BYTES`.
    """
    url, user, password = credentials(address.url)
    try:
        with _opener(url, user, password).open(_request(url), timeout=limit_s) as response:
            data = _read_body(response, str(address), time.monotonic() + limit_s)
    except (URLError, HTTPException, OSError, ValueError):
        return None
    if data is None or type_of(io.BytesIO(data)) is not FileType.PHOTO:
        return None
    return WebPhoto(str(address), data)


def _opener(url: str, user: str, password: str) -> OpenerDirector:
    known = HTTPPasswordMgrWithDefaultRealm()
    if user:
        known.add_password(None, url, user, password)
    return build_opener(HTTPBasicAuthHandler(known), HTTPDigestAuthHandler(known))


def _request(url: str) -> Request:
    return Request(url, headers={"User-Agent": "movenet"})


def _read_body(response: HTTPResponse, name: str, until_s: float) -> bytes | None:
    """Return the body of a response if its first bytes are those of a photo; None for others and for MJPEG."""
    data = bytearray()
    while part := response.read1(_PART_BYTES):
        is_identified = len(data) >= HEAD_BYTES
        data += part
        if not is_identified and (time.monotonic() > until_s or not _may_be_photo(data)):
            return None
        # A camera may send an endless sequence of JPEGs.
        if data.find(JPEG_BOUNDARY, len(data) - len(part) - len(JPEG_BOUNDARY)) >= 0 and _is_sequence(data):
            return None
        if len(data) > MAX_BYTES:
            raise MediaError(f"{name} is too large: expected a photo of at most {MAX_BYTES >> 20} MB")
    return bytes(data) or None


def _may_be_photo(data: bytes | bytearray) -> bool:
    """Tell whether the bytes received so far can be the start of a photo."""
    return len(data) < HEAD_BYTES or type_of(io.BytesIO(data), 0) not in (FileType.VIDEO, FileType.UNKNOWN)


def _is_sequence(data: bytes | bytearray) -> bool:
    return type_of(io.BytesIO(data)) is FileType.MJPEG
