"""Decoding of picture files with Pillow, which reads both header and pixels, so that the two agree."""

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
from movenet.media.file_type import PICTURE_FORMATS, picture_format
from movenet.media.silence import SILENT_PILLOW

MAX_DECODE_MB: Final = 1000
"""Maximum peak memory, in 10⁶ bytes, for decoding one picture, the decoded picture included."""
MAX_SCANS: Final = 32
"""Maximum number of scans of a JPEG: progressive files have about 10, and each takes as long as a whole picture."""

_BYTES_PER_PIXEL: Final = {"PNG": 7.1, "BMP": 7.1, "GIF": 7.1, "WebP": 18.0, "AVIF": 16.0, "HEIC": 16.0}
"""Measured peak memory with Pillow 13: its picture (4), ours (3), and buffers of libwebp, libavif and libheif."""
_READS: Final = 4000
_BYTES_PER_READ: Final = 512
"""Maximum number of reads of a file: `_READS` and one more per `_BYTES_PER_READ` bytes. Very small pieces cost time."""
_EXIF_SEGMENTS: Final = 3
_EXIF_BYTES: Final = 1 << 16
"""EXIF is one JPEG segment of at most this size (JEITA CP-3451, 4.7.2); some programs write it twice."""
_MAX_STRIPS: Final = 1 << 16
"""Maximum number of strips or tiles of a TIFF: Pillow lists them before the size is known."""
_SPARE_TILE_PIXELS: Final = 1 << 22
"""A tile of a TIFF may exceed the picture by so many pixels."""
_BAND_PIXELS: Final = 1 << 17
"""Pixels converted at a time, so that the whole picture is not copied a second time."""
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
"""Pillow's classes, called directly: pixel limit and warnings of `PIL.Image.open` are settings of the whole process."""


def check_format(data: bytes, name: str) -> str:
    """Return the format of a picture file, one of `PICTURE_FORMATS`, from its first bytes.

    Raises:
        MediaError: It is none of them; `name` is that of the file for the message.
    """
    found = picture_format(data)
    if found is None:
        known = f"{', '.join(PICTURE_FORMATS[:-1])} or {PICTURE_FORMATS[-1]}"
        raise MediaError(f"{name} is not a supported picture: expected {known}, got something else")
    return found


class PictureFile:
    """A picture file whose header has been read; `pixels` decodes it and can be called once."""

    def __init__(self, data: bytes, name: str) -> None:
        """Read the header from the bytes of a file; `name` is used in error messages.

        Raises:
            MediaError: It is empty, of an unknown format, damaged or truncated.
            MissingExtraError: It is HEIC and the extra "heif" is not installed.
        """
        if not data:
            raise MediaError(f"{name} is empty: expected a picture, got 0 bytes")
        self.format = check_format(data, name)
        self._name = name
        self._data = data
        decoder = _decoder(self.format)
        with self._decoding():
            if self.format == "TIFF":
                _check_strips(data)
            self._file: ImageFile = decoder(_PiecewiseBytes(data))

    @classmethod
    def open(cls, path: str | Path) -> PictureFile:
        """Read a file and the header of the picture in it.

        Raises:
            MediaError: The file is missing, a folder, unreadable, empty, of an unknown format, damaged or truncated.
            MissingExtraError: It is HEIC and the extra "heif" is not installed.
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
        """Width and height in pixels after the EXIF orientation is applied.

        Raises:
            MediaError: The orientation is stored after the pixels (PNG), and these are damaged.
        """
        if self.format == "PNG" and "exif" not in self._file.info and b"eXIf" in self._data:
            with self._decoding():
                self._file.load()
        width, height = self._file.size
        return (height, width) if self._orientation() >= 5 else (width, height)

    def pixels(self, max_pixels: int) -> NDArray[np.uint8]:
        """Return the first picture as (H, W, 3) uint8 RGB, upright, with transparent pixels blended over white.

        Raises:
            MediaError: It has more than `max_pixels` pixels or needs more than `MAX_DECODE_MB` (both checked before
                decoding), or it is damaged, truncated or of an unsupported variant.
        """
        return _oriented(self.stored_pixels(max_pixels), self._orientation())

    def stored_pixels(self, max_pixels: int) -> NDArray[np.uint8]:
        """Return the first picture as `pixels` does, but without applying the EXIF orientation.

        TIFF and HEIC are upright anyway, because their decoders apply it.

        Raises:
            MediaError: As for `pixels`.
        """
        with self._decoding():
            self._check_form()
            most = self._most_pixels(max_pixels)
            self._check_size(most)
            self._file.load()
            self._check_size(most)  # libheif may correct the size while decoding
            image = _rgb(self._file, with_alpha=self.format != "BMP")
            self._file.close()
        return image

    def pictures(self, max_pixels: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
        """Yield every picture of an animated WebP as (H, W, 3) uint8 RGB over white, and its duration in ms.

        Raises:
            MediaError: As for `pixels`.
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
        """Context that silences Pillow and turns any exception of it into MediaError; Pillow documents none of them."""
        try:
            with SILENT_PILLOW:
                yield
        except MediaError:
            raise
        except Image.DecompressionBombError as problem:
            raise MediaError(f"{self._name} has too many pixels: make it smaller") from problem
        except Exception as problem:
            raise MediaError(
                f"{self._name} cannot be decoded: the {self.format} file is damaged, cut short or unusual"
            ) from problem

    def _most_pixels(self, max_pixels: int) -> int:
        """Return the pixel limit: the smaller of `max_pixels` and what `MAX_DECODE_MB` allows; valid before `load`."""
        return min(max_pixels, int(MAX_DECODE_MB / self._bytes_per_pixel()) * 10**6)

    def _check_size(self, most: int) -> None:
        width, height = self._file.size
        if width * height > most:
            raise MediaError(
                f"expected {self._name} of at most {most} pixels, got {width} x {height}: make it smaller"
            )

    def _check_form(self) -> None:
        """Refuse files that need far more time or memory than their size suggests."""
        if self.format == "JPEG" and not self._has_one_scan() and self._data.count(b"\xff\xda") > MAX_SCANS:
            # In compressed data FF is followed by 00, so every match is a marker.
            raise MediaError(f"expected {self._name} in at most {MAX_SCANS} scans, got more")
        if self.format == "BMP" and self._file.tile[0][0] == "bmp_rle":
            # Pillow decodes these in Python, pixel by pixel.
            raise MediaError(f"{self._name} is a run-length encoded BMP: save it as PNG first")
        if self.format == "TIFF" and self._tile_pixels() > np.prod(self._file.size) + _SPARE_TILE_PIXELS:
            raise MediaError(f"{self._name} has tiles far larger than the picture: save it as PNG first")

    def _bytes_per_pixel(self) -> float:
        """Return the peak memory of decoding in bytes per pixel, our picture included."""
        file: Any = self._file
        if self.format == "JPEG":
            # libjpeg keeps every coefficient in 16 bits until the last scan.
            return 7.1 if self._has_one_scan() else 4.1 + 2 * len(file.layer)
        if self.format == "TIFF":
            # libtiff may hold the whole picture as one strip, and rotation makes a copy.
            bits = int(sum(file.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
            turned: bool = file.tag_v2.get(_ORIENTATION, 1) != 1
            return max(7.1, 4.1 + bits / 8 + 4 * turned)
        return _BYTES_PER_PIXEL[self.format]

    def _has_one_scan(self) -> bool:
        """Tell whether the first scan of a JPEG has all components, so that libjpeg decodes row by row."""
        file: Any = self._file
        header = 8 + 2 * len(file.layer)  # bytes, of a scan with all components (ITU-T T.81, B.2.3)
        begin = file.fp.tell() - header
        return "progressive" not in file.info and self._data[begin : begin + 2] == b"\xff\xda"

    def _tile_pixels(self) -> int:
        tags = getattr(self._file, "tag_v2", {})
        return int(tags.get(_TILE_WIDTH, 0)) * int(tags.get(_TILE_LENGTH, 0))

    def _orientation(self) -> int:
        """Return EXIF's orientation 1…8 (JEITA CP-3451, 4.6.4 A).

        A missing or broken block means upright, as in every viewer. The decoders of TIFF and HEIC apply it themselves.
        """
        if self.format in ("TIFF", "HEIC"):
            return 1
        exif = Image.Exif()
        try:
            with SILENT_PILLOW:
                exif.load(self._file.info.get("exif", b"")[:_EXIF_BYTES])
                value = exif.get(_ORIENTATION, 1)
        except Exception:  # noqa: BLE001 (as in `_decoding`)
            return 1
        return value if value in range(1, 9) else 1


class _PiecewiseBytes(io.BytesIO):
    """A file in memory with a limited number of reads."""

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


def _decoder(picture: str) -> Any:
    """Return Pillow's class for a format; its modules are loaded on demand."""
    module, name = _DECODERS[picture]
    try:
        return getattr(import_module(module), name)
    except ImportError as problem:
        raise MissingExtraError("pillow-heif", "heif", "reading HEIC") from problem


def _check_strips(tiff: bytes) -> None:
    """Refuse a TIFF with too many strips or tiles, by its first directory (TIFF 6.0, section 2)."""
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
        image[top : top + rows] = _to_8_bits(band, with_alpha=with_alpha)
    return image


def _to_8_bits(picture: Image.Image, *, with_alpha: bool) -> NDArray[Any]:
    """Return levels of 8 bits, (H, W, 3) or, for 16-bit grey, (H, W, 1); 16 bits keep their upper 8."""
    if picture.mode.startswith("I;16"):
        return (np.asarray(picture) >> 8)[..., None]
    if picture.mode in ("I", "F"):
        raise ValueError("the levels have no known range")
    if with_alpha and picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        picture = Image.new("RGB", picture.size, "white")
        picture.paste(rgba, mask=rgba)
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _oriented(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply EXIF's orientation 1…8: 5 to 8 transpose, then rows and columns are reversed as needed."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(image[::rows, ::columns])
