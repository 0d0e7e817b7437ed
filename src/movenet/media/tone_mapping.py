"""HDR video for displays without HDR: PQ and HLG (ITU-R BT.2100) turned into BT.709 by a three-dimensional table."""

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
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

REFERENCE_WHITE_NITS: Final = 203.0
"""Luminance of a white sheet of paper in HDR video, cd/m²: ITU-R BT.2408, 2.1. It becomes white."""
PEAK_NITS: Final = 1000.0
"""Nominal peak luminance of an HLG display and of most PQ video, cd/m²; what is brighter becomes white too."""
SDR_GAMMA: Final = 2.4
"""Exponent of displays without HDR: ITU-R BT.1886."""
KNEE: Final = 0.9
"""Signal, as a share of white, above which highlights are compressed."""
TABLE_SIDE: Final = 33
"""Entries of the table along each colour; between them is interpolated."""
PLANAR_RGB: Final = "gbrp16le"
"""The pixel format that FFmpeg's lut3d filter is fastest in."""

BT2020_TO_BT709: Final = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
"""Linear RGB of BT.2020 to linear RGB of BT.709: ITU-R BT.2407, 2.2."""
BT2020_LUMINANCE: Final = np.array([0.2627, 0.6780, 0.0593])
"""Share of linear R, G and B in the luminance: ITU-R BT.2020, table 4."""


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
"""By transfer characteristics: ITU-T H.273, table 3."""


def is_hdr(frame: VideoFrame) -> bool:
    """Tell whether a frame is PQ or HLG."""
    return frame.color_trc in LIGHT


def compressed(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring an SDR signal, white 1, from 0 … peak to 0 … 1: unchanged up to the knee, highlights along a spline.

    The spline is that of ITU-R BT.2390, 5.4.1: it leaves the knee at slope 1 and ends flat.
    """
    peak = (PEAK_NITS / REFERENCE_WHITE_NITS) ** (1 / SDR_GAMMA)
    t = (np.minimum(signal, peak) - KNEE) / (peak - KNEE)
    spline = (2 * t**3 - 3 * t**2 + 1) * KNEE + (t**3 - 2 * t**2 + t) * (peak - KNEE) + (3 * t**2 - 2 * t**3)
    return np.where(signal < KNEE, signal, spline)


def to_sdr(signal: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Turn HDR signals of shape (…, 3), RGB of BT.2020, 0 to 1, into signals of BT.709, 0 to 1."""
    sdr = (LIGHT[transfer](signal) / REFERENCE_WHITE_NITS) ** (1 / SDR_GAMMA)
    linear = compressed(sdr) ** SDR_GAMMA @ BT2020_TO_BT709.T
    return np.asarray(np.clip(linear, 0, 1) ** (1 / SDR_GAMMA))


@cache
def cube(transfer: int) -> str:
    """Return the table as a .cube file: one line for each colour, red changes fastest."""
    steps = np.linspace(0, 1, TABLE_SIDE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    table = to_sdr(np.stack([red, green, blue], axis=-1), transfer)
    text = io.StringIO()
    np.savetxt(text, table.reshape(-1, 3), "%.5f", header=f"LUT_3D_SIZE {TABLE_SIDE}", comments="")
    return text.getvalue()


class ToneMapper:
    """Turns HDR frames of one size and kind into SDR frames."""

    def __init__(self, frame: VideoFrame) -> None:
        """Prepare for frames like this one, which must be HDR."""
        self._like = self._kind(frame)
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
    def _kind(frame: VideoFrame) -> tuple[int, int, int]:
        return frame.width, frame.height, frame.color_trc

    def takes(self, frame: VideoFrame) -> bool:
        """Tell whether this frame is of the size and kind prepared for."""
        return self._kind(frame) == self._like

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """Return the frame with the colours of BT.709, in planar RGB of 16 bits."""
        rgb = self._reformatter.reformat(
            frame,
            format=PLANAR_RGB,
            src_colorspace=Colorspace.BT2020,
            interpolation=Interpolation.BILINEAR,
            threads=1,
        )
        self._graph.vpush(rgb)
        return self._graph.vpull()
