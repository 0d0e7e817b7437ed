"""The plot of a single-person comparison: AP against the longest loss, and jitter against lag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from movenet.atomic import atomic_write
from movenet.errors import MissingExtraError
from movenet.video_evaluation.harness import Row
from movenet.video_evaluation.single_person import OURS, SinglePersonMethod
from movenet.video_evaluation.single_person_metrics import SinglePersonMetrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Sequence[Row[SinglePersonMethod, SinglePersonMetrics]]

INK: Final = "#1d2329"
GREY: Final = "#66717d"
COLOURS: Final = {"whole frame": "#9aa5b1", "Google's": "#d55e00", "tfjs's": "#e69f00", "ours": "#0072b2"}
"""Okabe and Ito's palette, distinguishable by every kind of colour vision."""


def write_plot(path: Path, rows: Rows) -> None:
    """Write the plot as an SVG file, atomically.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        FileError: if the file cannot be written.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "eval", "drawing the plot") from None
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "video",
        "text.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_rules(left, rows)
        _draw_smoothings(right, rows)
        with atomic_write(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})


def _draw_rules(axes: Axes, rows: Rows) -> None:
    unsmoothed = [row for row in rows if row.method.smoothing == "off"]
    for row in unsmoothed:
        _draw_dot(axes, row.method.rule, row.metrics.longest_loss_s, row.metrics.ap, row.method.rule)
    longest_s = max(row.metrics.longest_loss_s for row in unsmoothed)
    axes.axvline(0.5, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(title="crop rule, unsmoothed", xlabel="longest loss, s", ylabel="AP")
    axes.margins(y=0.15)
    axes.set_xlim(0, max(1.4 * longest_s, 1))


def _draw_smoothings(axes: Axes, rows: Rows) -> None:
    ours = [row for row in rows if row.method.rule == OURS.rule]
    for row in ours:
        lag_ms = 1000 * row.metrics.lag_s
        _draw_dot(axes, row.method.rule, lag_ms, row.metrics.jitter, row.method.smoothing)
    half = next(row.metrics.jitter / 2 for row in ours if row.method == OURS)
    axes.axhline(half, color=GREY, linewidth=0.8, linestyle=":")
    axes.axvline(35, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(title="smoothing of ours", xlabel="lag, ms", ylabel="jitter, person sizes/s²")
    axes.margins(x=0.25, y=0.15)
    axes.set_ylim(bottom=0)


def _draw_dot(axes: Axes, rule: str, x: float, y: float, label: str) -> None:
    if not (math.isfinite(x) and math.isfinite(y)):
        return
    axes.scatter([x], [y], color=COLOURS[rule], zorder=3)
    axes.annotate(label, (x, y), xytext=(7, 4), textcoords="offset points")
