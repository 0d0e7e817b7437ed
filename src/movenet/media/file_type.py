"""Type of a media file, detected from its first bytes, never from its name."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Final

from movenet.errors import MediaError


class FileType(Enum):
    """Type of a file's content."""

    PHOTO = "photo"
    """One picture: JPEG, PNG, BMP, WebP, TIFF, GIF, HEIC or AVIF."""
    GIF = "gif"
    """A GIF of several pictures."""
    APNG = "apng"
    """A PNG of several pictures."""
    WEBP = "webp"
    """A WebP of several pictures."""
    MJPEG = "mjpeg"
    """Concatenated JPEG files, as some cameras record."""
    VIDEO = "video"
    """A video in a known container."""
    UNKNOWN = "unknown"
    """Anything else; FFmpeg may be able to read it."""

    @property
    def ffmpeg_format(self) -> str | None:
        """Name of the FFmpeg demuxer to use; None lets FFmpeg detect it."""
        return self.value if self in (FileType.GIF, FileType.APNG, FileType.MJPEG) else None


HEAD_BYTES: Final = 512
"""Bytes from the start of a file that suffice to recognise every format."""
JPEG_SCAN_BYTES: Final = 32 * 2**20
"""Length of a JPEG file's start that is searched for a second picture."""

_MAX_CHUNKS: Final = 4096
"""Maximum number of PNG chunks, JPEG segments or GIF blocks read in search of a second picture."""
_MAX_GIF_SUBBLOCKS: Final = 200_000
"""Maximum number of GIF sub-blocks (255 bytes at most each) skipped per block: 50 MB."""

_JPEG_START: Final = b"\xff\xd8\xff"
PICTURE_FORMATS: Final = ("JPEG", "PNG", "BMP", "WebP", "TIFF", "GIF", "AVIF", "HEIC")
"""The formats of picture files that are read."""
_SIGNATURES: Final = (
    (_JPEG_START, "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""HEIF brands: ISO/IEC 23008-12, B.4; mif1 and msf1 do not state the codec."""
STILL_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif"})
"""Major brands of HEIF (ISO/IEC 23008-12) and AVIF pictures."""
_AUDIO_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P "})
_BIG_TIFF: Final = (b"II+\0", b"MM\0+")
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""Valid sizes of the second header of a BMP."""
_QUICKTIME_ATOMS: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_VIDEO_STARTS: Final = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",  # MPEG video
    b"\x06\x0e\x2b\x34",  # MXF
    b"YUV4MPEG2",
    b"DKIF",  # IVF
    b".RMF",  # RealMedia
)
JPEG_BOUNDARY: Final = b"\xff\xd9" + _JPEG_START
"""End marker of one JPEG and start marker of the next; the bytes may also occur inside one JPEG."""
_JPEG_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Marker that ends the entropy-coded data of a JPEG: neither a stuffed byte, nor a restart, nor padding."""


def file_type(path: Path, jpeg_scan_bytes: int = JPEG_SCAN_BYTES) -> FileType:
    """Detect the type of a file's content; pipes and devices, which can be read only once, are UNKNOWN.

    Args:
        path: The file.
        jpeg_scan_bytes: Length of a JPEG file's start searched for a second picture; 0 makes every JPEG a PHOTO.

    Raises:
        MediaError: It is missing, empty, a folder, or not readable.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            return FileType.UNKNOWN
        with path.open("rb") as file:
            return type_of(file, jpeg_scan_bytes)
    except EOFError:
        raise MediaError(f"{path} is empty: expected a photo or a video, got 0 bytes") from None
    except (OSError, ValueError) as problem:
        raise MediaError(f"cannot read {path}: {getattr(problem, 'strerror', None) or problem}") from problem


def type_of(file: BinaryIO, jpeg_scan_bytes: int = JPEG_SCAN_BYTES) -> FileType:
    """Detect the type of an open file's content from its start.

    Raises:
        EOFError: It is empty.
    """
    head = file.read(HEAD_BYTES)
    if not head:
        raise EOFError
    picture = picture_format(head)
    if picture == "JPEG":
        file.seek(0)
        return FileType.MJPEG if _is_jpeg_sequence(file.read(jpeg_scan_bytes)) else FileType.PHOTO
    if picture == "PNG":
        return FileType.APNG if _is_animated_png(file) else FileType.PHOTO
    if picture == "GIF":
        return FileType.GIF if _is_animated_gif(file) else FileType.PHOTO
    if picture == "WebP":
        return FileType.WEBP if _is_animated_webp(head) else FileType.PHOTO
    return _type_by_head(head, picture)


def _type_by_head(head: bytes, picture: str | None) -> FileType:
    """Detect the formats that the first bytes identify without a search for a second picture."""
    if picture == "TIFF" or head.startswith(_BIG_TIFF) or (picture == "BMP" and _has_bmp_header(head)):
        return FileType.PHOTO
    if head[4:8] == b"ftyp":
        if head[8:12] in _AUDIO_BRANDS:
            return FileType.UNKNOWN
        return FileType.PHOTO if head[8:12] in STILL_BRANDS else FileType.VIDEO
    return FileType.VIDEO if _is_video(head) else FileType.UNKNOWN


def picture_format(head: bytes) -> str | None:
    """Return the format of a picture file, one of `PICTURE_FORMATS`, from its first bytes; None for other files."""
    for signature, picture in _SIGNATURES:
        if head.startswith(signature):
            return picture
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in (b"avif", b"avis") or (brand in (b"mif1", b"msf1") and b"avif" in head[16:64]):
        return "AVIF"
    return "HEIC" if brand in _HEIC_BRANDS else None


def _is_animated_webp(head: bytes) -> bool:
    """Tell whether the chunk VP8X, which must come first, has the flag A (RFC 9649, 2.7.1)."""
    return head[12:16] == b"VP8X" and bool(head[20:21]) and bool(head[20] & 0x02)


def _has_bmp_header(head: bytes) -> bool:
    return int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_video(head: bytes) -> bool:
    if head.startswith(_VIDEO_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return True
    if head[4:8] in _QUICKTIME_ATOMS or (head[:4] == b"OggS" and b"theora" in head[:64]):
        return True
    # MPEG transport streams repeat their sync byte with every packet of 188, on Blu-ray 192 bytes.
    return any(head[at : at + 2 * size + 1 : size] == b"GGG" for at, size in ((0, 188), (4, 192)))


def _is_jpeg_sequence(data: bytes) -> bool:
    """Tell whether a second JPEG follows the first; embedded pictures (MPF) do not count."""
    if JPEG_BOUNDARY not in data:
        return False
    at = 2
    for _ in range(_MAX_CHUNKS):
        marker = data[at + 1 : at + 2]
        if data[at : at + 1] != b"\xff" or not marker:
            return False
        if marker == b"\xd9":
            return data.startswith(_JPEG_START, at + 2)
        if marker == b"\xff":
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        # Multi-Picture Format (CIPA DC-007): gain maps and previews are stored after the photo.
        if marker == b"\xe2" and data.startswith(b"MPF\0", at + 4):
            return False
        at += 2 + size
        if marker == b"\xda":
            found = _JPEG_NEXT_MARKER.search(data, at)
            if found is None:
                return False
            at = found.start()
    return False


def _is_animated_png(file: BinaryIO) -> bool:
    """Tell whether a chunk acTL for several pictures precedes the first IDAT (PNG 3, 11.3.6.1)."""
    at = 8
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        chunk = file.read(12)
        if len(chunk) < 12 or chunk[4:8] == b"IDAT":
            return False
        if chunk[4:8] == b"acTL":
            return int.from_bytes(chunk[8:12], "big") > 1
        at += 12 + int.from_bytes(chunk[:4], "big")
    return False


def _is_animated_gif(file: BinaryIO) -> bool:
    """Tell whether there is a second image descriptor (GIF89a, 20)."""
    file.seek(0)
    header = file.read(13)
    if len(header) < 13:
        return False
    file.seek(_table_bytes(header[10]), 1)
    images = 0
    for _ in range(_MAX_CHUNKS):
        block = file.read(1)
        if block == b"!":
            file.seek(1, 1)
        elif block == b",":
            images += 1
            descriptor = file.read(9)
            if images == 2 or len(descriptor) < 9:
                return len(descriptor) == 9
            file.seek(_table_bytes(descriptor[8]) + 1, 1)
        else:
            return False
        _skip_subblocks(file)
    return False


def _table_bytes(flags: int) -> int:
    """Return the size in bytes of the colour table that the flags of a GIF block announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_subblocks(file: BinaryIO) -> None:
    for _ in range(_MAX_GIF_SUBBLOCKS):
        size = file.read(1)
        if size in (b"", b"\0"):
            return
        file.seek(size[0], 1)
