"""One picture in a file's bytes: Pillow reads the header and decodes the pixels, so that the two agree."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from movenet.errors import MediaError, MissingExtraError
from movenet.media.quiet import PILLOW_QUIET

KINDS: Final = ("JPEG", "PNG", "BMP", "WebP", "TIFF", "GIF", "AVIF", "HEIC")
"""The kinds of picture files that are read."""
MAX_DECODE_MB: Final = 1000
"""Memory in millions of bytes that decoding one picture may take at its peak, the decoded picture included."""
MAX_SCANS: Final = 32
"""Of a JPEG stored in several: progressive files have about 10, and each costs as much as a whole picture."""

_BYTES_PER_PIXEL: Final = {"PNG": 7.1, "BMP": 7.1, "GIF": 7.1, "WebP": 18.0, "AVIF": 16.0, "HEIC": 16.0}
"""Measured peaks with Pillow 13: its picture (4), ours (3), and what libwebp, libavif and libheif keep beside."""
_READS: Final = 4000
_BYTES_PER_READ: Final = 512
"""A file is read in so many pieces at most, and one more for each so many bytes: tiny pieces cost only time."""
_EXIF_SEGMENTS: Final = 3
_EXIF_BYTES: Final = 1 << 16
"""EXIF has one segment of a JPEG, of this size at most (JEITA CP-3451, 4.7.2); some programs write it twice."""
_MAX_STRIPS: Final = 1 << 16
"""Of a TIFF, or tiles: Pillow makes a list of them before the size is known."""
_SPARE_TILE_PIXELS: Final = 1 << 22
"""A tile of a TIFF may have so many pixels more than the picture."""
_BAND_PIXELS: Final = 1 << 17
"""Pixels that are converted at a time: no second copy of the whole picture is made."""
_ORIENTATION: Final = 0x0112
_TILE_WIDTH: Final = 322
_TILE_LENGTH: Final = 323
_STRIP_OFFSETS: Final = 273
_TILE_OFFSETS: Final = 324
_BITS_PER_SAMPLE: Final = 258

_DECODERS: Final = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
}
"""Called directly: the pixel limit and the warnings of `PIL.Image.open` are settings of the whole process."""
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""ISO/IEC 23008-12, B.4; mif1 and msf1 leave open how the pixels are coded."""


def kind_of(data: bytes, name: str) -> str:
    """Return which of `KINDS` a file is, told by the first of its bytes `data`.

    Raises:
        MediaError: It is none of them; `name` stands for the file in the sentence.
    """
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand in (b"avif", b"avis") or (brand in (b"mif1", b"msf1") and b"avif" in data[16:64]):
        return "AVIF"
    if brand in _HEIC_BRANDS:
        return "HEIC"
    known = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
    raise MediaError(f"{name} is no picture we read: expected {known}, got something else")


class PictureFile:
    """A picture file whose header has been read; `pixels` decodes it, once."""

    def __init__(self, data: bytes, name: str) -> None:
        """Read the header of the file whose bytes are `data`; `name` stands for it in errors.

        Raises:
            MediaError: It is empty, of no known kind, damaged or cut short.
            MissingExtraError: It is HEIC, and the package that reads it is missing.
        """
        if not data:
            raise MediaError(f"{name} is empty: expected a picture, got 0 bytes")
        self.kind = kind_of(data, name)
        self._name = name
        self._data = data
        decoder = _decoder(self.kind)
        with self._decoding():
            if self.kind == "TIFF":
                _check_strips(data)
            self._file: ImageFile = decoder(_PiecewiseBytes(data))

    @classmethod
    def open(cls, path: str | Path) -> PictureFile:
        """Read a file and the header of the picture in it.

        Raises:
            MediaError: It is missing, a folder or unreadable, or as above.
            MissingExtraError: As above.
        """
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError as problem:
            raise MediaError(f"{path} does not exist") from problem
        except IsADirectoryError as problem:
            raise MediaError(f"expected a picture, got the folder {path}") from problem
        except (OSError, ValueError) as problem:
            raise MediaError(f"{path} cannot be read: {getattr(problem, 'strerror', problem)}") from problem
        return cls(data, str(path))

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels, as the picture stands when its orientation is applied.

        Raises:
            MediaError: The orientation stands behind the pixels, and these are damaged.
        """
        if self.kind == "PNG" and "exif" not in self._file.info and b"eXIf" in self._data:
            with self._decoding():
                self._file.load()
        width, height = self._file.size
        return (height, width) if self._orientation() >= 5 else (width, height)

    def pixels(self, max_pixels: int) -> NDArray[np.uint8]:
        """Return the first picture as (H, W, 3) uint8 RGB, upright, laid over white where it is transparent.

        Raises:
            MediaError: It has more than `max_pixels` pixels or would take more than `MAX_DECODE_MB` (both told
                from the header, before anything is decoded), or is damaged, cut short or of an unusual form.
        """
        return _turned(self.stored_pixels(max_pixels), self._orientation())

    def stored_pixels(self, max_pixels: int) -> NDArray[np.uint8]:
        """Return the first picture as `pixels` does, but in the orientation in which it is stored.

        TIFF and HEIC are turned upright all the same.

        Raises:
            MediaError: As `pixels`.
        """
        with self._decoding():
            self._check_form()
            most = self._most_pixels(max_pixels)
            self._check_size(most)
            self._file.load()
            self._check_size(most)  # libheif may correct the size while decoding
            image = _rgb(self._file, with_alpha=self.kind != "BMP")
            self._file.close()
        return image

    def pictures(self, max_pixels: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
        """Yield every picture of an animated WebP as (H, W, 3) uint8 RGB over white, and its duration in milliseconds.

        Raises:
            MediaError: As `pixels`.
        """
        file: Any = self._file
        with self._decoding():
            self._check_size(self._most_pixels(max_pixels))
        for number in range(file.n_frames):
            with self._decoding():
                file.seek(number)
                file.load()
                image, duration_ms = _rgb(file, with_alpha=True), int(file.info["duration"])
            yield image, duration_ms

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        """Keep Pillow quiet, and turn whatever it raises (no list of that exists) into one sentence."""
        try:
            with PILLOW_QUIET:
                yield
        except MediaError:
            raise
        except Image.DecompressionBombError as problem:
            raise MediaError(f"{self._name} has too many pixels: make it smaller") from problem
        except Exception as problem:
            raise MediaError(
                f"{self._name} cannot be decoded: the {self.kind} file is damaged, cut short or unusual"
            ) from problem

    def _most_pixels(self, max_pixels: int) -> int:
        """Return the smaller one of a limit and what decoding in `MAX_DECODE_MB` allows; only before `load`."""
        return min(max_pixels, int(MAX_DECODE_MB / self._bytes_per_pixel()) * 10**6)

    def _check_size(self, most: int) -> None:
        width, height = self._file.size
        if width * height > most:
            raise MediaError(
                f"expected {self._name} of at most {most} pixels, got {width} x {height}: make it smaller"
            )

    def _check_form(self) -> None:
        """Refuse what takes far more time or memory than its size tells."""
        if self.kind == "JPEG" and not self._has_one_scan() and self._data.count(b"\xff\xda") > MAX_SCANS:
            # Behind an FF within compressed data stands 00, so these are markers.
            raise MediaError(f"expected {self._name} in at most {MAX_SCANS} scans, got more")
        if self.kind == "BMP" and self._file.tile[0][0] == "bmp_rle":
            # Pillow decodes these in Python, pixel by pixel.
            raise MediaError(f"{self._name} is a run-length encoded BMP: save it as PNG first")
        if self.kind == "TIFF" and self._tile_pixels() > np.prod(self._file.size) + _SPARE_TILE_PIXELS:
            raise MediaError(f"{self._name} consists of tiles far larger than itself: save it as PNG first")

    def _bytes_per_pixel(self) -> float:
        """Return the memory that decoding takes at its peak, per pixel, our picture included."""
        file: Any = self._file
        if self.kind == "JPEG":
            # libjpeg keeps 16 bits of every coefficient until the last scan.
            return 7.1 if self._has_one_scan() else 4.1 + 2 * len(file.layer)
        if self.kind == "TIFF":
            # libtiff may hold the whole picture as one strip, and turning it takes a copy.
            bits = int(sum(file.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
            turned: bool = file.tag_v2.get(_ORIENTATION, 1) != 1
            return max(7.1, 4.1 + bits / 8 + 4 * turned)
        return _BYTES_PER_PIXEL[self.kind]

    def _has_one_scan(self) -> bool:
        """Tell whether the first scan of a JPEG has all its layers, so that libjpeg decodes row by row."""
        file: Any = self._file
        header = 8 + 2 * len(file.layer)  # of a scan with as many layers (ITU-T T.81, B.2.3)
        begin = file.fp.tell() - header
        return "progressive" not in file.info and self._data[begin : begin + 2] == b"\xff\xda"

    def _tile_pixels(self) -> int:
        tags = getattr(self._file, "tag_v2", {})
        return int(tags.get(_TILE_WIDTH, 0)) * int(tags.get(_TILE_LENGTH, 0))

    def _orientation(self) -> int:
        """Return EXIF's orientation 1…8 (JEITA CP-3451, 4.6.4 A).

        A missing or broken block means upright, as every viewer takes it. TIFF and HEIC are turned by the decoder.
        """
        if self.kind in ("TIFF", "HEIC"):
            return 1
        exif = Image.Exif()
        try:
            with PILLOW_QUIET:
                exif.load(self._file.info.get("exif", b"")[:_EXIF_BYTES])
                value = exif.get(_ORIENTATION, 1)
        except Exception:  # noqa: BLE001 (as in `_decoding`)
            return 1
        return value if value in range(1, 9) else 1


class _PiecewiseBytes(io.BytesIO):
    """A file in memory that can be read in a limited number of pieces."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads_left = _READS + len(data) // _BYTES_PER_READ
        self._exif_left = _EXIF_SEGMENTS

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._reads_left -= 1
        self._exif_left -= piece.startswith(b"Exif\0\0")
        if self._reads_left < 0 or self._exif_left < 0:
            raise ValueError("the file consists of too many pieces")
        return piece


def _decoder(kind: str) -> Any:
    """Return Pillow's class for a kind; what it needs is loaded only then."""
    module, name = _DECODERS[kind]
    try:
        return getattr(import_module(module), name)
    except ImportError as problem:
        raise MissingExtraError("pillow-heif", "heif", "reading HEIC") from problem


def _check_strips(tiff: bytes) -> None:
    """Refuse a TIFF of endless strips or tiles, by its first directory (TIFF 6.0, section 2)."""
    order = "<" if tiff.startswith(b"II") else ">"
    start: int = struct.unpack_from(order + "I", tiff, 4)[0]
    for entry in range(struct.unpack_from(order + "H", tiff, start)[0]):
        tag, _, count = struct.unpack_from(order + "HHI", tiff, start + 2 + 12 * entry)
        if tag in (_STRIP_OFFSETS, _TILE_OFFSETS) and count > _MAX_STRIPS:
            raise ValueError("the picture consists of too many pieces")


def _rgb(picture: Image.Image, *, with_alpha: bool) -> NDArray[np.uint8]:
    """Return a decoded picture as (H, W, 3) uint8 RGB."""
    width, height = picture.size
    image = np.empty((height, width, 3), np.uint8)
    rows = max(_BAND_PIXELS // width, 1)
    for top in range(0, height, rows):
        band = picture.crop((0, top, width, min(top + rows, height)))
        image[top : top + rows] = _band(band, with_alpha=with_alpha)
    return image


def _band(picture: Image.Image, *, with_alpha: bool) -> NDArray[Any]:
    """Return (H, W, 3) or, for 16-bit grey, (H, W, 1) levels of 8 bits; of 16 bits the upper 8."""
    if picture.mode.startswith("I;16"):
        return (np.asarray(picture) >> 8)[..., None]
    if picture.mode in ("I", "F"):
        raise ValueError("the levels have no known range")
    if with_alpha and picture.has_transparency_data:
        cover = picture.convert("RGBA")
        picture = Image.new("RGB", picture.size, "white")
        picture.paste(cover, mask=cover)
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _turned(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply EXIF's orientation 1…8: 5 to 8 swap rows and columns, then the picture is mirrored as needed."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(image[::rows, ::columns])
