"""Reading and writing of photos as RGB arrays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.atomic import atomic_write
from movenet.crop import check_image
from movenet.errors import MediaError
from movenet.media.file_type import FileType
from movenet.media.listing import PHOTO_SUFFIXES, is_listing, list_media
from movenet.media.silence import SILENT_OPENCV

MAX_PHOTO_PIXELS: Final = 140_000_000
"""Largest picture that is decoded; lower for formats whose decoder needs more than 7 bytes per pixel."""

_ENCODERS: Final[dict[str, tuple[int, ...]]] = {
    # 4:4:4 chroma: 4:2:0 would smear thin coloured lines.
    ".jpg": (
        *(cv2.IMWRITE_JPEG_QUALITY, 92),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ),
    ".png": (),
    ".bmp": (),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 90),
    ".tif": (),
}
TRANSPARENT_SUFFIXES: Final = (".png", ".webp", ".tif")
_ALIASES: Final = {".jpeg": ".jpg", ".tiff": ".tif"}


def read_photo(path: str | Path) -> NDArray[np.uint8]:
    """Return the picture in a file as (H, W, 3) uint8 RGB, turned upright as its EXIF orientation says.

    JPEG (also CMYK), PNG, BMP, WebP, TIFF, AVIF, the first picture of a GIF, and HEIC with the extra "heif".
    Grey becomes RGB, 16 bits keep their upper 8, transparent pixels are blended over white.

    Raises:
        MediaError: The file is missing, a folder, unreadable, empty, no picture, damaged, truncated, or too large: more
            than `MAX_PHOTO_PIXELS` pixels, or more than 1 GB of memory for decoding, as its header says.
        MissingExtraError: It is HEIC and the extra "heif" is not installed.
    """
    from movenet.media.picture_file import PictureFile  # loads Pillow

    return PictureFile.open(path).pixels(MAX_PHOTO_PIXELS)


def decode_photo(
    data: bytes, name: str = "the picture", max_pixels: int = MAX_PHOTO_PIXELS
) -> NDArray[np.uint8]:
    """Return the picture in the bytes of a file as (H, W, 3) uint8 RGB; see `read_photo`.

    Args:
        data: The bytes of the file.
        name: Name of the picture for error messages.
        max_pixels: A larger picture is refused before it is decoded.

    Raises:
        MediaError: As for `read_photo`.
    """
    from movenet.media.picture_file import PictureFile  # loads Pillow

    return PictureFile(data, name).pixels(max_pixels)


def write_photo(path: str | Path, image: NDArray[np.uint8]) -> None:
    """Write a (H, W, 3) uint8 RGB picture; the suffix decides the format: .jpg .jpeg .png .bmp .webp .tif .tiff.

    A (H, W, 4) RGBA picture with transparency is written as .png, .webp, .tif or .tiff.

    JPEG has quality 92 with 4:4:4 chroma, WebP quality 90, the others are lossless. The file is written atomically.

    Raises:
        MediaError: The suffix is unknown, the folder is missing, the array has another shape or type or is too large
            for the format, or the system cannot write the file.
    """
    path = Path(path)
    suffix = _ALIASES.get(path.suffix.lower(), path.suffix.lower())
    if suffix not in _ENCODERS:
        known = " ".join(sorted({*_ENCODERS, *_ALIASES}))
        raise MediaError(
            f"cannot write {path}: expected a name ending in one of {known}, got '{path.suffix}'"
        )
    is_transparent = isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 4
    if is_transparent and suffix not in TRANSPARENT_SUFFIXES:
        known = " ".join(TRANSPARENT_SUFFIXES)
        raise MediaError(
            f"cannot write {path}: expected a name ending in one of {known} for transparent pixels"
        )
    check_image(image[..., :3] if is_transparent else image)
    to_opencv = cv2.COLOR_RGBA2BGRA if is_transparent else cv2.COLOR_RGB2BGR
    try:
        with SILENT_OPENCV:
            done, data = cv2.imencode(suffix, cv2.cvtColor(image, to_opencv), _ENCODERS[suffix])
    except cv2.error:
        done = False
    if not done:
        size = f"{image.shape[1]} x {image.shape[0]}"
        raise MediaError(f"cannot write {path}: {size} pixels do not fit {suffix}, try .png")
    with atomic_write(path, MediaError) as temporary:
        temporary.write_bytes(data.tobytes())


def find_photos(paths: Iterable[str | Path]) -> list[Path]:
    """Expand folders (without subfolders) and globs such as "trip/**/*.jpg" to the photos in them, in natural order.

    Other names are returned unchanged, even if no such file exists. Each photo is listed once. Annotated copies
    (NAME.pose.jpg), videos and animations are left out.

    Raises:
        MediaError: A folder or glob contains no photo.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        found.update(dict.fromkeys(_photos_of(path) if is_listing(path) else [path]))
    return list(found)


def _photos_of(path: Path) -> list[Path]:
    photos = [p for p, kind in list_media(path) if kind is FileType.PHOTO]
    if not photos:
        raise MediaError(
            f"no pictures in {path}: expected JPEG, PNG or other picture files, or names ending in "
            f"{' '.join(sorted(PHOTO_SUFFIXES))}"
        )
    return photos
