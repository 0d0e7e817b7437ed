"""Accuracy of estimated poses against annotations in COCO's format."""

from movenet.evaluation.assessment import Assessment, assess, to_plain
from movenet.evaluation.coco_ap import score
from movenet.evaluation.estimates import Estimates, to_estimates
from movenet.evaluation.truth import People, Truth, read_truth

__all__ = [
    "Assessment",
    "Estimates",
    "People",
    "Truth",
    "assess",
    "read_truth",
    "score",
    "to_estimates",
    "to_plain",
]
