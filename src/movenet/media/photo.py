"""Photos from and to files, as RGB arrays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.atomic import written_whole
from movenet.crop import check_image
from movenet.errors import MediaError
from movenet.media.file_type import FileType
from movenet.media.header import Header, read_header
from movenet.media.listing import PHOTO_SUFFIXES, is_listing, list_media
from movenet.media.quiet import QUIET

MAX_PHOTO_PIXELS: Final = 200_000_000
"""The largest picture that is decoded: 200 megapixels, a phone's largest sensor; about 0.6 GB as an array."""

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

    JPEG (also CMYK), PNG, BMP, WebP, TIFF, and the first picture of a GIF. Grey becomes RGB, 16 bits keep
    their upper 8, transparent pixels are laid over white.

    Raises:
        MediaError: The file is missing, a folder, unreadable, empty, no picture, damaged, cut short, or has
            more than `MAX_PHOTO_PIXELS` pixels (told from the header, before any memory is taken).
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


def decode_photo(data: bytes, name: str = "the picture") -> NDArray[np.uint8]:
    """Return the picture whose file's bytes are `data` as (H, W, 3) uint8 RGB; otherwise as `read_photo`.

    Raises:
        MediaError: As `read_photo`; `name` stands for the file in its sentence.
    """
    if not data:
        raise MediaError(f"{name} is empty: expected a picture, got 0 bytes")
    header = read_header(data, name)
    if not 0 < header.width * header.height <= MAX_PHOTO_PIXELS:
        raise MediaError(
            f"{name} has {header.width} x {header.height} pixels: "
            f"expected 1 to {MAX_PHOTO_PIXELS // 10**6} megapixels, make it smaller first"
        )
    flags = cv2.IMREAD_COLOR if header.alpha == "none" else cv2.IMREAD_UNCHANGED
    try:
        with QUIET:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise MediaError(f"{name} cannot be decoded: the {header.kind} file is damaged, cut short or unusual")
    return _upright(_to_rgb(pixels, header), header.orientation)


def _to_rgb(pixels: NDArray[Any], header: Header) -> NDArray[np.uint8]:
    """Turn what OpenCV decoded, grey, BGR or BGRA of 8 or 16 bits, into (H, W, 3) uint8 RGB."""
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        # libtiff multiplies 8-bit colours by their alpha while reading.
        multiplied = header.alpha == "premultiplied" or (header.kind == "TIFF" and pixels.dtype == np.uint8)
        return _over_white(pixels, multiplied=multiplied)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    code = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _over_white(bgra: NDArray[Any], *, multiplied: bool) -> NDArray[np.uint8]:
    """Lay a (H, W, 4) picture over white; in bands of rows, so that no wide copy of it all is made."""
    out = np.empty((*bgra.shape[:2], 3), np.uint8)
    for top in range(0, len(bgra), 256):
        band = bgra[top : top + 256]
        wide = (band >> 8 if bgra.dtype == np.uint16 else band).astype(np.uint16)
        colour, alpha = wide[..., 2::-1], wide[..., 3:]
        ink = colour if multiplied else (colour * alpha + 127) // 255
        out[top : top + 256] = np.minimum(ink + 255 - alpha, 255)
    return out


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply EXIF's orientation 1…8: 5 to 8 swap rows and columns, then the picture is mirrored as needed."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(image[::rows, ::columns])


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
    with written_whole(path) as temporary:
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
