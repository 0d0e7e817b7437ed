"""`Crop`: a region of a picture resized to the model's input, and the map between the coordinates of both.

Nothing else in the package scales or shifts coordinates. Every point is x, y in pixels with the origin at the top-left
*corner*: the first pixel's center is (0.5, 0.5), in the source as in the output. Two other conventions are converted
here: OpenCV's, where whole numbers are pixel centers, and the model's, which gives y, x in 0…1 of its input with a
small systematic error (`MODEL_SHIFT_PX`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import MediaError, MoveNetError
from movenet.planar import Picture, PlanarImage

MODEL_SHIFT_PX: Final = -0.17
"""Added to x and y of MoveNet's points, in pixels of its input, to correct their systematic error.

Measured without labels: in a picture and its mirrored copy both Lightning and Thunder place the same keypoint 0.35 px
apart, so each places it 0.17 px too far right (docs/accuracy.md). The vertical error is assumed to be the same.
"""

MIN_SIDE_PX: Final = 16.0
"""Shortest side of a square around points, in pixels of the source: a single point has no extent."""

MAX_OUTPUT_PX: Final = 2**14
"""Longest side of an output that `Crop.cut` makes, in pixels."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangular region of a picture (the source) and the size to which it is resized (the output).

    Raises:
        MoveNetError: If the region is not finite, or the region or the output has no area.
    """

    left: float
    """Left edge of the region in pixels of the source. The region may leave the picture on any side."""
    top: float
    """Top edge of the region in pixels of the source."""
    width: float
    """Width of the region in pixels of the source, above 0."""
    height: float
    """Height of the region in pixels of the source, above 0."""
    out_width: int
    """Width of the output in pixels, at least 1."""
    out_height: int
    """Height of the output in pixels, at least 1."""

    def __post_init__(self) -> None:
        edges = (self.left, self.top, self.left + self.width, self.top + self.height)
        if not all(map(math.isfinite, edges)) or self.width <= 0 or self.height <= 0:
            got = f"{self.width} × {self.height} px at ({self.left}, {self.top})"
            raise MoveNetError(f"expected a crop of finite place and size above 0 px, got {got}")
        if self.out_width < 1 or self.out_height < 1:
            got = f"{self.out_width} × {self.out_height} px"
            raise MoveNetError(f"expected a crop's output of at least 1 × 1 px, got {got}")

    # Constructors: sizes in pixels of the source; `side` is the side of the output, in pixels.

    @classmethod
    def whole(cls, image_width: int, image_height: int, side: int) -> Crop:
        """Return the smallest square around the whole picture, with the picture in its middle."""
        edge = max(image_width, image_height)
        return cls((image_width - edge) / 2, (image_height - edge) / 2, edge, edge, side, side)

    @classmethod
    def letterbox(cls, image_width: int, image_height: int, long_side: int, multiple: int = 32) -> Crop:
        """Return the whole picture at the top left, its longer edge resized to `long_side` px.

        The shorter side of the output is padded, at the right or bottom, to a multiple of `multiple` px.

        Raises:
            MoveNetError: If the picture has no area or `long_side` is not such a multiple.
        """
        if long_side % multiple:
            raise MoveNetError(f"expected a long side that is a multiple of {multiple} px, got {long_side}")
        if min(image_width, image_height) < 1:
            raise MoveNetError(f"expected a picture of at least 1 × 1 px, got {image_width} × {image_height}")
        edge = max(image_width, image_height)
        out_width, out_height = (
            -(-length * long_side // (edge * multiple)) * multiple for length in (image_width, image_height)
        )
        scale = edge / long_side
        return cls(0.0, 0.0, out_width * scale, out_height * scale, out_width, out_height)

    @classmethod
    def around(cls, points: ArrayLike, factor: float, side: int) -> Crop:
        """Return the square centered on the extent of points, with `factor` × its longer edge as the side.

        `points` has shape (n, 2): x, y in pixels of the source. The side is at least `MIN_SIDE_PX`.

        Raises:
            MoveNetError: If there is no point, or one is not finite.
        """
        points = np.asarray(points, np.float64).reshape(-1, 2)
        if not len(points):
            raise MoveNetError("expected at least one point to crop around, got none")
        low, high = points.min(axis=0), points.max(axis=0)
        return cls._centred((low + high) / 2, factor * float((high - low).max()), side)

    @classmethod
    def around_box(cls, box: tuple[float, float, float, float], factor: float, side: int) -> Crop:
        """Return the square centered on `box` (x, y, width, height), as `around` does with its corners."""
        return cls.around(_corners(box), factor, side)

    @classmethod
    def _centred(cls, centre: NDArray[np.floating], edge: float, side: int) -> Crop:
        """Return the square on `centre` (x, y) whose sides are `edge` long, but at least `MIN_SIDE_PX`."""
        edge = max(edge, MIN_SIDE_PX)
        return cls(float(centre[0]) - edge / 2, float(centre[1]) - edge / 2, edge, edge, side, side)

    def tiles(self, limit: int, overlap: float) -> list[Crop]:
        """Return the tiles that cover this crop, row by row, with outputs of at most `limit` px a side.

        All have one size and are evenly spaced; neighbours share at least `overlap` × their side, 0…1.
        """
        rows = _tile_starts(self.out_height, limit, overlap)
        columns = _tile_starts(self.out_width, limit, overlap)
        scale_x, scale_y = self._scale
        width, height = min(limit, self.out_width), min(limit, self.out_height)
        return [
            Crop(
                self.left + x * scale_x,
                self.top + y * scale_y,
                width * scale_x,
                height * scale_y,
                width,
                height,
            )
            for y in rows
            for x in columns
        ]

    # Picture → output.

    def cut(self, image: Picture) -> NDArray[np.uint8]:
        """Return the region of `image` resized to the output's size, antialiased; black outside the picture.

        `image` is uint8 of shape (H, W, 3) in any strides, RGB, or a `PlanarImage`, of which only the region becomes
        RGB; the result is uint8 RGB (out_height, out_width, 3).
        While the region is at least twice the output's size its pixels are averaged 2 × 2; the rest of the scaling is
        bilinear. (On COCO, halving once more costs up to 0.03 AP, and an exact box filter gains nothing above noise.)
        The 2 × 2 cells lie on a fixed grid from the picture's corner, so that the result is stable when the region
        moves. Only the pixels near the region are read.

        Raises:
            MediaError: If `image` is anything else (see `check_picture`).
            MoveNetError: If a side of the output is longer than `MAX_OUTPUT_PX`.
        """
        image = check_picture(image)
        if max(self.out_width, self.out_height) > MAX_OUTPUT_PX:
            got = f"{self.out_width} × {self.out_height} px"
            raise MoveNetError(f"expected an output of at most {MAX_OUTPUT_PX} px a side, got {got}")
        return self._cut_planes(image) if isinstance(image, PlanarImage) else self._resample(image, 0)

    def _cut_planes(self, image: PlanarImage) -> NDArray[np.uint8]:
        """Cut the region from every plane, then convert it to RGB; colours fade in the last pixel of the picture."""
        shift_x, shift_y = image.chroma_shift
        region = ((self.left + shift_x) / 2, (self.top + shift_y) / 2, self.width / 2, self.height / 2)
        chroma = Crop(*region, self.out_width, self.out_height)
        y = self._resample(image.y, image.colours.black)
        u, v = (chroma._resample(plane, 128) for plane in (image.u, image.v))
        return image.colours.to_rgb(np.asarray(cv2.merge((y, u, v)), np.uint8))

    def _resample(self, image: NDArray[np.uint8], outside: int) -> NDArray[np.uint8]:
        """Cut and resize an array (H, W) or (H, W, 3), with the value `outside` beyond its edges."""
        scale_x, scale_y = self._scale
        log2_scale = math.frexp(min(scale_x, scale_y))[1] - 1
        halvings = min(max(0, log2_scale), max(image.shape).bit_length())
        cell = 2**halvings
        columns = _pixels_to_read(self.left, self.width, image.shape[1], cell)
        rows = _pixels_to_read(self.top, self.height, image.shape[0], cell)
        part = image[rows, columns]
        if not part.size:
            return np.full((self.out_height, self.out_width, *image.shape[2:]), outside, np.uint8)
        for _ in range(halvings):
            part = _halve(part, outside)
        # The center of output pixel i is i + ½ here and i in OpenCV; the same holds for the part that is read.
        from_x = (self.left - columns.start + scale_x / 2) / cell - 0.5
        from_y = (self.top - rows.start + scale_y / 2) / cell - 0.5
        matrix = np.array([[scale_x / cell, 0, from_x], [0, scale_y / cell, from_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (self.out_width, self.out_height)
        return np.asarray(
            cv2.warpAffine(part, matrix, size, flags=flags, borderValue=(outside, outside, outside)), np.uint8
        )

    def to_output(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map `points` (…, 2), x, y in pixels of the source, to x, y in pixels of the output."""
        return (np.asarray(points, np.float64) - (self.left, self.top)) / self._scale

    def to_decoded(self, points: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float32]:
        """Map `points` (…, 2), x, y in pixels of the source, to the model's convention: y, x in 0…1 of the output.

        The inverse of `points_to_image`, for a `Guide`; `shift_px` as there.
        """
        decoded = (self.to_output(points) - shift_px) / (self.out_width, self.out_height)
        return decoded[..., ::-1].astype(np.float32)

    # Output → picture.

    def to_image(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map `points` (…, 2), x, y in pixels of the output, to x, y in pixels of the source."""
        return np.asarray(points, np.float64) * self._scale + (self.left, self.top)

    def points_to_image(self, decoded: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float64]:
        """Map the model's points (…, 2), y, x in 0…1 of the output, to x, y in pixels of the source.

        `shift_px` is added to x and y, in pixels of the output, to correct the model's error (`MODEL_SHIFT_PX`).
        """
        flipped = np.asarray(decoded, np.float64)[..., ::-1]
        return self.to_image(flipped * (self.out_width, self.out_height) + shift_px)

    def decoded_to_image(
        self, decoded: ArrayLike, shift_px: float = MODEL_SHIFT_PX
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the keypoints (…, K, 2), x, y in pixels of the source, and their scores (…, K).

        `decoded` has shape (…, K, 3): y, x in 0…1 of the output, and the score. `shift_px` as in `points_to_image`.
        """
        decoded = np.asarray(decoded, np.float32)
        return self.points_to_image(decoded[..., :2], shift_px).astype(np.float32), decoded[..., 2].copy()

    def boxes_to_image(self, boxes: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float32]:
        """Return boxes (…, 4) as x, y, width, height in pixels of the source.

        `boxes` has shape (…, 4): ymin, xmin, ymax, xmax in 0…1 of the output. `shift_px` as in `points_to_image`.
        """
        boxes = np.asarray(boxes, np.float64)
        low = self.points_to_image(boxes[..., :2], shift_px)
        high = self.points_to_image(boxes[..., 2:], shift_px)
        return np.concatenate([low, high - low], axis=-1).astype(np.float32)

    @property
    def right(self) -> float:
        """Right edge of the region in pixels of the source."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Bottom edge of the region in pixels of the source."""
        return self.top + self.height

    @property
    def _scale(self) -> tuple[float, float]:
        """Pixels of the source per pixel of the output, in x and y."""
        return self.width / self.out_width, self.height / self.out_height


def mirror_decoded(
    decoded: NDArray[np.float32], side: int, shift_px: float = MODEL_SHIFT_PX
) -> NDArray[np.float32]:
    """Map a model's points in a square of `side` px to the mirrored square, or back.

    `decoded` has shape (…, 2) or (…, 3): y, x in 0…1 of the square, and the score. Left and right keypoints are not
    swapped. `shift_px` as in `Crop.points_to_image`.
    """
    mirrored = decoded.copy()
    mirrored[..., 1] = 1 - 2 * shift_px / side - mirrored[..., 1]
    return mirrored


def check_picture(picture: Picture) -> Picture:
    """Return `picture` if it is a `PlanarImage` or an RGB picture (see `check_image`).

    Raises:
        MediaError: If it is anything else.
    """
    return picture if isinstance(picture, PlanarImage) else check_image(picture)


def check_image(image: object) -> NDArray[np.uint8]:
    """Return `image` if it is a picture: uint8, shape (H, W, 3), at least one pixel.

    Raises:
        MediaError: If it is anything else.
    """
    if not isinstance(image, np.ndarray):
        got = type(image).__name__
    elif image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        got = f"{image.dtype} of shape {image.shape}"
    else:
        return image
    raise MediaError(f"expected a picture as a uint8 RGB array of shape (height, width, 3), got {got}")


def _corners(box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Return the top-left and bottom-right corner of x, y, width, height: shape (2, 2)."""
    x, y, width, height = box
    return np.array([[x, y], [x + width, y + height]])


def _tile_starts(length: int, limit: int, overlap: float) -> list[float]:
    """Return the starts of tiles of `limit` px that cover `length` px and overlap by at least `overlap` × `limit`."""
    if length <= limit:
        return [0.0]
    count = math.ceil((length - overlap * limit) / (limit - overlap * limit))
    return [(length - limit) * i / (count - 1) for i in range(count)]


def _pixels_to_read(start: float, length: float, limit: int, cell: int) -> slice:
    """Return the pixels, in whole cells, that interpolation in start … start + length reads, within 0 … limit."""
    first = (math.floor(start / cell) - 1) * cell
    last = (math.ceil((start + length) / cell) + 1) * cell
    return slice(min(max(first, 0), limit), min(max(last, 0), limit))


def _halve(image: NDArray[np.uint8], outside: int) -> NDArray[np.uint8]:
    """Return the mean of each 2 × 2 pixels; an odd last row or column is averaged with the value `outside`.

    Odd edges are halved separately, because padding would copy the whole picture.
    """
    height, width = image.shape[:2]
    if width % 2 and width > 1:
        return np.hstack([_halve(image[:, :-1], outside), _halve(image[:, -1:], outside)])
    if height % 2 and height > 1:
        return np.vstack([_halve(image[:-1], outside), _halve(image[-1:], outside)])
    if 1 in (height, width):
        edges = ((0, height % 2), (0, width % 2), (0, 0))[: image.ndim]
        image = np.pad(image, edges, constant_values=outside)
    size = (image.shape[1] // 2, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
