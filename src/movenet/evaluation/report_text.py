"""Texts of a report: what each metric means."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from movenet.evaluation.assessment import Assessment
from movenet.evaluation.calibration import Calibration
from movenet.evaluation.worst import Worst

SCORES: Final = (
    "AP, AR: COCO's keypoint evaluation, the mean over thresholds of object keypoint similarity (OKS) from 0.50 to "
    "0.95, at most 20 poses per picture. Medium people cover 32² to 96² square pixels, large ones more. Crowds and "
    "people without labelled keypoints are ignored."
)
COST_LABELS: Final = {
    "miss": "miss",
    "swap": "swap (other person)",
    "inversion": "inversion (left for right)",
    "jitter": "jitter",
    "ranking": "ranking by score",
    "background": "false positives",
    "missed_person": "people not found",
    "rest": "the strictest thresholds",
}
COSTS: Final = (
    "After Ronchi and Perona (ICCV 2017). Errors are corrected one kind after the other, from the top down, each on "
    "top of those before: the gains add up to 1. “Alone” is the gain when only that kind is corrected."
)
CLASSES: Final = (
    "A labelled keypoint of a person with an estimate (OKS ≥ 0.1, pairs of highest OKS first) is good at a "
    "similarity ks ≥ 0.85 with its true place, jitter from 0.5 to 0.85. At ks ≥ 0.5 with the same keypoint of the "
    "other side, and more than with its own, it is an inversion; with a keypoint of another person, a swap. All else "
    "is a miss. Jitter is corrected to ks 0.85, a miss to 0.5, inversion and swap to the ks with the wrong place. Then "
    "scores are set to OKS, estimates of no person are removed, and people not found are ignored. The rest is due to "
    "good and corrected keypoints below the strictest thresholds."
)
GROUPS: Final = (
    "By keypoints: only pictures that show a person of the group count; other people in them, and the estimates paired "
    "with those, are ignored. Labelled keypoints may be hidden."
)
NO_CALIBRATION: Final = (
    "Some keypoint scores are outside 0…1, so they are no probabilities and have no calibration."
)
CALIBRATION: Final = (
    "A calibrated score is the probability that the keypoint is correct: within the distance at which its OKS "
    "similarity is 0.5. Left: all keypoints of the estimated people; one without a label, mostly outside the picture, "
    "is incorrect. Right: the labelled keypoints alone."
)
CALIBRATED: Final = (
    "ECE (expected calibration error): mean distance of the line from the diagonal over ten bins of equal width, "
    "weighted by the number of keypoints in each, shown by the dots. The map is "
    "p = 1 / (1 + exp(−(slope · logit(score) + intercept))); it is fitted on every second picture, in the order of "
    "ids, and drawn for the others. It keeps the order of scores. Estimates paired with no person are left out."
)
NO_PERSON_FREE: Final = "Every picture of this list shows people, so false positives cannot be measured."
WORST: Final = (
    "The lowest mean OKS of the people in them; of equals, those with more labelled keypoints first. Estimates in "
    "orange (left) and blue (right), all keypoints of any score; on top, in thin lines, the annotations in magenta "
    "(left) and cyan (right). The pictures remain under their own licences."
)


def lead(a: Assessment, protocol: Mapping[str, str]) -> str:
    """Return one line: annotation file, counts and protocol."""
    pictures = protocol.get("pictures", "protocol unknown")
    return f"{a.truth.name} · {len(a.truth.files)} pictures · {a.truth.counted()} people · {pictures}"


def cost_rows(a: Assessment) -> Iterator[tuple[str, float, float, float]]:
    """Yield each kind of error, its share of the keypoints, and the AP gained, cumulative and alone."""
    share = a.diagnosis.share()
    for name, gain in a.costs.cumulative.items():
        yield name, share.get(name, math.nan), gain, a.costs.alone[name]
    yield "rest", math.nan, a.costs.rest, math.nan


def keypoints(a: Assessment) -> str:
    """Explain AP and PCK of one keypoint."""
    return (
        "AP of a keypoint: COCO's AP, ranking by the person's score included, as if people consisted of that keypoint "
        "alone; people without it labelled are ignored, and with them estimates within twice their box. PCK@0.2: "
        "share of labelled keypoints within 0.2 of the torso's diagonal (shoulder to the other side's hip, the longer "
        f"one), of the {a.pck.people} people of whom one is labelled; without an estimate all are incorrect."
    )


def reliability(calibration: Calibration, name: str) -> str:
    """Return the ECE of the scores, as they are and mapped."""
    curve, before = calibration.curve, calibration.held_out
    return (
        f"{name}: ECE {calibration.before.ece:.3f} on all pictures; on the held-out half "
        f"{before.ece:.3f}, mapped {calibration.after.ece:.3f} (slope {curve.slope:.2f}, intercept "
        f"{curve.intercept:.2f})"
    )


def person_free(a: Assessment) -> str:
    """Explain on how many pictures false positives are counted."""
    return f"Number of poses per picture, in the {len(a.truth.person_free())} pictures without people."


def worst(entry: Worst) -> str:
    """Return the caption of a picture of low OKS."""
    people = "1 person" if entry.people == 1 else f"{entry.people} people"
    missed = f", {entry.missed} without an estimate" if entry.missed else ""
    return f"{entry.image_id}: OKS {entry.oks:.2f}, {people}{missed}"
