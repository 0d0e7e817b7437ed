"""How good estimates are, against people that somebody annotated, in COCO's format."""

from movenet.evaluation.assessment import Assessment, assess, to_plain
from movenet.evaluation.estimates import Estimates, read_results, to_estimates, to_results, write_results
from movenet.evaluation.precision import score
from movenet.evaluation.truth import CocoImage, People, Truth, read_annotations, read_truth

__all__ = [
    "Assessment",
    "CocoImage",
    "Estimates",
    "People",
    "Truth",
    "assess",
    "read_annotations",
    "read_results",
    "read_truth",
    "score",
    "to_estimates",
    "to_plain",
    "to_results",
    "write_results",
]
