"""The plots of a report, as SVG elements. Importing this module needs matplotlib (extra `eval`)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from movenet.evaluation.calibration import Calibration, Reliability
from movenet.evaluation.errors import CLASSES, Costs, Diagnosis
from movenet.evaluation.report_text import COST_LABELS
from movenet.pose import KEYPOINTS

INK: Final = "#1d2329"
GREY: Final = "#66717d"
FAINT: Final = "#dfe4e9"
ACCENT: Final = "#0072b2"
CLASS_COLOURS: Final = {
    "good": "#dfe4e9",
    "jitter": "#f0c02e",
    "inversion": "#0072b2",
    "swap": "#cc79a7",
    "miss": "#d55e00",
}
"""Okabe and Ito's palette, distinguishable by every kind of colour vision; good keypoints in pale grey."""


def plot_costs(costs: Costs) -> str:
    """Draw AP and the AP that each kind of error costs, stacked up to 1."""
    gains = {**costs.cumulative, "rest": costs.rest}
    labels = ["AP", *(COST_LABELS[name] for name in gains)]
    lengths = np.array([costs.ap, *gains.values()])
    starts = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    colours = [INK, *(CLASS_COLOURS.get(name, "#9aa5b1") for name in gains)]
    colours[-1] = FAINT

    def draw(axes: Axes) -> None:
        rows = np.arange(len(labels))
        axes.barh(rows, lengths, left=starts, color=colours, height=0.72)
        for row, start, length in zip(rows, starts, lengths, strict=True):
            end = max(start, start + length)
            axes.text(end + 0.012, float(row), f"{length:.3f}", va="center", color=INK, fontsize=9)
        axes.set(yticks=rows, yticklabels=labels, xlim=(0, 1.1), ylim=(len(rows) - 0.4, -0.6))
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.set_xlabel("AP")

    return _svg("costs", (7.6, 3.3), draw)


def plot_classes(diagnosis: Diagnosis) -> str:
    """Draw the share of each error class in the labelled keypoints, a bar for each keypoint."""
    shares = np.nan_to_num(diagnosis.shares())

    def draw(axes: Axes) -> None:
        rows = np.arange(len(KEYPOINTS))
        start = np.zeros(len(KEYPOINTS))
        for i, name in enumerate(CLASSES):
            axes.barh(rows, shares[:, i], left=start, color=CLASS_COLOURS[name], label=name, height=0.78)
            start = start + shares[:, i]
        names = [name.replace("_", " ") for name in KEYPOINTS]
        axes.set(yticks=rows, yticklabels=names, xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6))
        axes.set_xlabel("share of the labelled keypoints")
        axes.legend(
            ncols=5, loc="lower left", bbox_to_anchor=(-0.02, 1.0), handlelength=0.8, columnspacing=1.0
        )

    return _svg("classes", (5.4, 5.6), draw)


def plot_reliability(calibration: Calibration, name: str) -> str:
    """Draw the share of correct keypoints against the score: as it is, and mapped by the fitted curve."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        _line(axes, calibration.before, colour="#d55e00", label="as it is")
        _line(axes, calibration.after, colour=ACCENT, label="mapped, on held-out pictures")
        axes.set(
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            xlabel="keypoint score",
            ylabel="share of correct keypoints",
        )
        axes.set_aspect("equal")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.02))

    return _svg(f"reliability {name}", (4.4, 4.2), draw)


def _line(axes: Axes, reliability: Reliability, *, colour: str, label: str) -> None:
    """Draw a line through the bins; the area of each dot shows the number of keypoints in the bin."""
    filled = reliability.counts > 0
    scores, correct = reliability.scores[filled], reliability.correct[filled]
    areas = 6 + 140 * reliability.counts[filled] / max(int(reliability.counts.max()), 1)
    axes.plot(scores, correct, color=colour, linewidth=1, label=label)
    axes.scatter(scores, correct, s=areas, color=colour, alpha=0.75, linewidths=0, zorder=3)


def _svg(name: str, size_in: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    """Return an SVG element; `name` makes its ids unique in the page."""
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 9.5,
        "text.color": INK,
        "axes.labelcolor": GREY,
        "axes.edgecolor": GREY,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": GREY,
        "ytick.color": INK,
        "ytick.major.size": 0,
        "legend.frameon": False,
        "legend.fontsize": 9,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=size_in, layout="constrained")
        draw(figure.add_subplot())
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
