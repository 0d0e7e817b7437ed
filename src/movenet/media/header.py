"""What a picture file says of itself before it is decoded: kind, size, transparency, which way is up."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from movenet.errors import MediaError

Alpha = Literal["none", "straight", "premultiplied"]
"""Whether pixels carry transparency, and whether their colours are already multiplied by it."""


@dataclass(frozen=True, slots=True)
class Header:
    """The facts about one picture file that decide how it is decoded."""

    kind: str
    """JPEG, PNG, BMP, WebP, TIFF or GIF, told by the first bytes and not by the file's name."""
    width: int
    """Pixels as stored, before `orientation` is applied."""
    height: int
    """Pixels as stored, before `orientation` is applied."""
    alpha: Alpha = "none"
    orientation: int = 1
    """EXIF's tag 0x0112, 1…8 (JEITA CP-3451, 4.6.4 A); always 1 for TIFF, which the decoder itself turns."""


def read_header(data: bytes, name: str) -> Header:
    """Read the header of the picture file whose bytes are `data`; `name` is only for the error's sentence.

    Raises:
        MediaError: The bytes are no picture of a known kind, or end within the header.
    """
    for signature, parse in _PARSERS:
        if data.startswith(signature) and not (parse is _webp and data[8:12] != b"WEBP"):
            try:
                return parse(data)
            except (struct.error, LookupError, ValueError) as problem:
                raise MediaError(f"{name} cannot be decoded: the file is damaged or cut short") from problem
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    kind = _FOREIGN.get(brand, "something else")
    raise MediaError(
        f"{name} is no picture we read: expected JPEG, PNG, BMP, WebP, TIFF or GIF, got {kind}"
        + (", convert it to JPEG first" if brand in _FOREIGN else "")
    )


def _jpeg(data: bytes) -> Header:
    """Walk the segments up to the frame header (ITU-T T.81, B.1.1)."""
    position, orientation = 2, 1
    while True:
        while data[position + 1] == 0xFF:  # fill bytes may stand before any marker
            position += 1
        marker, length = data[position + 1], *struct.unpack_from(">H", data, position + 2)
        if data[position] != 0xFF or marker == 0xDA:
            raise ValueError("no frame header before the first scan")
        # C4, C8 and CC lie among the frame headers but are tables.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 5)
            return Header("JPEG", width, height, orientation=orientation)
        body = data[position + 4 : position + 2 + length]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = _orientation(body)
        position += 2 + length


def _png(data: bytes) -> Header:
    """Read IHDR, and tRNS and eXIf where given (PNG, third edition); the chunks must reach IEND."""
    chunks = dict(_png_chunks(data))
    width, height, _, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    alpha: Alpha = "straight" if colour in (4, 6) or b"tRNS" in chunks else "none"
    return Header("PNG", width, height, alpha, _orientation(chunks.get(b"eXIf", b"")))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and body; checks what libpng would otherwise complain of on the user's screen."""
    position, name = 8, b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        crc = struct.unpack_from(">I", data, position + 8 + length)[0]
        # A capital first letter marks a chunk that no picture can do without.
        if name[:1].isupper() and crc != zlib.crc32(memoryview(data)[position + 4 : position + 8 + length]):
            raise ValueError("a chunk's checksum is wrong")
        yield name, b"" if name == b"IDAT" else data[position + 8 : position + 8 + length]
        position += 12 + length


def _webp(data: bytes) -> Header:
    """Read VP8X, VP8L or VP8, whichever comes first, and EXIF (RFC 9649)."""
    chunks = dict(reversed(list(_riff_chunks(data))))
    orientation = _orientation(chunks.get(b"EXIF", b""))
    if body := chunks.get(b"VP8X"):
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return Header("WebP", width, height, "straight" if body[0] & 0x10 else "none", orientation)
    if body := chunks.get(b"VP8L"):
        bits = struct.unpack_from("<I", body, 1)[0]
        alpha: Alpha = "straight" if bits >> 28 & 1 else "none"
        return Header("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, alpha)
    width, height = struct.unpack_from("<HH", chunks.get(b"VP8 ", b""), 6)
    return Header("WebP", width & 0x3FFF, height & 0x3FFF)


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        yield name, data[position + 8 : position + 8 + (length if name == b"EXIF" else min(length, 16))]
        position += 8 + length + length % 2


def _gif(data: bytes) -> Header:
    """Read the canvas size (GIF89a, 18); any frame may have a transparent colour."""
    width, height = struct.unpack_from("<HH", data, 6)
    return Header("GIF", width, height, "straight")


def _bmp(data: bytes) -> Header:
    """Read BITMAPCOREHEADER or BITMAPINFOHEADER; a negative height means top row first."""
    if struct.unpack_from("<I", data, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return Header("BMP", width, abs(height))


def _tiff(data: bytes) -> Header:
    """Read the first directory: ImageWidth 256, ImageLength 257, ExtraSamples 338 (TIFF 6.0)."""
    tags = _directory(data)
    if 256 not in tags or 257 not in tags:
        raise ValueError("no size")
    alphas: dict[int, Alpha] = {1: "premultiplied", 2: "straight"}
    return Header("TIFF", tags[256], tags[257], alphas.get(tags.get(338, 0), "none"))


def _directory(tiff: bytes) -> dict[int, int]:
    """Return tag → first value of the first directory, of the tags that hold short or long integers."""
    order = "<" if tiff[:2] == b"II" else ">"
    start = struct.unpack_from(order + "I", tiff, 4)[0]
    count = struct.unpack_from(order + "H", tiff, start)[0]
    tags = {}
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, form = struct.unpack_from(order + "HH", tiff, at)
        if form in (3, 4):
            tags[tag] = struct.unpack_from(order + ("H" if form == 3 else "I"), tiff, at + 8)[0]
    return tags


def _orientation(exif: bytes) -> int:
    """Return 1…8; a missing or broken EXIF block means upright, as every viewer takes it."""
    try:
        value = _directory(exif.removeprefix(b"Exif\0\0")).get(0x0112, 1)
    except struct.error:
        return 1
    return value if 1 <= value <= 8 else 1


_PARSERS: Final[tuple[tuple[bytes, Callable[[bytes], Header]], ...]] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
    (b"BM", _bmp),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
)

_FOREIGN: Final = {
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"mif1": "HEIF",
    b"msf1": "HEIF",
    b"avif": "AVIF",
    b"avis": "AVIF",
}
