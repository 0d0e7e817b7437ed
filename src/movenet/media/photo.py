"""Photos from and to files, as RGB arrays."""

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
from movenet.media.quiet import QUIET

MAX_PHOTO_PIXELS: Final = 140_000_000
"""The largest picture that is decoded; fewer where a kind takes more than 7 bytes of memory per pixel."""

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
    from movenet.media.picture_file import PictureFile  # loads Pillow

    return PictureFile.open(path).pixels(MAX_PHOTO_PIXELS)


def decode_photo(
    data: bytes, name: str = "the picture", max_pixels: int = MAX_PHOTO_PIXELS
) -> NDArray[np.uint8]:
    """Return the picture whose file's bytes are `data` as (H, W, 3) uint8 RGB; otherwise as `read_photo`.

    A picture of more than `max_pixels` pixels is refused before it is decoded.

    Raises:
        MediaError: As `read_photo`; `name` stands for the file in its sentence.
    """
    from movenet.media.picture_file import PictureFile  # loads Pillow

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
    with atomic_write(path, MediaError) as temporary:
        temporary.write_bytes(data.tobytes())


def find_photos(paths: Iterable[str | Path]) -> list[Path]:
    """Expand folders (their pictures, not deeper) and globs such as "trip/**/*.jpg", each in counting order.

    A name without wildcards that is no folder is passed on as it is, so that reading it tells what is wrong
    with it. Each picture is listed once, at its first place. Annotated copies (NAME.pose.jpg) are left out, as
    are videos and animations.

    Raises:
        MediaError: A folder or a glob holds no picture.
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
