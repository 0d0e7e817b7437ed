"""Photos from and to files, as RGB arrays."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.atomic import written_whole
from movenet.crop import check_image
from movenet.errors import MediaError
from movenet.media.picture_file import MAX_PHOTO_PIXELS, PictureFile
from movenet.media.quiet import QUIET

PHOTO_SUFFIXES: Final = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""What `find_photos` takes from folders and globs; `read_photo` goes by the content and not by the name."""

_ENCODERS: Final[dict[str, tuple[int, ...]]] = {
    # Full chroma: with the usual 4:2:0, thin coloured lines smear over a photo.
    ".jpg": (
        *(cv2.IMWRITE_JPEG_QUALITY, 92),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ),
    ".png": (),
    ".bmp": (),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 90),
    ".tif": (),
}
_SAME_AS: Final = {".jpeg": ".jpg", ".tiff": ".tif"}


def read_photo(path: str | Path) -> NDArray[np.uint8]:
    """Return the picture in a file as (H, W, 3) uint8 RGB, turned upright as its EXIF orientation says.

    JPEG (also CMYK), PNG, BMP, WebP, TIFF, AVIF, the first picture of a GIF, and HEIC with the extra "heif".
    Grey becomes RGB, 16 bits keep their upper 8, transparent pixels are laid over white.

    Raises:
        MediaError: The file is missing, a folder, unreadable, empty, no picture, damaged, cut short, or too large
            (told from the header, before any memory is taken): more than `MAX_PHOTO_PIXELS` pixels, or more than
            1 GB of memory to decode them.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as problem:
        raise MediaError(f"{path} does not exist") from problem
    except IsADirectoryError as problem:
        raise MediaError(f"expected a picture, got the folder {path}") from problem
    except (OSError, ValueError) as problem:
        raise MediaError(f"{path} cannot be read: {getattr(problem, 'strerror', problem)}") from problem
    return decode_photo(data, str(path))


def decode_photo(
    data: bytes, name: str = "the picture", max_pixels: int = MAX_PHOTO_PIXELS
) -> NDArray[np.uint8]:
    """Return the picture whose file's bytes are `data` as (H, W, 3) uint8 RGB; otherwise as `read_photo`.

    A picture of more than `max_pixels` pixels is refused before it is decoded.

    Raises:
        MediaError: As `read_photo`; `name` stands for the file in its sentence.
    """
    if not data:
        raise MediaError(f"{name} is empty: expected a picture, got 0 bytes")
    return PictureFile(data, name).pixels(max_pixels)


def write_photo(path: str | Path, image: NDArray[np.uint8]) -> None:
    """Write a (H, W, 3) uint8 RGB picture as the suffix says: .jpg .jpeg .png .bmp .webp .tif .tiff.

    JPEG has quality 92 with full chroma, WebP 90, the others lose nothing. The file appears when it is whole.

    Raises:
        MediaError: The suffix is unknown, the folder is missing, the array is no such picture or too large
            for the format, or the system refuses.
    """
    path = Path(path)
    suffix = _SAME_AS.get(path.suffix.lower(), path.suffix.lower())
    if suffix not in _ENCODERS:
        known = " ".join(sorted({*_ENCODERS, *_SAME_AS}))
        raise MediaError(
            f"cannot write {path}: expected a name ending in one of {known}, got '{path.suffix}'"
        )
    check_image(image)
    try:
        with QUIET:
            done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _ENCODERS[suffix])
    except cv2.error:
        done = False
    if not done:
        size = f"{image.shape[1]} x {image.shape[0]}"
        raise MediaError(f"cannot write {path}: {size} pixels do not fit {suffix}, try .png")
    with written_whole(path, MediaError) as temporary:
        temporary.write_bytes(data.tobytes())


def find_photos(paths: Iterable[str | Path]) -> list[Path]:
    """Expand folders (their pictures, not deeper) and globs such as "trip/**/*.jpg", each in counting order.

    A name without wildcards that is no folder is passed on as it is, so that reading it tells what is wrong
    with it. Each picture is listed once, at its first place.

    Raises:
        MediaError: A folder or a glob holds no picture.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        found.update(dict.fromkeys(_expand(path)))
    return list(found)


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        names: Iterable[str | Path] = (p for p in path.iterdir() if not p.name.startswith("."))
    elif not path.exists() and glob.has_magic(os.fspath(path)):
        names = glob.glob(os.fspath(path), recursive=True)  # noqa: PTH207 (pathlib's takes no absolute pattern)
    else:
        return [path]
    photos = [p for p in map(Path, names) if p.suffix.lower() in PHOTO_SUFFIXES and p.is_file()]
    if not photos:
        raise MediaError(
            f"no pictures in {path}: expected names ending in {' '.join(sorted(PHOTO_SUFFIXES))}"
        )
    return sorted(photos, key=_counted)


def _counted(path: Path) -> list[str | int]:
    """Return a sorting key that puts img2 before img10; text and numbers alternate, so all keys compare."""
    parts = re.split("([0-9]+)", os.fspath(path))
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(parts)]
