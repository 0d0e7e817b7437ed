"""Curves and skeletons of the report, as SVG: sharp on every screen and on paper, without any package."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.pose import BONES, KEYPOINTS

WIDTH: Final = 360
"""Width of a chart in its own units, about a phone's pixels: text stays readable there."""
HEIGHT: Final = 150
MAX_POINTS: Final = 400
"""A curve has at most this many points."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 6, 8, 20
"""Margins around the curves."""
SIDE_COLOURS: Final = {"left": "#c66a00", "right": "#0072b2", "both": "#1d2329"}
"""Left and right as skeletons have them, darker on white."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line of a chart."""

    label: str
    values: Floats
    """Shape (T,): NaN makes a gap."""
    colour: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An interval of time to shade, with a line at its peak if there is one."""

    start_s: float
    end_s: float
    peak_s: float = math.nan


def chart(times_s: Floats, curves: Sequence[Curve], marks: Sequence[Mark] = (), unit: str = "°") -> str:
    """Return an SVG element with curves over time, (T,) seconds each."""
    known = np.concatenate([curve.values[np.isfinite(curve.values)] for curve in curves])
    if not len(known) or len(times_s) < 2:
        return '<p class="note">Not enough is known for a curve.</p>'
    low, high = float(known.min()), float(known.max())
    low, high = (low - 1, high + 1) if high - low < 1e-9 else (low, high)
    axes = _Axes(float(times_s[0]), float(times_s[-1]), low, high)
    names = ", ".join(curve.label for curve in curves)
    parts = [
        *(axes.shade(mark) for mark in marks),
        *axes.ticks(unit),
        *(axes.line(times_s, curve) for curve in curves),
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(names)} over time">'
        f"{''.join(parts)}</svg>"
    )


@dataclass(frozen=True, slots=True)
class _Axes:
    start_s: float
    end_s: float
    low: float
    high: float

    def x(self, time_s: float) -> float:
        return _LEFT + (time_s - self.start_s) / (self.end_s - self.start_s) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - _TOP - _BOTTOM)

    def shade(self, mark: Mark) -> str:
        x, width = self.x(mark.start_s), max(self.x(mark.end_s) - self.x(mark.start_s), 1.0)
        box = f'<rect class="mark" x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="{HEIGHT - _TOP - _BOTTOM}"/>'
        if math.isnan(mark.peak_s):
            return box
        peak = self.x(mark.peak_s)
        return f'{box}<path class="peak" d="M{peak:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>'

    def ticks(self, unit: str) -> Iterator[str]:
        for value in _round_values(self.low, self.high, 4):
            y = self.y(value)
            yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
            yield f'<text x="{_LEFT - 4}" y="{y + 3.5:.1f}" text-anchor="end">{value:g}{escape(unit)}</text>'
        for time_s in _round_values(self.start_s, self.end_s, 6):
            yield f'<text x="{self.x(time_s):.1f}" y="{HEIGHT - 5}" text-anchor="middle">{time_s:g} s</text>'

    def line(self, times_s: Floats, curve: Curve) -> str:
        step = max(1, math.ceil(len(times_s) / MAX_POINTS))
        path, pen = [], "M"
        for time_s, value in zip(times_s[::step].tolist(), curve.values[::step].tolist(), strict=True):
            if math.isnan(value):
                pen = "M"
                continue
            path.append(f"{pen}{self.x(time_s):.1f} {self.y(value):.1f}")
            pen = "L"
        return f'<path class="curve" stroke="{curve.colour}" d="{"".join(path)}"/>'


def _round_values(low: float, high: float, count: int) -> list[float]:
    """Return about `count` round numbers between two values."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [round(at * step, 10) for at in range(first, math.floor(high / step) + 1)]


def skeleton(keypoints: Floats, right: Floats, picture: tuple[bytes, int, int] | None = None) -> str:
    """Return an SVG element with one person, cut out of the picture if there is one.

    Args:
        keypoints: Shape (17, 2): x, y in pixels; NaN where unknown.
        right: Shape (17,): the probability of each keypoint; those below 0.5 are left out.
        picture: a JPEG file with its width and height in the pixels of the keypoints.
    """
    shown = np.isfinite(keypoints[:, 0]) & (right >= 0.5)
    if not shown.any():
        return '<p class="note">Nobody is seen.</p>'
    low, high = keypoints[shown].min(axis=0), keypoints[shown].max(axis=0)
    size = max(float((high - low).max()), 1.0)
    (x, y), edge = (low + high) / 2 - 0.65 * size, 1.3 * size
    parts = [_image(picture)] if picture else []
    parts += [_bone(keypoints, bone, size) for bone in BONES if shown[list(bone)].all()]
    view = f"{x:.1f} {y:.1f} {edge:.1f} {edge:.1f}"
    return f'<svg class="skeleton" viewBox="{view}" role="img" aria-label="skeleton">{"".join(parts)}</svg>'


def _image(picture: tuple[bytes, int, int]) -> str:
    data, width, height = picture
    encoded = base64.b64encode(data).decode("ascii")
    return f'<image href="data:image/jpeg;base64,{encoded}" width="{width}" height="{height}"/>'


def _bone(keypoints: Floats, bone: tuple[int, int], size: float) -> str:
    (x0, y0), (x1, y1) = keypoints[list(bone)].tolist()
    sides = {KEYPOINTS[end].partition("_")[0] for end in bone}
    side = next(iter(sides - {"nose"})) if len(sides - {"nose"}) == 1 else "middle"
    width = size / (140 if max(bone) < 5 else 60)
    line = f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"
    return (
        f'<path class="outline" stroke-width="{1.7 * width:.2f}" d="{line}"/>'
        f'<path class="bone {side}" stroke-width="{width:.2f}" d="{line}"/>'
    )
