"""Methods to track many people by ids, on scenes of people who cross, leave and come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from movenet.estimator import Estimator
from movenet.synthetic.camera import FrameTruth
from movenet.video import PoseFunction, VideoEstimator
from movenet.video_evaluation.harness import Comparison
from movenet.video_evaluation.multi_person_metrics import MultiPersonMetrics, measure_ids
from movenet.video_evaluation.tfjs_tracker import TfjsTracker


@dataclass(frozen=True, slots=True)
class MultiPersonMethod:
    """One way to track many people."""

    way: str
    """Its name."""


COLUMNS: Final[Mapping[str, Callable[[MultiPersonMethod, MultiPersonMetrics], str]]] = {
    "way": lambda method, _: method.way,
    "HOTA": lambda _, m: f"{m.hota:.3f}",
    "DetA": lambda _, m: f"{m.found:.3f}",
    "AssA": lambda _, m: f"{m.kept:.3f}",
    "MOTA": lambda _, m: f"{m.mota:.3f}",
    "IDF1": lambda _, m: f"{m.idf1:.3f}",
    "switches": lambda _, m: f"{m.switches}",
    "shared ids": lambda _, m: f"{m.shared_ids}",
    "ids per person": lambda _, m: f"{m.ids_per_person:.2f}",
    "ms": lambda _, m: f"{1000 * m.frame_s:.1f}",
}


def multi_person_comparison(
    estimator: Estimator,
) -> Comparison[Sequence[FrameTruth], MultiPersonMethod, MultiPersonMetrics]:
    """Return the comparison of all methods to track many people, with an estimator of many people."""
    methods: Mapping[MultiPersonMethod, Callable[[], PoseFunction]] = {
        MultiPersonMethod("tfjs's ids"): lambda: TfjsTracker(estimator),
        MultiPersonMethod("ours, off"): VideoEstimator(estimator, smoothing=None).stream,
        MultiPersonMethod("ours, causal"): VideoEstimator(estimator).stream,
    }
    return Comparison(
        methods, lambda runs: {method: measure_ids(found) for method, found in runs.items()}, COLUMNS
    )
