"""Accuracy of estimated poses against annotations in COCO's format."""

from movenet.evaluation.assessment import Assessment, assess, to_plain
from movenet.evaluation.coco_ap import score
from movenet.evaluation.comparison import Comparison, compare
from movenet.evaluation.estimates import Estimates, to_estimates
from movenet.evaluation.protocol import measure
from movenet.evaluation.truth import People, Truth, read_truth

__all__ = [
    "Assessment",
    "Comparison",
    "Estimates",
    "People",
    "Truth",
    "assess",
    "compare",
    "measure",
    "read_truth",
    "score",
    "to_estimates",
    "to_plain",
]
