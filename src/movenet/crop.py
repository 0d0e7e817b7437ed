"""The front door: picture ⇄ square the model sees, both ways, and the rule for where to look next.

Nothing else in the package scales or shifts coordinates. Every point is x, y in pixels with the origin at the
top-left *corner* (the first pixel's centre is (0.5, 0.5)), in the source as in the output. Two foreign
conventions are turned at this door: OpenCV's, where whole numbers are pixel centres, and the model's, which
answers y, x in 0…1 of the square and a little to the side (`MODEL_SHIFT_PX`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import MediaError, MoveNetError
from movenet.pose import KEYPOINTS

MODEL_SHIFT_PX: Final = -0.17
"""Added to x and y of MoveNet's answer, in pixels of its input: where its points really lie.

Measured without labels: of a picture and its mirrored copy both Lightning and Thunder place the same keypoint .35 px
apart, so each puts it .17 px too far right (docs/accuracy.md); down is taken to be the same.
"""

MIN_SIDE_PX: Final = 16.0
"""Shortest side of a square around points, in pixels of the source: one point alone has no extent."""

MAX_OUTPUT_PX: Final = 2**14
"""Longest side of an output that is drawn, in pixels."""

TRACK_SCORE: Final = 0.2
"""Keypoints above this score count for the next look in a video (Google's MoveNet tutorial and examples)."""

TORSO_FACTOR: Final = 1.9
"""Half side of the next look, as a multiple of the torso's reach from mid-hip (Google's MoveNet tutorial)."""

BODY_FACTOR: Final = 1.2
"""Half side of the next look, as a multiple of the body's reach from mid-hip (Google's MoveNet tutorial)."""

# Indices of the keypoints that make the torso.
SHOULDERS: Final = [KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_shoulder")]
HIPS: Final = [KEYPOINTS.index("left_hip"), KEYPOINTS.index("right_hip")]


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of a picture, drawn at a size of its own: the map between the two, both ways.

    Raises:
        MoveNetError: If the region is not finite, or region or output have no area.
    """

    left: float
    """Left edge of the region in pixels of the source; the region may leave the picture on any side."""
    top: float
    """Top edge of the region, likewise."""
    width: float
    """Width of the region in pixels of the source, above 0."""
    height: float
    """Height of the region, likewise."""
    out_width: int
    """Width of the output in pixels, at least 1."""
    out_height: int
    """Height of the output, likewise."""

    def __post_init__(self) -> None:
        edges = (self.left, self.top, self.left + self.width, self.top + self.height)
        if not all(map(math.isfinite, edges)) or self.width <= 0 or self.height <= 0:
            got = f"{self.width} × {self.height} px at ({self.left}, {self.top})"
            raise MoveNetError(f"expected a crop of finite place and size above 0 px, got {got}")
        if self.out_width < 1 or self.out_height < 1:
            got = f"{self.out_width} × {self.out_height} px"
            raise MoveNetError(f"expected a crop's output of at least 1 × 1 px, got {got}")

    # Where to look: all sizes in pixels of the source, `side` the output's in pixels.

    @classmethod
    def whole(cls, image_width: int, image_height: int, side: int) -> Crop:
        """Return the smallest square around the whole picture, which lies in its middle."""
        edge = max(image_width, image_height)
        return cls((image_width - edge) / 2, (image_height - edge) / 2, edge, edge, side, side)

    @classmethod
    def letterbox(cls, image_width: int, image_height: int, long_side: int, multiple: int = 32) -> Crop:
        """Return the whole picture at the top left, its longer edge `long_side` px long in the output.

        The shorter side of the output is filled up, at the right or bottom, to a multiple of `multiple` px.

        Raises:
            MoveNetError: If the picture has no area or `long_side` is not itself such a multiple.
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
        """Return the square on the middle of the points' extent, `factor` × as long as its longer edge.

        `points` has shape (n, 2): x, y in pixels of the source. The square's side is at least `MIN_SIDE_PX`.

        Raises:
            MoveNetError: If there is no point, or one is not finite.
        """
        points = np.asarray(points, np.float64).reshape(-1, 2)
        if not len(points):
            raise MoveNetError("expected at least one point to look at, got none")
        low, high = points.min(axis=0), points.max(axis=0)
        return cls._centred((low + high) / 2, factor * float((high - low).max()), side)

    @classmethod
    def around_box(cls, box: tuple[float, float, float, float], factor: float, side: int) -> Crop:
        """Return the square on the middle of `box` (x, y, width, height), as `around` does."""
        return cls.around(_corners(box), factor, side)

    @classmethod
    def _centred(cls, centre: NDArray[np.floating], edge: float, side: int) -> Crop:
        """Return the square on `centre` (x, y) whose sides are `edge` long, but at least `MIN_SIDE_PX`."""
        edge = max(edge, MIN_SIDE_PX)
        return cls(float(centre[0]) - edge / 2, float(centre[1]) - edge / 2, edge, edge, side, side)

    def tiles(self, limit: int, overlap: float) -> list[Crop]:
        """Return pieces of this crop whose outputs are at most `limit` px high and wide; together they show all of it.

        Row by row, all of one size and evenly spread; neighbours share at least `overlap` × their side, 0…1.
        """
        rows = _spread(self.out_height, limit, overlap)
        columns = _spread(self.out_width, limit, overlap)
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

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Draw the region of `image` at the output's size, antialiased; outside the picture it is black.

        `image` is uint8 of shape (H, W, 3) in any strides; the answer is uint8 (out_height, out_width, 3).
        While the region is at least twice the output's size its pixels are averaged 2 × 2; what remains is
        interpolated linearly. (On COCO, halving once more costs up to .03 AP and an exact box filter gains
        nothing that can be told from noise.) The 2 × 2 cells lie on a grid from the picture's corner
        and so do not swim when the region moves. Only what the region touches is read.

        Raises:
            MediaError: If `image` is anything else (see `check_image`).
            MoveNetError: If a side of the output is longer than `MAX_OUTPUT_PX`.
        """
        image = check_image(image)
        if max(self.out_width, self.out_height) > MAX_OUTPUT_PX:
            got = f"{self.out_width} × {self.out_height} px"
            raise MoveNetError(f"expected an output of at most {MAX_OUTPUT_PX} px a side, got {got}")
        scale_x, scale_y = self._scale
        log2_scale = math.frexp(min(scale_x, scale_y))[1] - 1
        halvings = min(max(0, log2_scale), max(image.shape).bit_length())
        cell = 2**halvings
        columns = _touched(self.left, self.width, image.shape[1], cell)
        rows = _touched(self.top, self.height, image.shape[0], cell)
        part = image[rows, columns]
        if not part.size:
            return np.zeros((self.out_height, self.out_width, 3), np.uint8)
        for _ in range(halvings):
            part = _halved(part)
        # Output pixel i has its centre at i + ½ here, and at i for OpenCV; so has the part it is read from.
        from_x = (self.left - columns.start + scale_x / 2) / cell - 0.5
        from_y = (self.top - rows.start + scale_y / 2) / cell - 0.5
        matrix = np.array([[scale_x / cell, 0, from_x], [0, scale_y / cell, from_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        square = cv2.warpAffine(part, matrix, (self.out_width, self.out_height), flags=flags)
        return np.asarray(square, np.uint8)

    def to_output(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return where `points` of the source lie in the output: shape (…, 2), x, y in pixels, in and out."""
        return (np.asarray(points, np.float64) - (self.left, self.top)) / self._scale

    def to_decoded(self, points: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float32]:
        """Return `points` (…, 2) of the source, x, y in pixels, as the model would answer them.

        That is y, x in 0…1 of the output. The inverse of `points_to_image`, to guide the decoder; `shift_px` as there.
        """
        answer = (self.to_output(points) - shift_px) / (self.out_width, self.out_height)
        return answer[..., ::-1].astype(np.float32)

    # Output → picture.

    def to_image(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return where `points` of the output lie in the source: shape (…, 2), x, y in pixels, in and out."""
        return np.asarray(points, np.float64) * self._scale + (self.left, self.top)

    def points_to_image(self, answer: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float64]:
        """Return the model's points (…, 2), y, x in 0…1 of the output, as x, y in pixels of the source.

        `shift_px` is what makes the model's answers true, in pixels of the output: as `MODEL_SHIFT_PX`.
        """
        flipped = np.asarray(answer, np.float64)[..., ::-1]
        return self.to_image(flipped * (self.out_width, self.out_height) + shift_px)

    def decoded_to_image(
        self, decoded: ArrayLike, shift_px: float = MODEL_SHIFT_PX
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the keypoints (…, K, 2), x, y in pixels of the source, and their scores (…, K).

        `decoded` has shape (…, K, 3), as the model answers: y, x in 0…1 of the output, and the score.
        """
        decoded = np.asarray(decoded, np.float32)
        return self.points_to_image(decoded[..., :2], shift_px).astype(np.float32), decoded[..., 2].copy()

    def boxes_to_image(self, boxes: ArrayLike, shift_px: float = MODEL_SHIFT_PX) -> NDArray[np.float32]:
        """Return boxes (…, 4) as x, y, width, height in pixels of the source.

        `boxes` has shape (…, 4): ymin, xmin, ymax, xmax in 0…1 of the output, as the model answers.
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
        """Bottom edge of the region, likewise."""
        return self.top + self.height

    @property
    def _scale(self) -> tuple[float, float]:
        """Pixels of the source per pixel of the output, in x and y."""
        return self.width / self.out_width, self.height / self.out_height


def mirror_decoded(
    answers: NDArray[np.float32], side: int, shift_px: float = MODEL_SHIFT_PX
) -> NDArray[np.float32]:
    """Return a model's answers about a square of `side` px as they stand in the mirrored square, and back.

    `answers` has shape (…, 2) or more: y, x in 0…1 of the square, then what is no place. Left and
    right are not swapped.
    """
    mirrored = answers.copy()
    mirrored[..., 1] = 1 - 2 * shift_px / side - mirrored[..., 1]
    return mirrored


def look_next(
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    image_width: int,
    image_height: int,
    side: int,
) -> Crop:
    """Return where to look for the person of the last frame: Google's rule for video, without its faults.

    With a shoulder and a hip in sight: the square on mid-hip that reaches `TORSO_FACTOR` × as far as any
    shoulder or hip, and `BODY_FACTOR` × as far as any keypoint in sight, limbs included. Without them, or if
    that is larger than the picture: all of it, so that a person is found again anywhere in a wide frame.
    (Google also limits the reach to the largest distance to a border, which is never less than half the
    longer edge and so changes nothing.)

    Args:
        keypoints: Shape (17, 2): x, y in pixels of the picture.
        scores: Shape (17,), 0…1; above `TRACK_SCORE` a keypoint is in sight.
        image_width: Width of the picture in pixels.
        image_height: Height of the picture in pixels.
        side: Side of the output in pixels.
    """
    whole = Crop.whole(image_width, image_height, side)
    seen = scores > TRACK_SCORE
    if not (seen[SHOULDERS].any() and seen[HIPS].any()):
        return whole
    centre = keypoints[HIPS].mean(axis=0)
    reach = np.abs(keypoints - centre).max(axis=1)
    half = max(TORSO_FACTOR * reach[SHOULDERS + HIPS].max(), BODY_FACTOR * reach[seen].max())
    near = Crop._centred(centre, 2 * float(half), side)
    return near if near.width <= whole.width else whole


def check_image(image: object) -> NDArray[np.uint8]:
    """Return `image` if it is a picture: uint8, shape (H, W, 3), at least one pixel.

    Raises:
        MediaError: If it is anything else, naming what was expected and what came.
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


def _spread(length: int, limit: int, overlap: float) -> list[float]:
    """Return where pieces of `limit` px start that cover `length` px and share `overlap` × `limit` at least."""
    if length <= limit:
        return [0.0]
    count = math.ceil((length - overlap * limit) / (limit - overlap * limit))
    return [(length - limit) * i / (count - 1) for i in range(count)]


def _touched(start: float, length: float, limit: int, cell: int) -> slice:
    """Return the whole cells that interpolation within start … start + length reads, of pixels 0 … limit."""
    first = (math.floor(start / cell) - 1) * cell
    last = (math.ceil((start + length) / cell) + 1) * cell
    return slice(min(max(first, 0), limit), min(max(last, 0), limit))


def _halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mean of each 2 × 2 pixels; an odd last row or column is averaged with the black beyond it.

    Odd edges are cut off and joined again small, for the picture itself may be too large to copy.
    """
    height, width = image.shape[:2]
    if width % 2 and width > 1:
        return np.hstack([_halved(image[:, :-1]), _halved(image[:, -1:])])
    if height % 2 and height > 1:
        return np.vstack([_halved(image[:-1]), _halved(image[-1:])])
    if 1 in (height, width):
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)))
    size = (image.shape[1] // 2, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
