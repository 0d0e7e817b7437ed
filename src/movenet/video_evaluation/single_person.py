"""Methods to track one person: baselines, and this package with each kind of smoothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from movenet.analysis import repair_recording
from movenet.estimator import Estimator
from movenet.smoothing import TFJS
from movenet.synthetic.camera import FrameTruth
from movenet.video import ONE_EURO, PoseFunction, VideoEstimator, smooth_recording
from movenet.video_evaluation.baselines import GoogleRule, TfjsRule, WholeFrame
from movenet.video_evaluation.harness import Comparison, Run
from movenet.video_evaluation.single_person_metrics import SinglePersonMetrics, measure
from movenet.video_evaluation.single_person_run import SinglePersonRun


@dataclass(frozen=True, slots=True)
class SinglePersonMethod:
    """One way to track a person."""

    rule: str
    """What decides the crop of the next frame."""
    smoothing: str


OURS: Final = SinglePersonMethod("ours", "off")
OFFLINE: Final = SinglePersonMethod("ours", "offline")
REPAIRED: Final = SinglePersonMethod("ours", "sides repaired")
Runs = Mapping[SinglePersonMethod, Sequence[Run[FrameTruth]]]

COLUMNS: Final[Mapping[str, Callable[[SinglePersonMethod, SinglePersonMetrics], str]]] = {
    "rule": lambda method, _: method.rule,
    "smoothing": lambda method, _: method.smoothing,
    "AP": lambda _, m: _text(m.ap, 3),
    "jitter": lambda _, m: _text(m.jitter, 1),
    "lag ms": lambda _, m: _text(1000 * m.lag_s, 0),
    "found after s": lambda _, m: _text(m.find_median_s, 2),
    "at most s": lambda _, m: _text(m.find_longest_s, 2),
    "late %": lambda _, m: _text(100 * m.find_late, 0),
    "lost s": lambda _, m: _text(m.longest_loss_s, 2),
    "right %": lambda _, m: _text(100 * m.right, 1),
    "wrong %": lambda _, m: _text(100 * m.wrong, 1),
    "false %": lambda _, m: _text(100 * m.false_poses, 0),
    "swaps %": lambda _, m: _text(100 * m.swap_rate, 2),
    "ms": lambda _, m: _text(1000 * m.frame_s, 1),
}


def single_person_comparison(
    estimator: Estimator,
) -> Comparison[FrameTruth, SinglePersonMethod, SinglePersonMetrics]:
    """Return the comparison of all methods to track one person."""
    methods: Mapping[SinglePersonMethod, Callable[[], PoseFunction]] = {
        SinglePersonMethod("whole frame", "off"): lambda: WholeFrame(estimator),
        SinglePersonMethod("Google's", "off"): lambda: GoogleRule(estimator),
        SinglePersonMethod("tfjs's", "off"): lambda: TfjsRule(estimator),
        SinglePersonMethod("tfjs's", "tfjs"): lambda: TfjsRule(estimator, TFJS),
        OURS: VideoEstimator(estimator, smoothing=None).stream,
        SinglePersonMethod("ours", "tfjs"): VideoEstimator(estimator, smoothing=TFJS).stream,
        SinglePersonMethod("ours", "causal"): VideoEstimator(estimator, smoothing=ONE_EURO).stream,
    }
    return Comparison(methods, lambda runs: measure_all(runs, estimator.min_score), COLUMNS)


def measure_all(runs: Runs, min_score: float) -> dict[SinglePersonMethod, SinglePersonMetrics]:
    """Return the metrics of all methods, and of `OURS` smoothed (`OFFLINE`) or repaired (`REPAIRED`) as a recording."""
    runs = {
        **runs,
        OFFLINE: [smooth_offline(run) for run in runs[OURS]],
        REPAIRED: [repair_offline(run) for run in runs[OURS]],
    }
    converted = {method: [SinglePersonRun.of(run) for run in found] for method, found in runs.items()}
    return {
        method: measure(found, converted.get(replace(method, smoothing="off"), found), min_score)
        for method, found in converted.items()
    }


def smooth_offline(run: Run[FrameTruth]) -> Run[FrameTruth]:
    """Return the run, smoothed as a recording."""
    start_s = time.perf_counter()
    poses = smooth_recording([i / run.rate_hz for i in range(len(run.poses))], run.poses)
    return replace(run, poses=poses, busy_s=run.busy_s + time.perf_counter() - start_s)


def repair_offline(run: Run[FrameTruth]) -> Run[FrameTruth]:
    """Return the run with exchanged limbs put right."""
    start_s = time.perf_counter()
    poses = repair_recording([i / run.rate_hz for i in range(len(run.poses))], run.poses)
    return replace(run, poses=poses, busy_s=run.busy_s + time.perf_counter() - start_s)


def _text(value: float, digits: int) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.{digits}f}" if math.isfinite(value) else "never"
