"""Error classes of keypoints, and the AP each one costs, after Ronchi and Perona.

"Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV 2017. Each labelled keypoint of a
person with an estimate is compared with the truth by its similarity ks, the term of OKS:

* good: ks ≥ 0.85 with its own true place;
* jitter: 0.5 ≤ ks < 0.85, near but not on it;
* inversion: ks ≥ 0.5 with the place of the same person's keypoint of the other side, and more than with its own;
* swap: ks ≥ 0.5 with the keypoint, of either side, of another person in the picture, and more than with their own;
* miss: none of these.

The cost of a class is the AP gained when its keypoints are corrected: jitter to ks 0.85, a miss to ks 0.5, inversion
and swap to the ks they have with the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.evaluation.coco_ap import average_precision
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.matching import Pairs, keypoint_similarity
from movenet.evaluation.metrics import MIN_OKS
from movenet.evaluation.truth import People
from movenet.pose import MIRROR, SIGMAS

MATCH_KS: Final = 0.5
"""Lowest ks of a keypoint that is near a true place."""
GOOD_KS: Final = 0.85
"""Lowest ks of a keypoint as accurate as an annotation."""
CLASSES: Final = ("good", "jitter", "inversion", "swap", "miss")
UNLABELLED: Final = -1
KEYPOINT_ERRORS: Final = ("miss", "swap", "inversion", "jitter")
"""Classes in the order in which they are corrected, the worst first, as in the paper."""
DETECTION_ERRORS: Final = ("ranking", "background", "missed_person")
"""Errors corrected after them: scores, estimates of no person, people without an estimate."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """The class of each keypoint of N pairs, and its corrected position."""

    pairs: Pairs
    classes: NDArray[np.int64]
    """Shape (N, 17): index of `CLASSES`, or `UNLABELLED`."""
    corrected: NDArray[np.float64]
    """Shape (N, 17, 2): x, y in COCO's pixels; a good or unlabelled keypoint stays where it is."""

    def correct(self, estimates: Estimates, names: Sequence[str]) -> Estimates:
        """Return the estimates with the keypoints of some classes corrected."""
        chosen = np.isin(self.classes, [CLASSES.index(name) for name in names])
        keypoints = estimates.keypoints.copy()
        before = keypoints[self.pairs.estimates]
        keypoints[self.pairs.estimates] = np.where(chosen[..., None], self.corrected, before)
        return replace(estimates, keypoints=keypoints)

    def shares(self) -> NDArray[np.float64]:
        """Return the share of each class, shape (17, 5), in the labelled keypoints; NaN where there are none."""
        counts = np.stack([(self.classes == c).sum(axis=0) for c in range(len(CLASSES))], axis=1)
        total = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
        return np.asarray(shares, np.float64)

    def share(self) -> dict[str, float]:
        """Return the share of each class in all labelled keypoints of the pairs; NaN if there are none."""
        labelled = self.classes[self.classes != UNLABELLED]
        return {
            name: float((labelled == c).mean()) if len(labelled) else np.nan for c, name in enumerate(CLASSES)
        }


@dataclass(frozen=True, slots=True)
class Costs:
    """AP, and the AP that each kind of error costs."""

    ap: float
    cumulative: dict[str, float]
    """AP gained when errors are corrected one after the other, `KEYPOINT_ERRORS`, then `DETECTION_ERRORS`."""
    alone: dict[str, float]
    """AP gained when only that kind of error is corrected."""

    @property
    def rest(self) -> float:
        """The remainder to AP 1: keypoints that are good or corrected to 0.85, below the strictest thresholds."""
        return 1.0 - self.ap - sum(self.cumulative.values())


def diagnose(people: People, estimates: Estimates, pairs: Pairs) -> Diagnosis:
    """Return the class of every keypoint of the pairs with OKS ≥ `MIN_OKS`, after the paper (section 3.1)."""
    pairs = pairs.above(MIN_OKS)
    best = np.zeros((len(pairs), len(SIGMAS)))
    classes = np.full(best.shape, UNLABELLED, np.int64)
    for i, (g, p) in enumerate(zip(pairs.people.tolist(), pairs.estimates.tolist(), strict=True)):
        best[i], classes[i] = _classify(people, g, estimates.keypoints[p])
    corrected = _corrected_keypoints(people, estimates, pairs, classes, best)
    return Diagnosis(pairs, classes, corrected)


def _classify(
    people: People, g: int, keypoints: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the highest ks of each keypoint with any place of its kind in the picture, and its class: (17,) each.

    `keypoints` has shape (17, 2). The places are, in this order: its own, its mirror image's, those of
    other people, and other people's mirror images'; the first of equals is taken.
    """
    others = np.flatnonzero((people.image_ids == people.image_ids[g]) & ~people.ignored)
    others = others[others != g]
    mirror = np.asarray(MIRROR)
    owners = np.concatenate([[g, g], others, others])
    mirrored = np.concatenate([[False, True], np.repeat([False, True], len(others))])
    places = np.where(mirrored[:, None, None], people.keypoints[owners][:, mirror], people.keypoints[owners])
    labelled = np.where(mirrored[:, None], people.labelled[owners][:, mirror], people.labelled[owners])
    ks = np.where(labelled, keypoint_similarity(keypoints[None], places, people.areas[owners]), -1.0)
    at, best = ks.argmax(axis=0), ks.max(axis=0)
    own = np.where(best >= GOOD_KS, CLASSES.index("good"), CLASSES.index("jitter"))
    wrong = np.where(at == 1, CLASSES.index("inversion"), CLASSES.index("swap"))
    classes = np.where(best < MATCH_KS, CLASSES.index("miss"), np.where(at == 0, own, wrong))
    return best, np.where(people.labelled[g], classes, UNLABELLED)


def _corrected_keypoints(
    people: People,
    estimates: Estimates,
    pairs: Pairs,
    classes: NDArray[np.int64],
    best: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the corrected keypoints, shape (N, 17, 2): beside the true place, at the distance of the new ks."""
    targets = {
        "jitter": np.full_like(best, GOOD_KS),
        "inversion": best,
        "swap": best,
        "miss": np.full_like(best, MATCH_KS),
    }
    target = np.select([classes == CLASSES.index(name) for name in targets], list(targets.values()), 1.0)
    scale = 2 * np.asarray(SIGMAS) * np.sqrt(people.areas[pairs.people, None])
    # Slightly nearer, so that an OKS meant to be 0.5 is not rounded below the threshold 0.5.
    distance = (1 - 1e-9) * scale * np.sqrt(-2 * np.log(target))
    beside = people.keypoints[pairs.people] + distance[..., None] * np.array([1.0, 0.0])
    stays = (classes == UNLABELLED) | (classes == CLASSES.index("good"))
    return np.where(stays[..., None], estimates.keypoints[pairs.estimates], beside)


def costs(people: People, estimates: Estimates, diagnosis: Diagnosis) -> Costs:
    """Return the AP that each kind of error costs, `KEYPOINT_ERRORS` first, then `DETECTION_ERRORS`.

    Ranking: the score is set to the OKS with the person the estimate is paired with, 0 without one. Background:
    estimates paired with no person are removed. Missed person: people paired with no estimate are ignored.
    """

    def ap_without(kinds: Sequence[str]) -> float:
        return average_precision(*_correct_errors(people, estimates, diagnosis, kinds))

    kinds = (*KEYPOINT_ERRORS, *DETECTION_ERRORS)
    steps = [ap_without(kinds[:i]) for i in range(len(kinds) + 1)]
    cumulative = {kind: after - before for kind, before, after in zip(kinds, steps, steps[1:], strict=False)}
    # The first correction is the same in both.
    alone = {kind: ap_without([kind]) - steps[0] for kind in kinds[1:]}
    return Costs(steps[0], cumulative, {kinds[0]: cumulative[kinds[0]], **alone})


def _correct_errors(
    people: People, estimates: Estimates, diagnosis: Diagnosis, kinds: Sequence[str]
) -> tuple[People, Estimates]:
    """Return the people and the estimates with those kinds of errors corrected."""
    pairs = diagnosis.pairs
    estimates = diagnosis.correct(estimates, [kind for kind in kinds if kind in KEYPOINT_ERRORS])
    if "ranking" in kinds:
        estimates = replace(estimates, score=_ideal_scores(people, estimates, pairs))
    if "background" in kinds:
        estimates = estimates[np.sort(pairs.estimates)]
    if "missed_person" in kinds:
        people = people.ignoring(~np.isin(np.arange(len(people)), pairs.people))
    return people, estimates


def _ideal_scores(people: People, estimates: Estimates, pairs: Pairs) -> NDArray[np.float64]:
    """Return, shape (P,), the OKS of each estimate with the person it is paired with, 0 without one."""
    scores = np.zeros(len(estimates))
    labelled = people.labelled[pairs.people]
    ks = keypoint_similarity(
        estimates.keypoints[pairs.estimates], people.keypoints[pairs.people], people.areas[pairs.people]
    )
    scores[pairs.estimates] = (ks * labelled).sum(axis=1) / labelled.sum(axis=1)
    return scores
