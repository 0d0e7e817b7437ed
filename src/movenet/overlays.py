"""Overlays on pictures with skeletons: arcs of the joint angles, trails of keypoints, a heat map, and a counter."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.analysis import Angle
from movenet.analysis.definitions import JOINT_ANGLES, JOINT_POINTS
from movenet.drawing import PALETTES, Style
from movenet.pose import KEYPOINTS, MIRROR, Pose
from movenet.surface import Colour

TRAIL_S: Final = 1.0
"""Trails show where keypoints were in this time."""
TRAIL_POINTS: Final = tuple(
    KEYPOINTS.index(f"{side}_{name}") for name in ("wrist", "ankle") for side in ("left", "right")
)
HEAT_CELL_PX: Final = 8
"""Side of a cell of a heat map, in pixels of the picture."""
HEAT_SPREAD: Final = 0.03
"""Standard deviation with which a keypoint counts for the cells around it, relative to the picture's longer side."""
HEAT_OPACITY: Final = 0.65
"""Opacity of the cell where people were for the longest time, 0…1."""
_DARK: Final[Colour] = (22, 22, 22)
_WHITE: Final[Colour] = (255, 255, 255)
_FONT: Final = cv2.FONT_HERSHEY_DUPLEX
_DIGIT_PX: Final = 21
"""Height of a digit of the font at scale 1."""


def draw_angles(
    image: NDArray[np.uint8],
    poses: Sequence[Pose],
    angles: Sequence[Mapping[str, Angle]],
    style: Style | None = None,
) -> None:
    """Draw an arc and the degrees at every joint whose angle is known, into `image` (H, W, 3) uint8 RGB.

    Args:
        image: the picture, changed in place.
        poses: the people.
        angles: of each person, as `movenet.analysis.measure_angles` returns them.
        style: joints with a keypoint below its `min_score` get no arc.
    """
    style = style or Style()
    for pose, measured in zip(poses, angles, strict=True):
        bounds = pose.bounds(style.min_score)
        if bounds is None:
            continue
        size_px = min(max(bounds[2:]), 2.0 * max(image.shape))
        for name, points in zip(JOINT_ANGLES, JOINT_POINTS, strict=True):
            shown = (pose.scores[points] >= style.min_score).all() and np.isfinite(measured[name].degrees)
            if shown:
                corner = pose.keypoints[points].astype(np.float64) - 0.5
                joint_px = _draw_arc(image, corner, size_px, _side_colour(name, style))
                # On the side away from the same joint of the other limb.
                other_x = pose.keypoints[MIRROR[points[1]], 0]
                away = np.array([-1.0 if corner[1, 0] < other_x else 1.0, 0.0])
                height = max(8.0, size_px / 38)
                middle = corner[1] + (joint_px + 1.3 * height) * away
                draw_plate(image, f"{measured[name].degrees:.0f}", middle, height, _side_colour(name, style))


def _side_colour(name: str, style: Style) -> Colour:
    palette = PALETTES.get(style.palette, PALETTES["clear"])
    return palette.left if name.startswith("left_") else palette.right


def _draw_arc(image: NDArray[np.uint8], corner: NDArray[np.float64], size_px: float, colour: Colour) -> float:
    """Draw the arc between the limbs at corner[1], and return its radius in pixels."""
    start, joint, end = corner
    turns = np.degrees(np.arctan2(*(np.stack([start, end]) - joint).T[::-1]))
    first = float(turns[0])
    sweep = float((turns[1] - turns[0] + 180) % 360 - 180)
    radius = max(5, round(0.045 * size_px))
    centre = np.clip(np.round(joint), -32000, 32000).astype(int).tolist()
    for ink, width in ((_DARK, 4), (colour, 2)):
        thickness = max(1, round(width * size_px / 500))
        cv2.ellipse(image, centre, (radius, radius), 0.0, first, first + sweep, ink, thickness, cv2.LINE_AA)
    return float(radius)


def draw_plate(
    image: NDArray[np.uint8],
    text: str,
    middle: NDArray[np.float64],
    height_px: float,
    ink: Colour = _WHITE,
) -> None:
    """Draw a text on a dark plate around a point (x, y), moved into the picture; digits are `height_px` high."""
    scale = height_px / _DIGIT_PX
    thickness = max(1, round(1.2 * scale))
    width = cv2.getTextSize(text, _FONT, scale, thickness)[0][0]
    pad = 0.4 * height_px
    reach = np.array([width / 2 + pad, height_px / 2 + pad])
    limit = np.maximum(np.array(image.shape[1::-1]) - reach, reach)
    x, y = np.clip(middle, reach, limit)
    low = (round(x - reach[0]), round(y - reach[1]))
    cv2.rectangle(image, low, (round(x + reach[0]), round(y + reach[1])), _DARK, cv2.FILLED, cv2.LINE_AA)
    place = (round(x - width / 2), round(y + height_px / 2))
    cv2.putText(image, text, place, _FONT, scale, ink, thickness, cv2.LINE_AA)


def draw_counts(image: NDArray[np.uint8], counts: Mapping[int | None, int], name: str) -> None:
    """Draw the number of repetitions of each person at the top left of the picture."""
    height = max(10.0, min(image.shape[:2]) / 20)
    for row, (person, count) in enumerate(counts.items()):
        text = f"{name} {count}" if len(counts) == 1 else f"#{person} {name} {count}"
        draw_plate(image, text, np.array([0.0, (1 + 2 * row) * height]), height)


@dataclass(slots=True)
class Trails:
    """Where the wrists and ankles of each person were in the last `TRAIL_S` seconds."""

    _places: dict[tuple[int | None, int], deque[tuple[float, NDArray[np.float64]]]] = field(
        default_factory=dict
    )

    def draw(
        self, image: NDArray[np.uint8], poses: Sequence[Pose], time_s: float, style: Style | None = None
    ) -> None:
        """Add the poses of the next frame and draw all trails into `image` (H, W, 3) uint8 RGB."""
        style = style or Style()
        for pose in poses:
            for point in TRAIL_POINTS[: len(pose.keypoints)]:
                at = pose.keypoints[point].astype(np.float64) - 0.5
                if pose.scores[point] >= style.min_score and np.isfinite(at).all():
                    self._places.setdefault((pose.id, point), deque()).append((time_s, at))
        for (_, point), places in self._places.items():
            while places and places[0][0] < time_s - TRAIL_S:
                places.popleft()
            path = np.clip(np.array([place for _, place in places]), -1e4, 1e4)
            width = max(1, round(min(image.shape[:2]) / 240))
            if len(path) > 1:
                line = np.round(path * 16).astype(np.int32)
                cv2.polylines(
                    image, [line], False, _side_colour(KEYPOINTS[point], style), width, cv2.LINE_AA, 4
                )


@dataclass(slots=True)
class HeatMap:
    """Where the people of a video have been so far: the visible keypoints of all frames, counted by place."""

    _counts: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """(⌈H / 8⌉, ⌈W / 8⌉)."""

    def draw(self, image: NDArray[np.uint8], poses: Sequence[Pose], style: Style | None = None) -> None:
        """Add the poses of the next frame and draw the map into `image` (H, W, 3) uint8 RGB.

        From blue to red for ever longer times; transparent where nobody was.
        """
        height, width = image.shape[:2]
        shape = (-(-height // HEAT_CELL_PX), -(-width // HEAT_CELL_PX))
        if self._counts.shape != shape:
            self._counts = np.zeros(shape, np.float32)
        self._add(poses, (style or Style()).min_score)
        spread = HEAT_SPREAD * max(shape)
        heat = cv2.GaussianBlur(self._counts, (0, 0), spread, borderType=cv2.BORDER_CONSTANT)
        if not heat.max() > 0:
            return
        heat = cv2.resize(np.sqrt(heat / heat.max()), (width, height), interpolation=cv2.INTER_LINEAR)
        colours = cv2.applyColorMap(np.round(255 * heat).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
        opacity = HEAT_OPACITY * np.clip(3 * heat, 0, 1)[..., None]
        image[:] = np.round(image + opacity * (colours.astype(np.float32) - image)).astype(np.uint8)

    def _add(self, poses: Sequence[Pose], min_score: float) -> None:
        rows, columns = self._counts.shape
        for pose in poses:
            points = pose.keypoints[(pose.scores >= min_score) & np.isfinite(pose.keypoints).all(axis=1)]
            x, y = np.floor(np.clip(points, -1e6, 1e6) / HEAT_CELL_PX).astype(int).T
            inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
            np.add.at(self._counts, (y[inside], x[inside]), 1)
