"""Skeletons, boxes and labels: left and right differ in colour, line widths depend on the size of the person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movenet.drawing.style import PALETTES, PERSON_COLOURS, Palette, Style
from movenet.pose import BONES, KEYPOINTS, Pose
from movenet.surface import Colour, Surface, text_width_px

_OUTLINE: Final[Colour] = (22, 22, 22)
_WHITE: Final[Colour] = (255, 255, 255)
_MAX_COORDINATE_PX: Final = 100_000.0
"""Coordinates are clipped to ± this, so that they fit OpenCV's integers."""
_DIGIT_PX: Final = 21
"""Height of a digit of OpenCV's font at scale 1; the margin that getTextSize adds depends on its version."""
_SHOULDERS: Final = (KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_shoulder"))
_NECK: Final = len(KEYPOINTS)


class _Layout(NamedTuple):
    """Points and lines of a skeleton, each with its part of `Palette`: 0 left, 1 middle, 2 right."""

    lines: NDArray[np.intp]
    """(L, 2): the two points of each line."""
    line_parts: NDArray[np.intp]
    """(L,): the part of each line."""
    point_parts: NDArray[np.intp]
    """(K,): the part of each point."""
    radii: NDArray[np.float64]
    """(K,): radius of each point's dot, in line widths; 0 for no dot."""


def _body() -> _Layout:
    """Return the layout of the 17 keypoints and an 18th point between the shoulders, the neck.

    A line from the neck to the nose replaces COCO's two from the shoulders, which would cross the face.
    """
    parts = [0 if name.startswith("left_") else 2 if name.startswith("right_") else 1 for name in KEYPOINTS]
    parts.append(1)
    bones = [bone for bone in BONES if bone not in ((0, _SHOULDERS[0]), (0, _SHOULDERS[1]))]
    lines = np.array([*bones, (0, _NECK)])
    a, b = np.array(parts)[lines].T
    # A line between left and right is in the middle; one from the nose to an eye has the eye's part.
    line_parts = np.where(np.abs(a - b) == 1, a + b - 1, (a + b) // 2)
    radii = np.where(np.arange(_NECK + 1) < 5, 0.75, 1.15)
    radii[_NECK] = 0.0
    return _Layout(lines, line_parts, np.array(parts), radii)


_BODY: Final = _body()


def _dots(count: int) -> _Layout:
    """Return the layout of a custom skeleton: dots without lines."""
    nothing = np.zeros(0, np.intp)
    return _Layout(nothing.reshape(0, 2), nothing, np.ones(count, np.intp), np.full(count, 1.15))


class _Figure(NamedTuple):
    """One person to draw, in OpenCV's coordinates: the center of the first pixel is (0, 0)."""

    points: NDArray[np.float64]
    """(K, 2): x, y in pixels."""
    visible: NDArray[np.bool_]
    """(K,): whether a point is drawn."""
    size_px: float
    """Longer side of the extent of the visible points."""
    width_px: float
    """Width of a bone, without its outline."""
    layout: _Layout
    palette: Palette
    colour: Colour
    """Colour of the box and the label."""


def draw_all(surface: Surface, poses: Sequence[Pose], style: Style) -> None:
    """Draw the skeletons, boxes and labels of all people; larger people are in front."""
    limit = 2.0 * max(surface.height, surface.width)
    figures = [(figure, pose) for at, pose in enumerate(poses) if (figure := _figure(pose, at, style, limit))]
    figures.sort(key=lambda pair: pair[0].size_px)
    for figure, pose in figures:
        if style.boxes and (bounds := pose.bounds(style.min_score)):
            _draw_box(surface, bounds, figure)
        _draw_figure(surface, figure)
    for figure, pose in figures:
        text = _label(pose, style)
        if text and _is_inside(figure, surface):
            _draw_label(surface, figure, text)


def _label(pose: Pose, style: Style) -> str:
    parts = ["" if pose.id is None or "id" not in style.labels else f"#{pose.id}"]
    parts += [f"{pose.score:.2f}"] if "score" in style.labels else []
    return " ".join(filter(None, parts))


def _figure(pose: Pose, at: int, style: Style, limit_px: float) -> _Figure | None:
    """Return the person at index `at` of the list, or None if no keypoint is visible.

    `limit_px` bounds the size, against single points far outside the picture.
    """
    visible = (pose.scores >= style.min_score) & np.isfinite(pose.keypoints).all(axis=1)
    if not visible.any():
        return None
    points = np.clip(pose.keypoints.astype(np.float64) - 0.5, -_MAX_COORDINATE_PX, _MAX_COORDINATE_PX)
    size = min(float(np.ptp(points[visible], axis=0).max()), limit_px)
    # A body of 400 px has lines of 4.7 px; below 1.3 px their colours are invisible.
    width = style.line_width_px or max(1.3, size / 85)
    number = at if pose.id is None else pose.id
    palette, colour = PALETTES.get(style.palette) or _person_palette(number), _person_colour(number)
    if len(points) != len(KEYPOINTS):
        return _Figure(points, visible, size, width, _dots(len(points)), palette, colour)
    points = np.vstack([points, points[[*_SHOULDERS]].mean(axis=0)])
    shown = np.append(visible, visible[[*_SHOULDERS]].all())
    return _Figure(points, shown, size, width, _BODY, palette, colour)


def _person_colour(number: int) -> Colour:
    return PERSON_COLOURS[number % len(PERSON_COLOURS)]


def _person_palette(number: int) -> Palette:
    own = _person_colour(number)
    return Palette(_mixed(own, 255, 0.4), own, _mixed(own, 0, 0.25))


def _mixed(colour: Colour, end: int, share: float) -> Colour:
    """Return the colour mixed with black (0) or white (255), of weight `share`."""
    red, green, blue = (round(value + share * (end - value)) for value in colour)
    return red, green, blue


def _draw_figure(surface: Surface, figure: _Figure) -> None:
    """Draw the dark outlines, then bones and dots, and a white centre in each dot if it is large enough."""
    lines, parts, _, radii = figure.layout
    shown = figure.visible[lines].all(axis=1)
    ends, colours = figure.points[lines[shown]], [figure.palette[part] for part in parts[shown]]
    widths = figure.width_px * np.where((lines[shown] < 5).all(axis=1), 0.65, 1.0)
    outline = max(0.8, 0.28 * figure.width_px)
    surface.bars(ends, widths / 2 + outline, [_OUTLINE] * len(ends))
    marked = figure.visible & (radii > 0)
    points, radii = figure.points[marked], radii[marked] * figure.width_px
    surface.discs(points, radii + outline, [_OUTLINE] * len(points))
    surface.bars(ends, widths / 2, colours)
    surface.discs(points, radii, [figure.palette[part] for part in figure.layout.point_parts[marked]])
    if figure.width_px >= 2.5:
        surface.discs(points, radii * 0.42, [_WHITE] * len(points))


def _draw_box(surface: Surface, bounds: tuple[float, float, float, float], figure: _Figure) -> None:
    """Draw a box, x, y, width, height, in the person's colour with a dark outline."""
    left, top, width, height = bounds
    half = max(0.75, 0.25 * figure.width_px)
    x, y = np.clip([(left, left + width), (top, top + height)], -_MAX_COORDINATE_PX, _MAX_COORDINATE_PX) - 0.5
    for reach, colour in ((half + 0.8, _OUTLINE), (half, figure.colour)):
        corners = [(x[0] - reach, y[0]), (x[1] + reach, y[0]), (x[0] - reach, y[1]), (x[1] + reach, y[1])]
        upper, lower = corners[:2], corners[2:]
        sides = [[(edge, y[0]), (edge, y[1])] for edge in x]
        surface.bars(np.array([upper, lower, *sides]), np.full(4, reach), [colour] * 4)


def _draw_label(surface: Surface, figure: _Figure, text: str) -> None:
    """Draw a text on a label above the head, moved into the picture if it would leave it."""
    scale = max(0.45, figure.size_px / 700)
    wide = text_width_px(text, scale)
    high = round(_DIGIT_PX * scale)
    pad = 0.5 * high
    x, y = _above_head(figure) - (wide / 2, pad)
    left = round(float(np.clip(x, pad, max(pad, surface.width - wide - pad))))
    bottom = round(float(np.clip(y, high + pad, max(high + pad, surface.height - pad))))
    colour = figure.colour
    ends = np.array([(left, bottom - high // 2), (left + wide, bottom - high // 2)], np.float64)
    bright = np.dot(colour, (0.299, 0.587, 0.114)) > 110
    for width_px, fill in ((high + 2 * pad + 2, _OUTLINE), (high + 2 * pad, colour)):
        surface.line(ends, width_px, fill)
    surface.text(text, (left, bottom), scale, _OUTLINE if bright else _WHITE)


def _is_inside(figure: _Figure, surface: Surface) -> bool:
    """Tell whether a visible point lies in the picture. People outside it get no label."""
    shown = figure.points[figure.visible]
    return bool(
        ((shown > -0.5) & (shown < np.array((surface.width, surface.height)) - 0.5)).all(axis=1).any()
    )


def _above_head(figure: _Figure) -> NDArray[np.float64]:
    """Return x, y above the face if it is visible, else above the topmost point."""
    face = figure.points[:5][figure.visible[:5]]
    if len(face):
        return np.array([face[:, 0].mean(), face[:, 1].min() - 0.13 * figure.size_px])
    shown = figure.points[figure.visible]
    x, y = shown[shown[:, 1].argmin()]
    return np.array([x, y - 0.06 * figure.size_px])
