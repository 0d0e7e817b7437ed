"""A figure that explains MoveNet on any photo: every step from the pixels to the pose.

`explain` computes the steps, `draw_figure` draws them (extra `explain`), `write_figure` writes the figure to a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from movenet.atomic import atomic_write
from movenet.errors import MediaError, MissingExtraError
from movenet.explain.steps import Explanation, explain, find_keypoint, most_instructive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "FIGURE_SUFFIXES",
    "Explanation",
    "check_request",
    "draw_figure",
    "explain",
    "most_instructive",
    "write_figure",
]

FIGURE_SUFFIXES: Final = (".pdf", ".png", ".svg")
"""File formats of `write_figure`."""


def draw_figure(explanation: Explanation, keypoint: str | None = None) -> Figure:
    """Draw the figure, 2400 pixels wide.

    Args:
        explanation: the result of `explain`.
        keypoint: name of the keypoint to show, such as "left_wrist"; "all": all 17; None: the most instructive one.

    Raises:
        DataError: if there is no such keypoint.
        MissingExtraError: if matplotlib is not installed.
    """
    shown = None if keypoint == "all" else _index(explanation, keypoint)
    try:
        import matplotlib.style

        from movenet.explain.figure import compose
    except ImportError as problem:
        raise MissingExtraError("matplotlib", "explain", "drawing an explanation") from problem
    with matplotlib.style.context("default"):
        return compose(explanation, shown)


def write_figure(path: str | Path, figure: Figure) -> None:
    """Write a figure to a PNG, PDF or SVG file, which appears only when it is complete.

    Raises:
        MediaError: if the suffix is not in `FIGURE_SUFFIXES`, or the file cannot be written.
    """
    check_request(path)
    import matplotlib.style

    with atomic_write(path) as temporary, matplotlib.style.context("default"):
        figure.savefig(temporary, format=Path(path).suffix[1:].lower())


def check_request(path: str | Path, keypoint: str | None = None) -> None:
    """Check the path and the keypoint of a figure before computing it.

    Raises:
        MediaError: if the suffix is not in `FIGURE_SUFFIXES`.
        DataError: if there is no such keypoint.
    """
    if Path(path).suffix.lower() not in FIGURE_SUFFIXES:
        raise MediaError(f"expected a figure's name to end in {', '.join(FIGURE_SUFFIXES)}, got '{path}'")
    if keypoint not in (None, "all"):
        find_keypoint(keypoint)


def _index(explanation: Explanation, keypoint: str | None) -> int:
    return most_instructive(explanation) if keypoint is None else find_keypoint(keypoint)
