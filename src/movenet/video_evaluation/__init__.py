"""How well a person is followed through a video: rules and smoothings side by side on clips of exact truth."""

from movenet.video_evaluation.baselines import GoogleRule, TfjsRule, WholeFrame
from movenet.video_evaluation.contest import Contestant, Row, compare, contestants
from movenet.video_evaluation.figures import Figures, measure
from movenet.video_evaluation.report import HEADS, to_cells, to_plain, write_plot, write_report
from movenet.video_evaluation.track import Track

__all__ = [
    "HEADS",
    "Contestant",
    "Figures",
    "GoogleRule",
    "Row",
    "TfjsRule",
    "Track",
    "WholeFrame",
    "compare",
    "contestants",
    "measure",
    "to_cells",
    "to_plain",
    "write_plot",
    "write_report",
]
