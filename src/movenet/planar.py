"""`PlanarImage`: a picture as videos store it, in planes of YUV 4:2:0, with the meaning of its colours.

Y (luma) has one sample per pixel, U and V (chroma) one per 2 × 2 pixels. Half as many bytes as RGB, and no conversion
between the decoder and the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError

LUMA_WEIGHTS: Final = MappingProxyType(
    {
        1: (0.2126, 0.0722),  # BT.709
        4: (0.30, 0.11),  # FCC
        5: (0.299, 0.114),  # BT.601, 625 lines
        6: (0.299, 0.114),  # BT.601, 525 lines
        7: (0.212, 0.087),  # SMPTE 240M
        9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
    }
)
"""Weights of red and blue in the luma, by the code of the colour matrix: ITU-T H.273, table 4."""

LEFT_SITED: Final = (0.5, 0.0)
"""`PlanarImage.chroma_shift` of most video: samples lie on the left column of their 2 × 2 pixels (H.273, 8.7)."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The meaning of YUV samples of 8 bits, in the codes of ITU-T H.273.

    Raises:
        MediaError: The matrix is not in `LUMA_WEIGHTS`.
    """

    matrix: int
    """Code of the colour matrix: 1 is BT.709, 5 and 6 are BT.601."""
    full_range: bool = False
    """Whether luma is 0…255 and chroma 1…255, as in JPEG; else 16…235 and 16…240."""
    primaries: int = 1
    """Code of the primaries; 1 is BT.709. Nothing is converted by it."""
    transfer: int = 1
    """Code of the transfer characteristics; 1 is BT.709. Nothing is converted by it."""

    def __post_init__(self) -> None:
        if self.matrix not in LUMA_WEIGHTS:
            raise MediaError(f"expected a colour matrix of {list(LUMA_WEIGHTS)}, got {self.matrix}")

    @property
    def black(self) -> int:
        """Luma of black; its chroma is 128."""
        return 0 if self.full_range else 16

    def to_rgb(self, yuv: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Convert (H, W, 3) YUV samples to RGB."""
        return np.asarray(cv2.transform(yuv, _matrices(self.matrix, self.full_range)[1]), np.uint8)

    def from_rgb(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Convert (H, W, 3) RGB to YUV samples."""
        return np.asarray(cv2.transform(rgb, _matrices(self.matrix, self.full_range)[0]), np.uint8)


@cache
def _matrices(
    matrix: int,
    full_range: bool,  # noqa: FBT001 (a field of `Colours`)
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the affine maps (3, 4) from RGB to YUV and back, both 0…255: H.273, 8.3 with equations 20 to 40."""
    red, blue = LUMA_WEIGHTS[matrix]
    weights = np.array([red, 1 - red - blue, blue])
    differences = (np.eye(3)[[2, 0]] - weights) / (2 - 2 * np.array([[blue], [red]]))
    luma_range, chroma_range = (255, 255) if full_range else (219, 224)
    linear = np.vstack([weights * luma_range, differences * chroma_range]) / 255
    offset = np.array([0 if full_range else 16, 128, 128])
    back = np.linalg.inv(linear)
    forth = np.column_stack([linear, offset])
    return forth.astype(np.float32), np.column_stack([back, -back @ offset]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class PlanarImage:
    """A picture in planes of YUV 4:2:0 with 8 bits a sample. It is never changed: `movenet.draw` returns a copy.

    It has the `shape` of the RGB picture that it stands for, and can take its place in `Estimator`, `VideoEstimator`,
    `Crop.cut`, `draw` and `VideoWriter.write`.

    Raises:
        MediaError: The planes are not uint8 arrays, or their shapes do not fit together.
    """

    y: NDArray[np.uint8]
    """Luma, shape (H, W)."""
    u: NDArray[np.uint8]
    """Blue-difference chroma, shape (⌈H / 2⌉, ⌈W / 2⌉)."""
    v: NDArray[np.uint8]
    """Red-difference chroma, shape (⌈H / 2⌉, ⌈W / 2⌉)."""
    colours: Colours
    chroma_shift: tuple[float, float] = LEFT_SITED
    """A point x, y of the picture is at (x + shift x) / 2, (y + shift y) / 2 of the chroma planes, in their pixels; the
    origins are the top-left corners."""

    def __post_init__(self) -> None:
        shapes = [plane.shape for plane in self.planes]
        chroma = tuple((length + 1) // 2 for length in self.y.shape)
        is_420 = self.y.ndim == 2 and self.y.size and shapes[1:] == [chroma, chroma]
        if not is_420 or any(plane.dtype != np.uint8 for plane in self.planes):
            raise MediaError(f"expected uint8 planes of YUV 4:2:0, got shapes {shapes}")
        for name, plane in zip("yuv", self.planes, strict=True):
            view = plane.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def planes(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Y, U and V."""
        return self.y, self.u, self.v

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 3), as of the RGB picture."""
        return (*self.y.shape, 3)

    @property
    def nbytes(self) -> int:
        """Bytes of the planes."""
        return sum(plane.nbytes for plane in self.planes)

    def pixels(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Return the RGB colours (n, 3) of the pixels at (n,) rows and columns."""
        u, v = (plane[rows // 2, columns // 2] for plane in (self.u, self.v))
        yuv = np.stack([self.y[rows, columns], u, v], axis=-1)
        return self.colours.to_rgb(yuv[:, None])[:, 0]


Picture = NDArray[np.uint8] | PlanarImage
"""A picture in memory: an (H, W, 3) uint8 RGB array, or planes."""
