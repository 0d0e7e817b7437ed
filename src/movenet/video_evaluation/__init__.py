"""Accuracy of tracking in videos: methods and smoothings side by side on synthetic clips of exact ground truth."""

from movenet.video_evaluation.harness import Comparison, Row, Run, run_methods, to_plain, write_report
from movenet.video_evaluation.multi_person import multi_person_comparison
from movenet.video_evaluation.plot import write_plot
from movenet.video_evaluation.single_person import single_person_comparison

__all__ = [
    "Comparison",
    "Row",
    "Run",
    "multi_person_comparison",
    "run_methods",
    "single_person_comparison",
    "to_plain",
    "write_plot",
    "write_report",
]
