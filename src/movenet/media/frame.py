"""One frame of a video, camera, stream or folder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from movenet.planar import Picture, PlanarImage


class Frame:
    """One picture of a source, with its time."""

    __slots__ = ("_native", "index", "source", "time_s")

    def __init__(self, image: Picture, time_s: float, index: int, source: str) -> None:
        """Set the picture, (H, W, 3) uint8 RGB or planes, and where it comes from."""
        self._native = image
        self.time_s = time_s
        """Presentation time in seconds from the start of the source."""
        self.index = index
        """Number of the frame; 0 for the first. Gaps in the numbers of a live source are dropped frames."""
        self.source = source
        """Name of the source: a path, an address without its password, or a camera."""

    @property
    def native(self) -> Picture:
        """The picture as it is at hand: most videos have planes of YUV until `image` is asked for, others RGB.

        `VideoEstimator`, `movenet.draw` and `VideoWriter.write` take it; planes save the conversion of whole frames.
        """
        return self._native

    @property
    def image(self) -> NDArray[np.uint8]:
        """The picture as an RGB array of shape (H, W, 3); the same one at each access, which may be changed.

        Planes are converted at the first access; from then on the array is also `native`.
        """
        if isinstance(self._native, PlanarImage):
            from movenet.media.planes import to_rgb

            self._native = to_rgb(self._native)
        return self._native

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self._native.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self._native.shape[0])

    def __repr__(self) -> str:
        return f"Frame({self.source!r}, index={self.index}, time_s={self.time_s}, {self.width} × {self.height} px)"
