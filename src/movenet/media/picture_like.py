"""Pictures in the types that programs hold: paths, addresses, bytes, arrays, Pillow images and torch tensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from movenet.crop import check_image
from movenet.errors import MediaError
from movenet.media.blending import blend_over_white
from movenet.media.location import Address, Camera, locate
from movenet.media.photo import decode_photo, read_photo
from movenet.planar import Picture, PlanarImage

Channels = Literal["rgb", "bgr"]
"""Order of the colour channels of an array: RGB, or BGR as OpenCV reads pictures."""
PictureLike: TypeAlias = Any
"""A picture as `to_picture` takes it. Pillow and torch are not imported for the sake of a type."""

_EXPECTED: Final = (
    "a path, an address, the bytes of a file, an array, a PlanarImage, a Pillow image or a torch tensor"
)


def to_picture(value: PictureLike, channels: Channels = "rgb") -> Picture:
    """Return a picture as an (H, W, 3) uint8 RGB array, or as the `PlanarImage` that it is.

    Args:
        value: one of

            * a path (str or Path) or an http, https or file address of a photo
            * bytes, bytearray or memoryview: the content of a photo's file
            * uint8 array: (H, W) or (H, W, 1) grey, (H, W, 3) RGB, (H, W, 4) RGBA
            * torch tensor: (3, H, W), (1, H, W) or an array's shape; uint8, or floating point from 0 to 1
            * Pillow image of any mode, turned upright as its EXIF orientation says
            * `PlanarImage`

            Transparent pixels are blended over white.
        channels: the order of the channels in an array or a tensor: "rgb", or "bgr" as OpenCV reads pictures.

    Raises:
        MediaError: it is none of these, or cannot be read; the message says how to convert it.
    """
    if channels not in get_args(Channels):
        raise MediaError(f"expected channels 'rgb' or 'bgr', got {channels!r}")
    if isinstance(value, PlanarImage):
        return value
    if isinstance(value, np.ndarray):
        return _from_array(value, channels)
    if isinstance(value, str | Path):
        return _read(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return decode_photo(bytes(value))
    if convert := _FOREIGN.get(_library(value)):
        return convert(value, channels)
    raise MediaError(f"expected {_EXPECTED}, got {type(value).__name__}")


def as_rgb(picture: Picture) -> NDArray[np.uint8]:
    """Return a picture as (H, W, 3) uint8 RGB: planes converted, an array itself. Only planes load FFmpeg."""
    if not isinstance(picture, PlanarImage):
        return picture
    from movenet.media.planes import to_rgb

    return to_rgb(picture)


def _read(name: str | Path) -> NDArray[np.uint8]:
    location = locate(name)
    if isinstance(location, Camera):
        raise MediaError(f"expected a photo, got {location}: movenet.watch takes cameras and videos")
    if not isinstance(location, Address):
        return read_photo(location)
    if location.is_web:
        from movenet.media.sources.download import fetch_photo

        if photo := fetch_photo(location):
            return photo.read()
    raise MediaError(f"{location} cannot be read as a photo: movenet.watch takes videos and streams")


def _from_array(array: NDArray[Any], channels: Channels) -> NDArray[np.uint8]:
    if array.dtype != np.uint8 and array.ndim in (2, 3) and array.size:
        raise MediaError(
            f"expected a picture of uint8 values from 0 to 255, got {array.dtype}: for values from 0 to 1 pass "
            "(255 * image).round().astype('uint8')"
        )
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    elif array.ndim == 3 and array.shape[2] == 4 and array.size:
        array = blend_over_white(np.ascontiguousarray(array))
    elif array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[2] not in (1, 3):
        raise MediaError(
            f"expected a picture of shape (height, width, 3), got {array.shape}: pass image.transpose(1, 2, 0)"
        )
    elif array.ndim == 4:
        raise MediaError(f"expected one picture, got an array of shape {array.shape}: pass list(images)")
    image = check_image(array)
    return image if channels == "rgb" else np.ascontiguousarray(image[..., ::-1])


def _from_pillow(image: Any, channels: Channels) -> NDArray[np.uint8]:
    if channels != "rgb":
        raise MediaError("channels='bgr' is for arrays and tensors: a Pillow image names its own channels")
    from PIL import ImageOps

    try:
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            return blend_over_white(np.asarray(upright.convert("RGBA"), np.uint8))
        if upright.mode.startswith("I;16") or upright.mode == "I":
            return _from_array((np.asarray(upright) >> 8).clip(0, 255).astype(np.uint8), "rgb")
        return check_image(np.array(upright.convert("RGB"), np.uint8))
    except (OSError, ValueError, SyntaxError) as problem:
        raise MediaError(f"the Pillow image cannot be read: {problem}") from problem


def _from_torch(tensor: Any, channels: Channels) -> NDArray[np.uint8]:
    array = tensor.detach().cpu()
    if array.is_floating_point():
        array = array.float().numpy()
        if not array.size or not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise MediaError("expected a floating-point tensor with values from 0 to 1, got others")
        array = np.round(255 * array).astype(np.uint8)
    else:
        array = array.numpy()
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        array = np.ascontiguousarray(array.transpose(1, 2, 0))
    return _from_array(array, channels)


_FOREIGN: Final[dict[str, Callable[[Any, Channels], NDArray[np.uint8]]]] = {
    "PIL": _from_pillow,
    "torch": _from_torch,
}


def _library(value: object) -> str:
    """Return the name of the library that defines the value's type or one of its bases; "" for none known."""
    names = (kind.__module__.partition(".")[0] for kind in type(value).__mro__)
    return next((name for name in names if name in _FOREIGN), "")
