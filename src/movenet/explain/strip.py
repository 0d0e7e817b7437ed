"""The strip at the top of the figure: the network as a row of slabs; height shows resolution, width channels."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from movenet.explain.sheet import ACCENT, FAMILY, GREY, INK, MARGIN, MONO, WIDTH, Sheet, draw_badge
from movenet.explain.steps import Explanation

HEIGHT: Final = 2.1
"""Height of the strip in inches."""
MIDDLE: Final = 1.16
"""y of the slabs' centers, in inches below the top of the strip."""
TALLEST: Final = 1.1
"""Height in inches of the square and of slabs at stride 4."""
BACKBONE: Final = "#b9cde0"
PYRAMID: Final = "#f0c9a4"

_HEADS: Final = (
    ("center", 1, "score: center of a person", "34"),
    ("regress", 34, "from a center to keypoint k", "5"),
    ("heatmap", 17, "score: keypoint k of any person", "67"),
    ("offset", 34, "from a cell to the exact position", "8"),
)


class Slab(NamedTuple):
    """Features at one point of the network."""

    stride: int
    """Pixels of the square per cell."""
    channels: int


def backbone_slabs(width: float) -> tuple[Slab, ...]:
    """Return the outputs of MobileNetV2 with this width multiplier (see `movenet.networks.movenet`).

    They are repeated here because that module needs torch; a test compares both.
    """
    scaled = (int(channels * width + 4) // 8 * 8 for channels in (24, 32, 64))
    return *(Slab(4 << i, channels) for i, channels in enumerate(scaled)), Slab(32, 1280)


PYRAMID_SLABS: Final = (Slab(16, 32), Slab(8, 24), Slab(4, 24))
"""Outputs of the pyramid, from coarse to fine."""


def draw_strip(sheet: Sheet, y: float, explanation: Explanation) -> None:
    """Draw the network with the shapes of this model; its input is the square of the photo."""
    axes = sheet.axes(MARGIN, y, WIDTH - 2 * MARGIN, HEIGHT)
    axes.set(xlim=(0, WIDTH - 2 * MARGIN), ylim=(HEIGHT, 0))
    side = explanation.card.side
    half = TALLEST / 2
    axes.imshow(explanation.square, extent=(0, TALLEST, MIDDLE + half, MIDDLE - half), aspect="auto")
    _label(axes, TALLEST / 2, f"{side} × {side} × 3")
    _heading(axes, 0, "the square", "RGB, 0…255")
    backbone = backbone_slabs(explanation.card.width)
    xs = np.array([1.85, 2.55, 3.2, 3.85])
    _heading(axes, 1.6, f"MobileNetV2, width × {explanation.card.width:g}", "features from fine to coarse")
    _arrow(axes, TALLEST + 0.08, 1.62)
    for x, slab in zip(xs, backbone, strict=True):
        _slab(axes, x, slab, side, BACKBONE)
    up = np.array([4.75, 5.4, 6.1])
    _heading(axes, 4.42, "feature pyramid", "from coarse to fine")
    for x, slab in zip(up, PYRAMID_SLABS, strict=True):
        _slab(axes, x, slab, side, PYRAMID)
    for start, end in ((2.05, 2.3), (2.75, 3.0), (3.36, 3.55), (4.2, 4.5), (5.0, 5.2), (5.6, 5.85)):
        _arrow(axes, start, end)
    for x, end, slab in zip(xs, up[::-1], backbone, strict=False):
        _bridge(axes, x, end, slab)
    _draw_heads(axes, side // 4)


def _draw_heads(axes: Axes, grid: int) -> None:
    _heading(axes, 7.0, "four heads", "one output per cell of 4 × 4 pixels")
    for row, (name, channels, meaning, steps) in enumerate(_HEADS):
        y = MIDDLE - 0.39 + 0.29 * row
        bend = Path([(6.3, MIDDLE), (6.65, MIDDLE), (6.55, y), (6.9, y)], [1, 4, 4, 4])
        axes.add_patch(PathPatch(bend, fill=False, edgecolor=GREY, linewidth=0.8))
        _text(axes, 7.0, y, name, 7.6, weight="bold")
        _text(axes, 7.65, y, f"{grid} × {grid} × {channels}", 7.0, family=MONO, color=ACCENT)
        _text(axes, 8.6, y, meaning, 7.0, color=GREY)
        for i, step in enumerate(steps):
            draw_badge(axes, 10.62 + 0.26 * i, y, step)


def _slab(axes: Axes, x: float, slab: Slab, side: int, colour: str) -> None:
    """Draw a slab with center x; its height shows the stride, its width the number of channels."""
    height = _height(slab)
    width = 0.07 * np.log2(slab.channels) - 0.18
    box = FancyBboxPatch(
        (x - width / 2, MIDDLE - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.03"
    )
    box.set(facecolor=colour, edgecolor="none")
    axes.add_patch(box)
    cells = side // slab.stride
    _label(axes, x, f"{cells} × {cells}\n× {slab.channels}")


def _height(slab: Slab) -> float:
    return float(TALLEST * (4 / slab.stride) ** 0.55)


def _bridge(axes: Axes, start: float, end: float, slab: Slab) -> None:
    """Draw the lateral connection from the backbone to the pyramid, above the slabs."""
    foot = MIDDLE - _height(slab) / 2 - 0.02
    top, bend = foot - 0.1, 0.06
    corners = [(start, foot), (start, top), (start + bend, top), (end - bend, top), (end, top), (end, foot)]
    codes = [Path.MOVETO, Path.CURVE3, Path.CURVE3, Path.LINETO, Path.CURVE3, Path.CURVE3]
    axes.add_patch(PathPatch(Path(corners, codes), fill=False, edgecolor=GREY, linewidth=0.8))


def _label(axes: Axes, x: float, text: str) -> None:
    _text(axes, x, MIDDLE + TALLEST / 2 + 0.06, text, 6.6, family=MONO, color=ACCENT, ha="center", va="top")


def _heading(axes: Axes, x: float, title: str, subtitle: str) -> None:
    _text(axes, x, 0.08, title, 8.4, weight="bold", va="center")
    _text(axes, x, 0.26, subtitle, 7.0, color=GREY)


def _arrow(axes: Axes, start: float, end: float) -> None:
    style = {"arrowstyle": "-|>,head_width=0.16,head_length=0.3", "color": GREY, "linewidth": 0.8}
    axes.annotate("", (end, MIDDLE), (start, MIDDLE), arrowprops={**style, "shrinkA": 0, "shrinkB": 0})


def _text(axes: Axes, x: float, y: float, text: str, size: float, **style: Any) -> None:
    style = {"family": FAMILY, "color": INK, "va": "center_baseline", **style}
    axes.text(x, y, text, fontsize=size, **style)
