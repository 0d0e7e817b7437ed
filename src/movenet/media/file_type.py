"""What a file holds, told from its first bytes and never from its name."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Final

from movenet.errors import MediaError


class FileType(Enum):
    """What is in a file; the value of an animation is the name of FFmpeg's reader for it."""

    PHOTO = "photo"
    """One picture: JPEG, PNG, BMP, WebP, TIFF, GIF, HEIC or AVIF."""
    GIF = "gif"
    """A GIF of several pictures."""
    APNG = "apng"
    """A PNG of several pictures."""
    WEBP = "webp"
    """A WebP of several pictures."""
    MJPEG = "mjpeg"
    """JPEG files one after the other, as some cameras record."""
    VIDEO = "video"
    """A video in a known container."""
    UNKNOWN = "unknown"
    """Anything else; FFmpeg may know it."""

    @property
    def ffmpeg_format(self) -> str | None:
        """FFmpeg's name of the format; None where FFmpeg finds it out better itself."""
        return self.value if self in (FileType.GIF, FileType.APNG, FileType.MJPEG) else None


HEAD_BYTES: Final = 512
"""Enough to recognise every format."""
JPEG_SCAN_BYTES: Final = 32 * 2**20
"""How far into a JPEG file a second picture is looked for."""

_MAX_CHUNKS: Final = 4096
"""Chunks of a PNG, segments of a JPEG or blocks of a GIF that are passed on the way to a second picture."""
_MAX_GIF_SUBBLOCKS: Final = 200_000
"""Parts of at most 255 bytes that are passed in a GIF: 50 MB."""

STILL_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif"})
"""Main brands of HEIF (ISO 23008-12) and AVIF pictures."""
_SOUND_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P "})
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""Sizes of a BMP's second header."""
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
_JPEG_STARTS: Final = b"\xff\xd8\xff"
JPEG_SEAM: Final = b"\xff\xd9" + _JPEG_STARTS
"""Where one JPEG ends and the next begins; it may also stand within one."""
_JPEG_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the coded pixels of a JPEG: a marker that is neither a stuffed byte, a restart nor padding."""


def file_type(path: Path, jpeg_scan_bytes: int = JPEG_SCAN_BYTES) -> FileType:
    """Tell what a file holds; a pipe or a device, which can be read only once, is not looked into.

    Args:
        path: The file.
        jpeg_scan_bytes: How far into a JPEG file a second picture is looked for; 0 takes every JPEG for a photo.

    Raises:
        MediaError: It is missing, empty, a folder, or may not be read.
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
    """Tell what an open file holds, from its start.

    Raises:
        EOFError: It is empty.
    """
    head = file.read(HEAD_BYTES)
    if not head:
        raise EOFError
    if head.startswith(_JPEG_STARTS):
        file.seek(0)
        return FileType.MJPEG if _is_jpeg_sequence(file.read(jpeg_scan_bytes)) else FileType.PHOTO
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileType.APNG if _is_animated_png(file) else FileType.PHOTO
    if head.startswith((b"GIF87a", b"GIF89a")):
        return FileType.GIF if _is_animated_gif(file) else FileType.PHOTO
    return _by_head(head)


def _by_head(head: bytes) -> FileType:
    """Recognise the formats whose first bytes say everything."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        # The flag A of the chunk VP8X, which must come first (RFC 9649, 2.7.1).
        animated = head[12:16] == b"VP8X" and bool(head[20:21]) and bool(head[20] & 0x02)
        return FileType.WEBP if animated else FileType.PHOTO
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")) or _is_bmp(head):
        return FileType.PHOTO
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _SOUND_BRANDS:
            return FileType.UNKNOWN
        return FileType.PHOTO if brand in STILL_BRANDS else FileType.VIDEO
    return FileType.VIDEO if _is_video(head) else FileType.UNKNOWN


def _is_bmp(head: bytes) -> bool:
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_video(head: bytes) -> bool:
    if head.startswith(_VIDEO_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return True
    if head[4:8] in _QUICKTIME_ATOMS or (head[:4] == b"OggS" and b"theora" in head[:64]):
        return True
    # MPEG transport streams repeat their sync byte with every packet of 188, on Blu-ray 192 bytes.
    return any(head[at : at + 2 * size + 1 : size] == b"GGG" for at, size in ((0, 188), (4, 192)))


def _is_jpeg_sequence(data: bytes) -> bool:
    """Tell whether a second JPEG follows the first; one that the first lists as its own (MPF) does not count."""
    if JPEG_SEAM not in data:
        return False
    at = 2
    for _ in range(_MAX_CHUNKS):
        marker = data[at + 1 : at + 2]
        if data[at : at + 1] != b"\xff" or not marker:
            return False
        if marker == b"\xd9":
            return data.startswith(_JPEG_STARTS, at + 2)
        if marker == b"\xff":
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        # CIPA DC-007: gain maps and previews of a photo are stored behind it.
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
    """Tell whether the chunk acTL, for more than one picture, stands before the first IDAT (PNG 3, 11.3.6.1)."""
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
    """Return the size of the colour table that a GIF's flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_subblocks(file: BinaryIO) -> None:
    for _ in range(_MAX_GIF_SUBBLOCKS):
        size = file.read(1)
        if size in (b"", b"\0"):
            return
        file.seek(size[0], 1)
