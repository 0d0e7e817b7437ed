"""`Surface`: antialiased shapes drawn on an RGB picture, or on the planes of a `PlanarImage`.

On planes each shape is drawn three times: in luma at full resolution, in both chroma planes at half of it. Points are
x, y in pixels of the picture, in OpenCV's coordinates: the center of the first pixel is (0, 0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.planar import Colours

Colour = tuple[int, int, int]
"""Red, green, blue, 0…255."""

CHROMA_TRIM_PX: Final = 0.6
"""OpenCV's antialiased shapes are slightly too wide, which shows as a coloured fringe on chroma planes. Measured on
skeletons: this halves the squared error of U and V against RGB drawings whose chroma is averaged over 2 × 2 pixels."""
_SHIFT: Final = 4
"""Fractional bits of coordinates passed to OpenCV: 1/16 pixel."""
_FONT: Final = cv2.FONT_HERSHEY_DUPLEX


class _Layer(NamedTuple):
    """An array to draw on: a whole picture, or one of its planes."""

    samples: NDArray[np.uint8]
    """(H, W) or (H, W, 3)."""
    ink: Callable[[Colour], Sequence[int]]
    """Returns the samples of a colour."""
    scale: float = 1.0
    """Samples per pixel of the picture, along a side."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Added to scaled x and y."""
    trim_px: float = 0.0
    """Pixels of the picture taken off the radius of everything drawn."""

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map points (…, 2) to the array."""
        return points * self.scale + self.shift

    def trimmed(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return radii in pixels of the picture, less the trim, but above 0."""
        return np.maximum(radii - self.trim_px, 0.1)


class Surface:
    """A picture to draw on, in place."""

    def __init__(self, layers: Sequence[_Layer]) -> None:
        """Set the layers, that of full resolution first; see `on_rgb` and `on_planes`."""
        self._layers = layers
        self.height, self.width = layers[0].samples.shape[:2]

    @classmethod
    def on_rgb(cls, image: NDArray[np.uint8]) -> Surface:
        """Draw on a (H, W, 3) uint8 RGB picture whose rows are contiguous."""
        return cls([_Layer(image, lambda colour: colour)])

    @classmethod
    def on_planes(
        cls, planes: Sequence[NDArray[np.uint8]], colours: Colours, chroma_shift: tuple[float, float]
    ) -> Surface:
        """Draw on Y, U and V of a `PlanarImage` with these colours and this shift."""
        x, y = ((shift - 0.5) / 2 for shift in chroma_shift)
        chroma = (0.5, (x, y), CHROMA_TRIM_PX)
        places = ((1.0, (0.0, 0.0), 0.0), chroma, chroma)
        return cls(
            [
                _Layer(plane, partial(_sample, at, colours), *place)
                for at, (plane, place) in enumerate(zip(planes, places, strict=True))
            ]
        )

    def bars(self, ends: NDArray[np.float64], halves: NDArray[np.float64], colours: Sequence[Colour]) -> None:
        """Fill a bar along each of `ends` (L, 2, 2), `halves` (L,) pixels to either side, exact to 1/16 pixel."""
        along = ends[:, 1] - ends[:, 0]
        length = np.maximum(np.hypot(*along.T), 1e-9)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / length[:, None]
        for layer in self._layers:
            across = normal * layer.trimmed(halves)[:, None]
            corners = np.stack(
                [ends[:, 0] + across, ends[:, 1] + across, ends[:, 1] - across, ends[:, 0] - across], axis=1
            )
            for quad, colour in zip(_fixed(layer.place(corners)), colours, strict=True):
                cv2.fillConvexPoly(layer.samples, quad, layer.ink(colour), cv2.LINE_AA, _SHIFT)

    def discs(
        self, centres: NDArray[np.float64], radii: NDArray[np.float64], colours: Sequence[Colour]
    ) -> None:
        """Fill a disc around each of (K, 2) `centres`, of `radii` (K,) in pixels, exact to 1/16 pixel."""
        for layer in self._layers:
            places = _fixed(layer.place(centres)).tolist()
            sizes = _fixed(layer.trimmed(radii) * layer.scale).tolist()
            for centre, radius, colour in zip(places, sizes, colours, strict=True):
                cv2.circle(layer.samples, centre, radius, layer.ink(colour), cv2.FILLED, cv2.LINE_AA, _SHIFT)

    def line(self, ends: NDArray[np.float64], width_px: float, colour: Colour) -> None:
        """Draw a line with round ends between `ends` (2, 2); its width is rounded to whole samples."""
        for layer in self._layers:
            start, end = _fixed(layer.place(ends)).tolist()
            width = round((width_px - 2 * layer.trim_px) * layer.scale)
            cv2.line(layer.samples, start, end, layer.ink(colour), width, cv2.LINE_AA, _SHIFT)

    def text(self, text: str, left_bottom: tuple[int, int], scale: float, colour: Colour) -> None:
        """Write digits and signs at a scale of OpenCV's font, from the left end of their baseline."""
        for layer in self._layers:
            x, y = np.round(layer.place(np.array(left_bottom, np.float64))).astype(int).tolist()
            stroke = max(1, round(_boldness(scale) * layer.scale))
            cv2.putText(
                layer.samples,
                text,
                (x, y),
                _FONT,
                scale * layer.scale,
                layer.ink(colour),
                stroke,
                cv2.LINE_AA,
            )


def text_width_px(text: str, scale: float) -> int:
    """Return the width of a text that `Surface.text` writes."""
    return cv2.getTextSize(text, _FONT, scale, _boldness(scale))[0][0]


def _boldness(scale: float) -> int:
    return max(1, round(scale))


@cache
def _sample(at: int, colours: Colours, colour: Colour) -> tuple[int]:
    """Return Y, U or V (0, 1 or 2) of a colour."""
    return (int(colours.from_rgb(np.array([[colour]], np.uint8))[0, 0, at]),)


def _fixed(pixels: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(pixels * (1 << _SHIFT)).astype(np.int32)
