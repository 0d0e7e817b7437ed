"""What a report says beside its figures: what each means, exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from movenet.evaluation.assessment import Assessment
from movenet.evaluation.calibration import Calibration
from movenet.evaluation.worst import Worst

SCORES: Final = (
    "AP, AR: COCO's keypoint evaluation, the mean over thresholds of object keypoint similarity (OKS) from .50 to "
    ".95, 20 poses a picture at most. Medium people cover 32² to 96² square pixels, large ones more. Crowds and "
    "people without labelled keypoints count neither for nor against."
)
COST_LABELS: Final = {
    "miss": "miss",
    "swap": "swap (other person)",
    "inversion": "inversion (left for right)",
    "jitter": "jitter",
    "ranking": "ranking by score",
    "background": "people who are not there",
    "missed_person": "people not found",
    "rest": "the strictest thresholds",
}
COSTS: Final = (
    "After Ronchi and Perona (ICCV 2017). Errors are put right one kind after the other, from the top down, each on "
    "top of those before: the gains add up to 1. “Alone” is what the kind would gain by itself."
)
CLASSES: Final = (
    "A labelled keypoint of a person with an estimate (OKS ≥ .1, the most alike paired first) is good at a "
    "similarity ks ≥ .85 with its true place, jitter from .5 to .85. At ks ≥ .5 with the same keypoint of the other "
    "side, and more than with its own, it is an inversion; with a keypoint of somebody else, a swap. All else is a "
    "miss. Put right, jitter comes to ks .85, a miss to .5, the others as near to the right place as they were to "
    "the wrong one. Then scores become OKS itself, estimates of nobody go, people not found go. What is left "
    "are keypoints, put right ones too, that are near enough but for the strictest thresholds."
)
GROUPS: Final = (
    "By keypoints: judged are the pictures that show someone of the group; the others in them and the estimates meant "
    "for those are left out. Labelled keypoints may be hidden from view."
)
NO_CALIBRATION: Final = "The keypoint scores leave 0…1, so they are no probabilities and have no calibration."
CALIBRATION: Final = (
    "A score that keeps its word is the chance that the keypoint is right, that is, within the distance at which its "
    "OKS similarity is .5. Left, of every keypoint the model gives for a person: one that nobody could label, most of "
    "them out of the picture, counts as wrong. Right, of the labelled ones alone."
)
CALIBRATED: Final = (
    "ECE: mean distance of the line from the diagonal over ten bins of equal width, weighted by how many keypoints "
    "they hold, as the dots show. The map is p = 1 / (1 + exp(−(slope · logit(score) + intercept))); it is fitted on "
    "every second picture, in the order of their ids, and drawn for the others. It keeps the order of scores. "
    "Estimates paired with nobody are not in it."
)
NO_PERSON_FREE: Final = (
    "Every picture of this list shows people, so false positives on others cannot be told from it."
)
WORST: Final = (
    "The lowest mean OKS of the people in them; of equals, those with more labelled keypoints first. Estimates in "
    "orange (left) and blue (right), all keypoints whatever their score; on top, thin, the truth in magenta (left) "
    "and cyan (right). The pictures remain under their own licences."
)


def lead(a: Assessment, protocol: Mapping[str, str]) -> str:
    """Say in one line what was measured and how pictures were shown."""
    pictures = protocol.get("pictures", "protocol unknown")
    return f"{a.truth.name} · {len(a.truth.files)} pictures · {a.truth.counted()} people · {pictures}"


def cost_rows(a: Assessment) -> Iterator[tuple[str, float, float, float]]:
    """Yield each kind of error, its share in the keypoints, AP gained in turn and alone; NaN where there is none."""
    share = a.diagnosis.share()
    for name, gain in a.costs.in_turn.items():
        yield name, share.get(name, math.nan), gain, a.costs.alone[name]
    yield "rest", math.nan, a.costs.rest, math.nan


def keypoints(a: Assessment) -> str:
    """Say what AP and PCK of one keypoint are."""
    return (
        "AP of a keypoint: COCO's AP, ranking by the person's score included, as if people consisted of that keypoint "
        "alone; people without it labelled are ignored, and with them estimates within twice their box. PCK@0.2: "
        "share of labelled keypoints within .2 of the torso's diagonal (shoulder to the other side's hip, the longer "
        f"one), of the {a.pck.people} people of whom one is labelled; without an estimate all are wrong."
    )


def reliability(calibration: Calibration, name: str) -> str:
    """Say how reliable scores are, and would be."""
    curve, before = calibration.curve, calibration.held_out
    return (
        f"Of {name}: ECE {calibration.before.ece:.3f} on all pictures; on the half not fitted to "
        f"{before.ece:.3f}, mapped {calibration.after.ece:.3f} (slope {curve.slope:.2f}, intercept "
        f"{curve.intercept:.2f})"
    )


def person_free(a: Assessment) -> str:
    """Say of how many pictures false positives are counted."""
    return f"How many people are found in each of the {len(a.truth.person_free())} pictures without anybody in them."


def worst(entry: Worst) -> str:
    """Say why a picture is among the worst."""
    people = "1 person" if entry.people == 1 else f"{entry.people} people"
    missed = f", {entry.missed} without an estimate" if entry.missed else ""
    return f"{entry.image_id}: OKS {entry.oks:.2f}, {people}{missed}"
