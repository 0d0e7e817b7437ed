"""The sheet that the figure is drawn on: axes and text at positions in inches from its top-left corner."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle
from matplotlib.textpath import text_to_path

WIDTH: Final = 12.0
MARGIN: Final = 0.5
DPI: Final = 200
"""Gives a width of 2400 pixels."""

INK: Final = "#15191e"
GREY: Final = "#5f6975"
FAINT: Final = "#d5dbe1"
ACCENT: Final = "#2b5d8a"
FAMILY: Final = "DejaVu Sans"
"""Font included in matplotlib, so that the figure is the same on every computer."""
MONO: Final = "DejaVu Sans Mono"

LEADING: Final = 1.38
"""Line spacing, in font sizes."""
POINTS: Final = 72.0
"""Points per inch."""


class Sheet:
    """A white figure 12 inches wide. x and y are inches from its left and top edges."""

    def __init__(self, height: float):
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes without frame and ticks on a part of the sheet."""
        part = (x / WIDTH, 1 - (y + height) / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(part)
        axes.set_axis_off()
        return axes

    def write(self, x: float, y: float, text: str, size: float, **style: Any) -> None:
        """Write one line of text with its top-left corner at x, y; `size` in points."""
        style = {"family": FAMILY, "color": INK, "va": "top", "parse_math": False, **style}
        self.figure.text(x / WIDTH, 1 - y / self.height, text, fontsize=size, **style)

    def write_lines(self, x: float, y: float, text: str, width: float, **style: Any) -> float:
        """Write text in lines of at most `width` inches and return the y below the last line."""
        size = style.pop("size", 7.6)
        for line in wrap(text, width, FontProperties(family=style.get("family", FAMILY), size=size)):
            self.write(x, y, line, size, **style)
            y += LEADING * size / POINTS
        return y

    def rule(self, y: float) -> None:
        """Draw a thin horizontal line from margin to margin."""
        axes = self.axes(MARGIN, y - 0.05, WIDTH - 2 * MARGIN, 0.1)
        axes.axhline(0, color=FAINT, linewidth=0.8)

    def badge(self, x: float, y: float, number: str) -> None:
        """Draw the number of a step in a disc with center x, y."""
        axes = self.axes(x - 0.13, y - 0.13, 0.26, 0.26)
        draw_badge(axes, 0, 0, number)
        axes.set(xlim=(-0.13, 0.13), ylim=(-0.13, 0.13))


def draw_badge(axes: Axes, x: float, y: float, number: str) -> None:
    """Draw the number of a step in a disc, on axes in inches."""
    axes.add_patch(Circle((x, y), 0.112, facecolor=INK, edgecolor="none"))
    style: dict[str, Any] = {
        "family": FAMILY,
        "color": "white",
        "weight": "bold",
        "ha": "center",
        "va": "center_baseline",
    }
    axes.text(x, y, number, fontsize=8.2, **style)


def wrap(text: str, width: float, font: FontProperties) -> list[str]:
    """Break text at spaces into lines of at most `width` inches; line breaks in the text are kept."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and measure(longer, font) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def measure(text: str, font: FontProperties) -> float:
    """Return the width of a line of text in inches."""
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / POINTS
