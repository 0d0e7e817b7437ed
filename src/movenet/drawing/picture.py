"""Pictures with skeletons on them, or skeletons on black or on nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from movenet.crop import check_image
from movenet.drawing.skeletons import draw_all
from movenet.drawing.style import Style
from movenet.errors import DataError, MediaError
from movenet.media.picture_like import PictureLike, to_picture
from movenet.planar import Picture, PlanarImage
from movenet.pose import Pose
from movenet.surface import Surface


@overload
def draw(image: PlanarImage, poses: Pose | Sequence[Pose], style: Style | None = None) -> PlanarImage: ...
@overload
def draw(
    image: NDArray[np.uint8], poses: Pose | Sequence[Pose], style: Style | None = None
) -> NDArray[np.uint8]: ...
@overload
def draw(image: Picture, poses: Pose | Sequence[Pose], style: Style | None = None) -> Picture: ...
@overload
def draw(
    image: PictureLike, poses: Pose | Sequence[Pose], style: Style | None = None
) -> NDArray[np.uint8]: ...
def draw(image: PictureLike, poses: Pose | Sequence[Pose], style: Style | None = None) -> Picture:
    """Return a copy of `image` with the skeletons of one pose or of many; larger people are in front.

    `image` is a picture as `Estimator` takes it: a path, an array, a Pillow image … The copy is uint8 RGB of shape
    (H, W, 3), or for a `PlanarImage` another one, on whose planes the skeletons are drawn. With a style of
    background="transparent" it is uint8 RGBA of shape (H, W, 4).

    Raises:
        MediaError: `image` is no picture, or cannot be read.
        DataError: `poses` is neither a pose nor a list of them.
    """
    picture, people, style = to_picture(image), _as_list(poses), style or Style()
    if style.background == "transparent":
        return on_transparent(picture.shape[:2], lambda image: draw_all(Surface.on_rgb(image), people, style))
    if style.background == "black":
        picture = blank(picture)
    if isinstance(picture, PlanarImage):
        if not people:
            return picture
        y, u, v = (plane.copy() for plane in picture.planes)
        surface = Surface.on_planes((y, u, v), picture.colours, picture.chroma_shift)
        draw_all(surface, people, style)
        return replace(picture, y=y, u=u, v=v)
    out = picture.copy()
    draw_all(Surface.on_rgb(out), people, style)
    return out


def _as_list(poses: Pose | Sequence[Pose]) -> Sequence[Pose]:
    people = [poses] if isinstance(poses, Pose) else list(poses)
    if wrong := next((pose for pose in people if not isinstance(pose, Pose)), None):
        raise DataError(f"expected a pose or a list of them, got {type(wrong).__name__} in the list")
    return people


def draw_on(image: NDArray[np.uint8], poses: Sequence[Pose], style: Style | None = None) -> None:
    """Draw as `draw` does, into `image` itself, without a copy.

    Raises:
        MediaError: `image` is no (H, W, 3) uint8 picture, or is read-only, or its rows are not contiguous in memory.
    """
    check_image(image)
    if not (image.flags.writeable and image.strides[1:] == (3, 1) and image.strides[0] > 0):
        raise MediaError(
            "expected a writeable picture with contiguous rows to draw on, got a view: use draw, which copies"
        )
    draw_all(Surface.on_rgb(image), poses, style or Style())


def blank(picture: Picture) -> Picture:
    """Return a black picture of the same size and type."""
    if isinstance(picture, PlanarImage):
        y, u, v = map(np.empty_like, picture.planes)
        y[:], u[:], v[:] = picture.colours.black, 128, 128
        return replace(picture, y=y, u=u, v=v)
    return np.zeros_like(picture)


def on_transparent(shape: tuple[int, ...], paint: Callable[[NDArray[np.uint8]], None]) -> NDArray[np.uint8]:
    """Return what `paint` draws into (H, W, 3) RGB as (H, W, 4) RGBA with nothing behind it.

    It is drawn on black and on white: where the two differ by 255 the picture is transparent, where they are equal it
    is opaque, and between, at antialiased edges, the colour is what was drawn on black, divided by the opacity.
    """
    black, white = np.zeros((*shape, 3), np.uint8), np.full((*shape, 3), 255, np.uint8)
    paint(black)
    paint(white)
    opacity = 1 - (white.astype(np.float32) - black).mean(axis=2, keepdims=True) / 255
    colour = np.divide(black, opacity, out=np.zeros(black.shape, np.float32), where=opacity > 0)
    pixels = np.dstack([np.minimum(colour, 255), 255 * opacity.clip(0, 1)])
    return np.asarray(np.rint(pixels), np.uint8)
