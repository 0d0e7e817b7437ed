"""Drawing of skeletons: left and right differ in colour, and line widths depend on the size of the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from movenet.crop import check_image
from movenet.errors import DataError, MediaError
from movenet.media.picture_like import PictureLike, to_picture
from movenet.planar import Picture, PlanarImage
from movenet.pose import BONES, KEYPOINTS, Pose
from movenet.surface import Colour, Surface, text_width_px


class Palette(NamedTuple):
    """Colours of the three parts of a body; left and right are the person's own."""

    left: Colour
    middle: Colour
    right: Colour


PALETTES: Final = MappingProxyType(
    {
        # Okabe and Ito's orange and sky blue (Color Universal Design, 2008), different for every kind of colour
        # vision; the orange is slightly brighter, for contrast with skin and wood.
        "clear": Palette(left=(255, 159, 28), middle=(245, 245, 245), right=(86, 180, 233)),
        # Magenta, yellow and cyan, as Google's tutorial draws them.
        "classic": Palette(left=(255, 0, 255), middle=(255, 255, 0), right=(0, 255, 255)),
    }
)
"""Palettes by name. `Style.palette` can also be "person": a colour per person."""

PERSON_COLOURS: Final[tuple[Colour, ...]] = (
    (0, 158, 115),
    (230, 159, 0),
    (86, 180, 233),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (153, 221, 255),
    (170, 68, 153),
    (153, 153, 51),
)
"""The person of id n has colour n modulo 10: Okabe and Ito's seven, then three of Paul Tol's."""


@dataclass(frozen=True, slots=True)
class Style:
    """The style of drawn skeletons.

    Raises:
        DataError: The palette is unknown or a number is out of its range.
    """

    palette: str = "clear"
    """"clear" and "classic" colour left and right; "person" colours people by id, with a darker right side."""
    min_score: float = 0.3
    """Keypoints of a lower score, 0…1, and their bones are not drawn."""
    line_width_px: float | None = None
    """Width of the bones in pixels of the picture; None derives it from the size of each person."""

    def __post_init__(self) -> None:
        if self.palette not in (*PALETTES, "person"):
            names = ", ".join((*PALETTES, "person"))
            raise DataError(f"expected one of the palettes {names}, got {self.palette!r}")
        if not 0 <= self.min_score <= 1:
            raise DataError(f"expected a min_score from 0 to 1, got {self.min_score}")
        if self.line_width_px is not None and not 0 < self.line_width_px < np.inf:
            raise DataError(f"expected a line width above 0 pixels, got {self.line_width_px}")


@overload
def draw(image: PlanarImage, poses: Pose | Sequence[Pose], style: Style | None = None) -> PlanarImage: ...
@overload
def draw(
    image: NDArray[np.uint8], poses: Pose | Sequence[Pose], style: Style | None = None
) -> NDArray[np.uint8]: ...
@overload
def draw(image: Picture, poses: Pose | Sequence[Pose], style: Style | None = None) -> Picture: ...
@overload
def draw(
    image: PictureLike, poses: Pose | Sequence[Pose], style: Style | None = None
) -> NDArray[np.uint8]: ...
def draw(image: PictureLike, poses: Pose | Sequence[Pose], style: Style | None = None) -> Picture:
    """Return a copy of `image` with the skeletons of one pose or of many; larger people are in front.

    `image` is a picture as `Estimator` takes it: a path, an array, a Pillow image … The copy is uint8 RGB of shape
    (H, W, 3), or for a `PlanarImage` another one, on whose planes the skeletons are drawn.

    Raises:
        MediaError: `image` is no picture, or cannot be read.
        DataError: `poses` is neither a pose nor a list of them.
    """
    picture, people = to_picture(image), _as_list(poses)
    if isinstance(picture, PlanarImage):
        if not people:
            return picture
        y, u, v = (plane.copy() for plane in picture.planes)
        surface = Surface.on_planes((y, u, v), picture.colours, picture.chroma_shift)
        _draw_all(surface, people, style or Style())
        return replace(picture, y=y, u=u, v=v)
    out = picture.copy()
    _draw_all(Surface.on_rgb(out), people, style or Style())
    return out


def _as_list(poses: Pose | Sequence[Pose]) -> Sequence[Pose]:
    people = [poses] if isinstance(poses, Pose) else list(poses)
    if wrong := next((pose for pose in people if not isinstance(pose, Pose)), None):
        raise DataError(f"expected a pose or a list of them, got {type(wrong).__name__} in the list")
    return people


def draw_on(image: NDArray[np.uint8], poses: Sequence[Pose], style: Style | None = None) -> None:
    """Draw as `draw` does, into `image` itself, without a copy.

    Raises:
        MediaError: `image` is no (H, W, 3) uint8 picture, or is read-only, or its rows are not contiguous in memory.
    """
    check_image(image)
    if not (image.flags.writeable and image.strides[1:] == (3, 1) and image.strides[0] > 0):
        raise MediaError(
            "expected a writeable picture with contiguous rows to draw on, got a view: use draw, which copies"
        )
    _draw_all(Surface.on_rgb(image), poses, style or Style())


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


def _draw_all(surface: Surface, poses: Sequence[Pose], style: Style) -> None:
    limit = 2.0 * max(surface.height, surface.width)
    figures = [(figure, pose) for at, pose in enumerate(poses) if (figure := _figure(pose, at, style, limit))]
    figures.sort(key=lambda pair: pair[0].size_px)
    for figure, _ in figures:
        _draw_figure(surface, figure)
    for figure, pose in figures:
        if pose.id is not None and _is_inside(figure, surface):
            _draw_label(surface, figure, pose.id)


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
    palette = PALETTES.get(style.palette) or _person_palette(at if pose.id is None else pose.id)
    if len(points) != len(KEYPOINTS):
        return _Figure(points, visible, size, width, _dots(len(points)), palette)
    points = np.vstack([points, points[[*_SHOULDERS]].mean(axis=0)])
    return _Figure(points, np.append(visible, visible[[*_SHOULDERS]].all()), size, width, _BODY, palette)


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


def _draw_label(surface: Surface, figure: _Figure, number: int) -> None:
    """Draw the id on a label above the head, moved into the picture if it would leave it."""
    text, scale = f"#{number}", max(0.45, figure.size_px / 700)
    wide = text_width_px(text, scale)
    high = round(_DIGIT_PX * scale)
    pad = 0.5 * high
    x, y = _above_head(figure) - (wide / 2, pad)
    left = round(float(np.clip(x, pad, max(pad, surface.width - wide - pad))))
    bottom = round(float(np.clip(y, high + pad, max(high + pad, surface.height - pad))))
    colour = _person_colour(number)
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
