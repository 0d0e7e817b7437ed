"""The figures as a table, as JSON holds them, and as a plot."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from movenet.atomic import atomic_write
from movenet.errors import FileError, MissingExtraError
from movenet.video_evaluation.contest import OURS, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADS: Final = (
    "rule",
    "smoothing",
    "AP",
    "jitter",
    "lag ms",
    "found after s",
    "at most s",
    "late %",
    "lost s",
    "false %",
    "ms",
)
"""Of a table of `to_cells`: the median and longest wait, the longest loss, and time for a frame."""
DIGITS: Final = 4
"""Figures are written to the fourth digit after the point."""
INK: Final = "#1d2329"
GREY: Final = "#66717d"
COLOURS: Final = {"whole frame": "#9aa5b1", "Google's": "#d55e00", "tfjs's": "#e69f00", "ours": "#0072b2"}
"""Okabe and Ito's, told apart by every kind of colour vision."""


def to_cells(row: Row) -> tuple[str, ...]:
    """Return a row of the table under `HEADS`, as people read it."""
    f = row.figures
    return (
        row.contestant.rule,
        row.contestant.smoothing,
        _text(f.ap, 3),
        _text(f.jitter, 1),
        _text(1000 * f.lag_s, 0),
        _text(f.find_median_s, 2),
        _text(f.find_longest_s, 2),
        _text(100 * f.find_late, 0),
        _text(f.longest_loss_s, 2),
        _text(100 * f.false_poses, 0),
        _text(1000 * f.frame_s, 1),
    )


def to_plain(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as JSON holds them, rounded; null where there was nothing to measure or no end to a wait."""
    return [
        asdict(row.contestant)
        | {
            name: round(value, DIGITS) if math.isfinite(value) else None
            for name, value in asdict(row.figures).items()
        }
        for row in rows
    ]


def write_report(folder: Path, figures: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Write figures.json and tradeoff.svg into a folder, which is made if it is missing.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        FileError: if a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {error.strerror}") from None
    with atomic_write(folder / "figures.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    write_plot(folder / "tradeoff.svg", rows)


def write_plot(path: Path, rows: Sequence[Row]) -> None:
    """Draw AP against the longest loss, and jitter against lag, as an SVG file that appears when it is whole.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        FileError: if the file cannot be written.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "eval", "drawing the plot") from None
    look: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "video",
        "text.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(look):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_rules(left, rows)
        _draw_smoothings(right, rows)
        with atomic_write(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})


def _draw_rules(axes: Axes, rows: Sequence[Row]) -> None:
    unsmoothed = [row for row in rows if row.contestant.smoothing == "off"]
    for row in unsmoothed:
        _dot(axes, row, row.figures.longest_loss_s, row.figures.ap, row.contestant.rule)
    longest_s = max(row.figures.longest_loss_s for row in unsmoothed)
    axes.axvline(0.5, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(title="where to look next, unsmoothed", xlabel="longest loss, s", ylabel="AP")
    axes.margins(y=0.15)
    axes.set_xlim(0, max(1.4 * longest_s, 1))


def _draw_smoothings(axes: Axes, rows: Sequence[Row]) -> None:
    ours = [row for row in rows if row.contestant.rule == OURS.rule]
    for row in ours:
        _dot(axes, row, 1000 * row.figures.lag_s, row.figures.jitter, row.contestant.smoothing)
    half = next(row.figures.jitter / 2 for row in ours if row.contestant == OURS)
    axes.axhline(half, color=GREY, linewidth=0.8, linestyle=":")
    axes.axvline(35, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(title="smoothing of ours", xlabel="lag, ms", ylabel="jitter, person sizes/s²")
    axes.margins(x=0.25, y=0.15)
    axes.set_ylim(bottom=0)


def _dot(axes: Axes, row: Row, x: float, y: float, label: str) -> None:
    if not (math.isfinite(x) and math.isfinite(y)):
        return
    axes.scatter([x], [y], color=COLOURS[row.contestant.rule], zorder=3)
    axes.annotate(label, (x, y), xytext=(7, 4), textcoords="offset points")


def _text(value: float, digits: int) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.{digits}f}" if math.isfinite(value) else "never"
