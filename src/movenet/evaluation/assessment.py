"""All metrics of one list of results, and their form in JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.evaluation.calibration import Calibration, Reliability, calibrate
from movenet.evaluation.coco_ap import score
from movenet.evaluation.errors import (
    CLASSES,
    DETECTION_ERRORS,
    KEYPOINT_ERRORS,
    Costs,
    Diagnosis,
    costs,
    diagnose,
)
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.matching import Pairs, pair
from movenet.evaluation.metrics import (
    PCK_THRESHOLD,
    Group,
    Pck,
    ap_by_keypoint,
    ap_by_labelled_count,
    false_positives,
    pck,
)
from movenet.evaluation.truth import Truth
from movenet.pose import KEYPOINTS

DIGITS: Final = 4
"""Decimal places of metrics in JSON."""
MEDIUM: Final = (32.0**2, 96.0**2)
"""Range of the areas of COCO's medium people, in square pixels, inclusive; larger people are large."""


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """All metrics of one list of results."""

    truth: Truth
    estimates: Estimates
    pairs: Pairs
    scores: dict[str, float]
    """AP, AP50, AP75, APM, APL, AR, ARM, ARL."""
    keypoint_ap: NDArray[np.float64]
    """Shape (17,); NaN where no person has the keypoint labelled."""
    pck: Pck
    groups: list[Group]
    """AP of people grouped by their number of labelled keypoints."""
    diagnosis: Diagnosis
    costs: Costs
    calibration: tuple[Calibration, Calibration] | None
    """Of all keypoints, and of the labelled ones; None if scores are outside 0…1."""
    false_positives: dict[float, float] | None
    """Score threshold → false positives per picture without people; None if every picture shows people."""

    def by_size(self) -> dict[str, tuple[int, float, float]]:
        """Return the number, AP and AR of medium and of large people."""
        areas = self.truth.people.areas[~self.truth.people.ignored]
        low, high = MEDIUM
        medium, large = int(((areas >= low) & (areas <= high)).sum()), int((areas >= high).sum())
        s = self.scores
        return {"medium": (medium, s["APM"], s["ARM"]), "large": (large, s["APL"], s["ARL"])}


def assess(truth: Truth, estimates: Estimates) -> Assessment:
    """Compute all metrics. On 500 pictures it takes a second or two.

    Raises:
        MissingExtraError: if the evaluation's package is missing.
    """
    people = truth.people
    pairs = pair(people, estimates)
    diagnosis = diagnose(people, estimates, pairs)
    return Assessment(
        truth=truth,
        estimates=estimates,
        pairs=pairs,
        scores=score(truth, estimates),
        keypoint_ap=ap_by_keypoint(people, estimates),
        pck=pck(people, estimates, pairs),
        groups=ap_by_labelled_count(people, estimates, pairs),
        diagnosis=diagnosis,
        costs=costs(people, estimates, diagnosis),
        calibration=calibrate(people, estimates, pairs),
        false_positives=false_positives(estimates, truth.person_free()),
    )


def to_plain(assessment: Assessment) -> dict[str, Any]:
    """Return the metrics for JSON, rounded; undefined ones are null.

    `{"AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "PCK", "by_keypoint", "by_size", "by_labelled",
    "errors", "calibration", "false_positives"}`
    """
    a = assessment
    figures = {name: a.scores[name] for name in ("AP", "AP50", "AP75", "APM", "APL", "AR")}
    return {
        **rounded(figures),
        "images": len(a.truth.files),
        "people": a.truth.counted(),
        "PCK": rounded({"share": PCK_THRESHOLD, "mean": a.pck.mean, "people": a.pck.people}),
        "by_keypoint": _by_keypoint(a),
        "by_size": {
            name: rounded({"people": people, "AP": ap, "AR": ar})
            for name, (people, ap, ar) in a.by_size().items()
        },
        "by_labelled": {g.name: rounded({"people": g.people, "AP": g.ap}) for g in a.groups},
        "errors": _errors(a),
        "calibration": None if a.calibration is None else _calibrations(*a.calibration),
        "false_positives": None
        if a.false_positives is None
        else {str(least): round(rate, DIGITS) for least, rate in a.false_positives.items()},
    }


def _by_keypoint(a: Assessment) -> dict[str, Any]:
    labelled = a.truth.people.labelled[~a.truth.people.ignored].sum(axis=0)
    columns = zip(KEYPOINTS, labelled.tolist(), a.keypoint_ap, a.pck.by_keypoint, strict=True)
    return {name: rounded({"labelled": count, "AP": ap, "PCK": share}) for name, count, ap, share in columns}


def _errors(a: Assessment) -> dict[str, Any]:
    shares = zip(KEYPOINTS, a.diagnosis.shares(), strict=True)
    return {
        "share": rounded(a.diagnosis.share()),
        "order": [*KEYPOINT_ERRORS, *DETECTION_ERRORS],
        "AP_cost": rounded({**a.costs.cumulative, "rest": a.costs.rest}),
        "AP_cost_alone": rounded(a.costs.alone),
        "by_keypoint": {name: rounded(dict(zip(CLASSES, row, strict=True))) for name, row in shares},
    }


def _calibrations(every: Calibration, labelled: Calibration) -> dict[str, Any]:
    return {"every": _calibration(every), "labelled": _calibration(labelled)}


def _calibration(calibration: Calibration) -> dict[str, Any]:
    curve = calibration.curve
    return {
        "ECE": _round(calibration.before.ece),
        "bins": _bins(calibration.before),
        "fitted": rounded({"slope": curve.slope, "intercept": curve.intercept}),
        "ECE_held_out": rounded({"before": calibration.held_out.ece, "after": calibration.after.ece}),
    }


def _bins(reliability: Reliability) -> list[dict[str, Any]]:
    columns = zip(reliability.counts.tolist(), reliability.scores, reliability.correct, strict=True)
    return [rounded({"keypoints": n, "score": score, "right": correct}) for n, score, correct in columns]


def rounded(figures: dict[str, Any]) -> dict[str, Any]:
    """Return figures for JSON: floats rounded to `DIGITS`, null where undefined."""
    return {name: _round(value) for name, value in figures.items()}


def _round(value: float) -> float | int | None:
    if isinstance(value, int):
        return value
    return round(float(value), DIGITS) if math.isfinite(value) else None
