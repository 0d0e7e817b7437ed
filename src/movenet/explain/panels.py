"""The panels of the figure, each drawn into axes of any size.

Panels of the square use cells of the heads as units, with the origin at the square's top-left corner; panels of
the photo use its pixels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from movenet.crop import Crop
from movenet.decode import Cells, Floats
from movenet.decode.votes import VOTE_RADIUS_CELLS
from movenet.drawing import PALETTES, Style, draw
from movenet.explain.sheet import FAINT, FAMILY, GREY, INK, POINTS, WIDTH
from movenet.explain.steps import Explanation
from movenet.pose import BONES, KEYPOINTS, Pose

COLOURS: Final = matplotlib.colormaps["magma"]
DARK: Final = "#101216"
PHOTO_PX: Final = 1600
"""Longer side of the photo in the figure."""
NOSE_BAR: Final = "#8b95a1"
"""Colour of the nose's bar: its usual near white would be invisible on white paper."""
EMPTY_BAR: Final = "#f1f4f7"
RINGS: Final = (4, 8, 16, 32)
"""Radii in cells of the rings that show the distance."""
ZOOM_CELLS: Final = VOTE_RADIUS_CELLS
"""Number of cells that the zoom shows on each side of the chosen one: those that vote."""
EMPTY_SHARE: Final = 0.02
"""Margin around the photo, as a share of its longer side."""

_PALETTE: Final = PALETTES["clear"]


def side_colour(k: int) -> str:
    """Return the colour of keypoint k as in drawn skeletons, "#rrggbb"."""
    name = KEYPOINTS[k]
    colour = _PALETTE.left if name.startswith("left") else _PALETTE.right
    return "#{:02x}{:02x}{:02x}".format(*(colour if "_" in name else _PALETTE.middle))


def draw_photo(axes: Axes, explanation: Explanation) -> None:
    """Show the photo, the detected people, and the square that the model gets."""
    picture, printed = _printed(explanation.image)
    height, width = explanation.image.shape[:2]
    extent = (printed.left, width - printed.left, height - printed.top, printed.top)
    axes.imshow(picture, extent=extent, interpolation="antialiased", zorder=1)
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=FAINT, linewidth=0.6))
    crop, stroke = explanation.crop, _line_width(axes)
    left, top, edge = crop.left, crop.top, crop.width
    axes.add_patch(Rectangle((left, top), edge, edge, facecolor=DARK, edgecolor="none", zorder=0))
    for detection in explanation.people:
        _draw_detection(axes, detection.pose, chosen=detection is explanation.chosen)
    for colour, wide in ((DARK, 2.6), ("white", 1.3)):
        frame = Rectangle((left, top), edge, edge, fill=False, edgecolor=colour, linewidth=wide * stroke)
        axes.add_patch(frame)
    pad = EMPTY_SHARE * max(width, height, edge)
    axes.set_xlim(min(0, left) - pad, max(width, left + edge) + pad)
    axes.set_ylim(max(height, top + edge) + pad, min(0, top) - pad)
    axes.set_aspect("equal")


def _draw_detection(axes: Axes, pose: Pose, *, chosen: bool) -> None:
    """Draw the bones of a detection as thin lines, fainter if it is not the chosen one."""
    stroke, alpha = _line_width(axes), 1.0 if chosen else 0.55
    visible = pose.scores > Style().min_score / 2
    bones = [pose.keypoints[[a, b]] for a, b in BONES if visible[a] and visible[b]]
    for colour, wide in ((DARK, 2.0), ("white", 0.9)):
        axes.add_collection(LineCollection(bones, colors=colour, linewidths=wide * stroke, alpha=alpha))


def draw_square(axes: Axes, explanation: Explanation) -> None:
    """Show the square that the model gets, without interpolation."""
    _show(axes, explanation.square, explanation)


def draw_map(axes: Axes, explanation: Explanation, scores: Floats, top: float) -> None:
    """Draw a map (h, w) of scores, 0…top, over the grey square, without interpolation."""
    _show(axes, _dimmed(explanation.square), explanation)
    share = np.clip(scores / top, 0, 1)
    colours = COLOURS(share)
    # Low scores are transparent, so that the photo stays visible.
    colours[..., 3] = np.clip(0.25 + 1.5 * share, 0, 1)
    height, width = scores.shape
    axes.imshow(colours, extent=(0, width, height, 0), interpolation="nearest")


def draw_scale(axes: Axes, top: float) -> None:
    """Draw the colour scale of a map in its lower right corner."""
    bar = axes.inset_axes((0.66, 0.055, 0.28, 0.028))
    bar.imshow(COLOURS(np.linspace(0, 1, 128))[None], aspect="auto")
    bar.set(xticks=[], yticks=[])
    for edge in bar.spines.values():
        edge.set(color="white", linewidth=0.5)
    size = 2.6 * _hundredth_pt(axes)
    for x, text in ((0.66, "0"), (0.94, f"{top:.2g}")):
        label = axes.text(x, 0.1, text, transform=axes.transAxes, fontsize=size, color="white", ha="center")
        label.set(family=FAMILY, path_effects=[withStroke(linewidth=1.2, foreground=DARK)])


def mark_cell(axes: Axes, cell: Cells) -> None:
    """Draw a frame around the chosen cell (y, x), with a distance so that its colour is visible."""
    y, x = cell
    for colour, wide in ((DARK, 2.2), ("white", 1.1)):
        frame = Rectangle((x - 1.5, y - 1.5), 4, 4, fill=False, edgecolor=colour)
        frame.set_linewidth(wide * _line_width(axes))
        axes.add_patch(frame)


def mark_focus(axes: Axes, place: Floats) -> None:
    """Mark the point (y, x) to which distances are measured, with rings at the distances `RINGS`."""
    y, x = place
    for radius in RINGS:
        ring = Circle((x, y), radius, fill=False, edgecolor="white", alpha=0.4, linestyle=(0, (3, 3)))
        ring.set_linewidth(0.6 * _line_width(axes))
        axes.add_patch(ring)
    for colour, wide in ((DARK, 2.0), ("white", 0.9)):
        style: dict[str, Any] = {"color": colour, "markeredgewidth": wide * _line_width(axes)}
        axes.plot(x, y, "+", markersize=3.4 * _hundredth_pt(axes), **style)


def draw_starts(axes: Axes, explanation: Explanation) -> None:
    """Draw lines from the center to each regressed keypoint, and in white from there to its start."""
    _show(axes, _dimmed(explanation.square, 0.62), explanation)
    stroke = _line_width(axes)
    middle = np.broadcast_to(explanation.center[::-1], (len(KEYPOINTS), 2))
    regressed, starts = explanation.regressed[:, ::-1], explanation.starts[:, ::-1]
    colours = [side_colour(k) for k in range(len(KEYPOINTS))]
    lines = [*np.stack([middle, regressed], axis=1)]
    shifts = [*np.stack([regressed, starts], axis=1)]
    axes.add_collection(LineCollection(lines, colors=DARK, linewidths=2.2 * stroke, alpha=0.5))
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=1.1 * stroke))
    axes.add_collection(LineCollection(shifts, colors="white", linewidths=0.9 * stroke))
    size = (1.9 * _hundredth_pt(axes)) ** 2
    dot: dict[str, Any] = {"edgecolors": DARK, "linewidths": 0.7 * stroke, "zorder": 4}
    if explanation.guide is not None:
        axes.scatter(regressed[:, 0], regressed[:, 1], s=0.45 * size, c="white", **dot)
    axes.scatter(starts[:, 0], starts[:, 1], s=1.6 * size, c=colours, **dot)
    mark_cell(axes, explanation.center)


def draw_offsets(axes: Axes, explanation: Explanation, k: int) -> None:
    """Zoom in on the cell chosen for keypoint k: the votes, lines from the corners of cells, and where they agree."""
    _show(axes, _dimmed(explanation.square, 0.8, grey=0.35), explanation)
    cell, point, stroke = explanation.cells[k], explanation.points[k], _line_width(axes)
    (top, left), (bottom, right) = cell - ZOOM_CELLS, cell + ZOOM_CELLS + 1
    for at in range(left, right + 1):
        axes.axvline(at, color="white", alpha=0.45, linewidth=0.5 * stroke)
    for at in range(top, bottom + 1):
        axes.axhline(at, color="white", alpha=0.45, linewidth=0.5 * stroke)
    height, width = explanation.center_scores.shape
    y, x = np.mgrid[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)].reshape(2, -1)
    positions = explanation.positions[y, x, k]
    _draw_arrows(axes, np.stack([y, x], axis=1), positions, "white", 0.55)
    kernel = Circle(
        point[::-1], explanation.bandwidths[k], fill=False, edgecolor="white", linewidth=1.6 * stroke
    )
    kernel.set_path_effects([withStroke(linewidth=3.0 * stroke, foreground=DARK)])
    axes.add_patch(kernel)
    _draw_arrows(axes, cell[None], point[None], side_colour(k), 2.0)
    low, high = np.minimum((top, left), point - 0.3), np.maximum((bottom, right), point + 0.3)
    middle, half = (low + high) / 2, max(high - low) / 2
    axes.add_patch(Rectangle(middle[::-1] - half, 2 * half, 2 * half, facecolor=DARK, zorder=-1))
    axes.set(xlim=(middle[1] - half, middle[1] + half), ylim=(middle[0] + half, middle[0] - half))


def _draw_arrows(axes: Axes, cells: NDArray[Any], positions: NDArray[Any], colour: str, width: float) -> None:
    """Draw lines from cells (n, 2) to positions (n, 2), both y, x, each with a dot at its end."""
    lines, width = [*np.stack([cells, positions], axis=1)[..., ::-1]], width * _line_width(axes)
    for ink, wide in ((DARK, 2.2 * width), (colour, width)):
        axes.add_collection(LineCollection(lines, colors=ink, linewidths=wide, capstyle="round", zorder=4))
    dot: dict[str, Any] = {
        "s": (2.6 * width) ** 2,
        "c": colour,
        "edgecolors": DARK,
        "linewidths": 0.5 * width,
        "zorder": 5,
    }
    axes.scatter(positions[:, 1], positions[:, 0], **dot)


def draw_result(axes: Axes, explanation: Explanation) -> None:
    """Show the photo with the skeleton as `movenet run` draws it; grey if there is no person."""
    pose = explanation.pose
    picture, printed = _printed(explanation.image)
    if pose is None:
        picture = _dimmed(picture, 0.45)
    else:
        picture = draw(
            picture, [replace(pose, keypoints=printed.to_output(pose.keypoints).astype(np.float32), box=None)]
        )
    axes.imshow(picture, interpolation="antialiased")
    edge: dict[str, Any] = {"transform": axes.transAxes, "edgecolor": FAINT, "linewidth": 0.6}
    axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, **edge))


def draw_scores(axes: Axes, explanation: Explanation, chosen: int | None) -> None:
    """Draw a bar for the score of each keypoint; the name of the explained one is bold."""
    least = Style().min_score
    for k, score in enumerate(explanation.scores):
        colour = side_colour(k) if "_" in KEYPOINTS[k] else NOSE_BAR
        axes.barh(k, 1, height=0.62, color=EMPTY_BAR)
        axes.barh(k, score, height=0.62, color=colour, alpha=1.0 if score >= least else 0.4)
        style: dict[str, Any] = {"family": FAMILY, "va": "center_baseline", "fontsize": 8, "color": INK}
        style["weight"] = "bold" if k == chosen else "normal"
        axes.text(-0.03, k, KEYPOINTS[k].replace("_", " "), ha="right", **style)
        axes.text(1.03, k, f"{score:.2f}", **style)
    axes.axvline(least, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
    label = f"drawn from {least:g}"
    axes.text(least, len(KEYPOINTS) - 0.15, label, fontsize=6.8, color=GREY, family=FAMILY, ha="center")
    axes.set(xlim=(0, 1), ylim=(len(KEYPOINTS) - 0.5, -0.5))


def _show(axes: Axes, square: NDArray[np.uint8], explanation: Explanation) -> None:
    height, width = explanation.center_scores.shape
    axes.imshow(square, extent=(0, width, height, 0), interpolation="nearest")
    axes.set_autoscale_on(False)


def _dimmed(image: NDArray[np.uint8], light: float = 0.6, grey: float = 1.0) -> NDArray[np.uint8]:
    """Return a picture darkened by the factor `light`, with the share `grey` of its colour removed."""
    plain = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    return np.asarray(light * (grey * plain + (1 - grey) * image), np.uint8)


def _printed(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Crop]:
    """Return the photo at its size in the figure, and the crop that maps between both."""
    height, width = image.shape[:2]
    scale = PHOTO_PX / max(width, height)
    # Enlarged, half a pixel at each edge would be blended with the black padding.
    edge = 0.5 if scale > 1 and min(width, height) > 8 else 0.0
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    crop = Crop(edge, edge, width - 2 * edge, height - 2 * edge, *size)
    return crop.cut(image), crop


def _hundredth_pt(axes: Axes) -> float:
    """Return 1 % of the axes' width in points."""
    return float(axes.get_position().width * WIDTH * POINTS / 100)


def _line_width(axes: Axes) -> float:
    """Return the width in points of a line of nominal width 1, smaller on small axes."""
    return 0.35 + 0.4 * _hundredth_pt(axes)
