"""Tone mapping of HDR video, PQ and HLG (ITU-R BT.2100), to BT.709 with a three-dimensional lookup table."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from av import VideoFrame
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

REFERENCE_WHITE_NITS: Final = 203.0
"""Luminance of diffuse white in HDR video, cd/m² (ITU-R BT.2408, 2.1). It is mapped to SDR white."""
PEAK_NITS: Final = 1000.0
"""Nominal peak luminance of an HLG display and of most PQ video, cd/m²; brighter values become white, too."""
SDR_GAMMA: Final = 2.4
"""Gamma of SDR displays: ITU-R BT.1886."""
KNEE: Final = 0.9
"""Signal relative to white above which highlights are compressed."""
TABLE_SIDE: Final = 33
"""Entries of the lookup table along each axis; values between them are interpolated."""
PLANAR_RGB: Final = "gbrp16le"
"""The pixel format that FFmpeg's lut3d filter is fastest in."""

BT2020_MATRIX: Final = 9
"""FFmpeg's number of the matrix (AVCOL_SPC_BT2020_NCL); PyAV 17 has no name for it and reads it from the frame only."""
BT2020_TO_BT709: Final = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
"""Linear RGB of BT.2020 to linear RGB of BT.709: ITU-R BT.2407, 2.2."""
BT2020_LUMINANCE: Final = np.array([0.2627, 0.6780, 0.0593])
"""Weights of linear R, G and B in the luminance: ITU-R BT.2020, table 4."""


def pq_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the luminance, in cd/m², of a PQ signal of any shape, 0 to 1: ITU-R BT.2100, table 4."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = signal ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1))


def hlg_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the luminance, in cd/m², of an HLG signal of shape (…, 3), RGB, 0 to 1: ITU-R BT.2100, table 5.

    The display's peak is 1000 cd/m², its system gamma therefore 1.2.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = (scene @ BT2020_LUMINANCE)[..., None]
    return np.asarray(PEAK_NITS * luminance**0.2 * scene)


LIGHT: Final[dict[int, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {16: pq_light, 18: hlg_light}
"""Signal to luminance, by the code of the transfer characteristics: ITU-T H.273, table 3."""


def is_hdr(frame: VideoFrame) -> bool:
    """Tell whether a frame is PQ or HLG."""
    return frame.color_trc in LIGHT


def compress_highlights(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compress a signal with white at 1 from 0 … peak to 0 … 1: unchanged up to the knee, then along a spline.

    The spline of ITU-R BT.2390, 5.4.1, has slope 1 at the knee and 0 at the peak.
    """
    peak = (PEAK_NITS / REFERENCE_WHITE_NITS) ** (1 / SDR_GAMMA)
    t = (np.minimum(signal, peak) - KNEE) / (peak - KNEE)
    spline = (2 * t**3 - 3 * t**2 + 1) * KNEE + (t**3 - 2 * t**2 + t) * (peak - KNEE) + (3 * t**2 - 2 * t**3)
    return np.where(signal < KNEE, signal, spline)


def to_sdr(signal: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Convert HDR signals of shape (…, 3), BT.2020 RGB, 0 to 1, to BT.709 signals, 0 to 1.

    `transfer` is the code of the transfer characteristics, a key of `LIGHT`.
    """
    sdr = (LIGHT[transfer](signal) / REFERENCE_WHITE_NITS) ** (1 / SDR_GAMMA)
    linear = compress_highlights(sdr) ** SDR_GAMMA @ BT2020_TO_BT709.T
    return np.asarray(np.clip(linear, 0, 1) ** (1 / SDR_GAMMA))


@cache
def cube(transfer: int) -> str:
    """Return the lookup table as the text of a .cube file: a line per entry, red changes fastest."""
    steps = np.linspace(0, 1, TABLE_SIDE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    table = to_sdr(np.stack([red, green, blue], axis=-1), transfer)
    text = io.StringIO()
    np.savetxt(text, table.reshape(-1, 3), "%.5f", header=f"LUT_3D_SIZE {TABLE_SIDE}", comments="")
    return text.getvalue()


class ToneMapper:
    """Converts HDR frames of one size and transfer function to SDR."""

    def __init__(self, frame: VideoFrame) -> None:
        """Build the filter graph for frames of the size and transfer function of this one, which must be HDR."""
        self._like = self._layout(frame)
        self._reformatter = VideoReformatter()
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=VideoFormat(PLANAR_RGB),
            time_base=frame.time_base or Fraction(1, 90_000),
        )
        with TemporaryDirectory(prefix="movenet-") as folder:
            path = Path(folder) / "sdr.cube"
            path.write_text(cube(frame.color_trc), encoding="ascii")
            table = self._graph.add("lut3d", file=str(path), interp="tetrahedral")
        self._graph.link_nodes(source, table, self._graph.add("buffersink")).configure()

    @staticmethod
    def _layout(frame: VideoFrame) -> tuple[int, int, int]:
        return frame.width, frame.height, frame.color_trc

    def takes(self, frame: VideoFrame) -> bool:
        """Tell whether a frame has the size and transfer function of this converter."""
        return self._layout(frame) == self._like

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """Return the frame in BT.709, as planar RGB of 16 bits."""
        frame.colorspace = BT2020_MATRIX
        rgb = self._reformatter.reformat(
            frame,
            format=PLANAR_RGB,
            src_colorspace=BT2020_MATRIX,
            interpolation=Interpolation.BILINEAR,
            threads=1,
        )
        self._graph.vpush(rgb)
        return self._graph.vpull()
