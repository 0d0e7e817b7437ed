"""Metrics beside AP: AP and PCK of each keypoint, AP by the number of labelled keypoints, and false positives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.evaluation.coco_ap import average_precision
from movenet.evaluation.estimates import Estimates
from movenet.evaluation.matching import Pairs
from movenet.evaluation.truth import People
from movenet.pose import KEYPOINTS, SIGMAS

PCK_THRESHOLD: Final = 0.2
"""PCK: a keypoint is correct within this share of the torso's diagonal."""
DIAGONALS: Final = np.array(
    [
        [KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip")],
        [KEYPOINTS.index("right_shoulder"), KEYPOINTS.index("left_hip")],
    ]
)
MIN_OKS: Final = 0.1
"""Lowest OKS at which an estimate belongs to a person (Ronchi and Perona 2017)."""
GROUPS: Final = ((1, 5), (6, 10), (11, 15), (16, 17))
"""Groups of people by their number of labelled keypoints, from and to, after Ronchi and Perona."""
FALSE_POSITIVE_SCORES: Final = (0.1, 0.15, 0.2, 0.3, 0.5)
"""Score thresholds at which false positives are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Pck:
    """Percentage of correct keypoints, as a share 0…1."""

    correct: NDArray[np.int64]
    """Shape (K,): number of correct keypoints."""
    labelled: NDArray[np.int64]
    """Shape (K,): number of labelled keypoints of the people measured."""
    people: int
    """Number of people whose torso has a labelled diagonal; others cannot be measured."""

    @property
    def by_keypoint(self) -> NDArray[np.float64]:
        """Shape (K,), 0…1; NaN where nothing is labelled."""
        undefined = np.full(len(self.correct), np.nan)
        shares = np.divide(self.correct, self.labelled, out=undefined, where=self.labelled > 0)
        return np.asarray(shares, np.float64)

    @property
    def mean(self) -> float:
        """Share over all labelled keypoints, 0…1; NaN if there are none."""
        labelled = int(self.labelled.sum())
        return int(self.correct.sum()) / labelled if labelled else np.nan


@dataclass(frozen=True, slots=True)
class Group:
    """People whose number of labelled keypoints is in a range."""

    name: str
    people: int
    ap: float
    """NaN if there are none."""


def ap_by_keypoint(people: People, estimates: Estimates) -> NDArray[np.float64]:
    """Return the AP of each keypoint, shape (17,); NaN where no person has it labelled.

    It is COCO's AP with its thresholds and ranking by the person's score, as if people had that keypoint alone, so that
    OKS is the similarity of the keypoint. People without it labelled are ignored, and by COCO's rule so is an estimate
    inside twice their box that matches no other person.
    """
    return np.array(
        [
            average_precision(people.of_keypoint(k), _of_keypoint(estimates, k), [SIGMAS[k]])
            for k in range(len(SIGMAS))
        ]
    )


def _of_keypoint(estimates: Estimates, k: int) -> Estimates:
    one = slice(k, k + 1)
    return Estimates(
        estimates.image_ids,
        estimates.keypoints[:, one],
        estimates.scores[:, one],
        estimates.score,
        estimates.boxes,
    )


def torso_diagonals(people: People) -> NDArray[np.float64]:
    """Return the longer labelled diagonal from a shoulder to the other side's hip, in pixels: shape (G,).

    NaN where neither diagonal has both ends labelled, or where it has no length.
    """
    ends = people.keypoints[:, DIAGONALS]
    lengths = np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=-1)
    longer = np.where(people.labelled[:, DIAGONALS].all(axis=-1), lengths, 0.0).max(axis=1)
    return np.where(longer > 0, longer, np.nan)


def pck(people: People, estimates: Estimates, pairs: Pairs) -> Pck:
    """Return the share of labelled keypoints within `PCK_THRESHOLD` × the torso's longer diagonal of the truth.

    People without a labelled diagonal are left out; keypoints of people without an estimate are incorrect.
    """
    diagonals = torso_diagonals(people)
    measured = ~people.ignored & np.isfinite(diagonals)
    distances = np.full(people.labelled.shape, np.inf)
    distances[pairs.people] = np.linalg.norm(
        estimates.keypoints[pairs.estimates] - people.keypoints[pairs.people], axis=-1
    )
    labelled = people.labelled[measured]
    correct = labelled & (distances[measured] <= PCK_THRESHOLD * diagonals[measured, None])
    return Pck(correct.sum(axis=0), labelled.sum(axis=0), int(measured.sum()))


def ap_by_labelled_count(people: People, estimates: Estimates, pairs: Pairs) -> list[Group]:
    """Return the AP of people grouped by their number of labelled keypoints.

    Only pictures that show a person of the group count. Other people in them are ignored, and so are estimates paired
    with them at OKS ≥ `MIN_OKS`; estimates paired with no person are false positives of the group.
    """
    near = pairs.above(MIN_OKS)
    return [_group(people, estimates, near, low, high) for low, high in GROUPS]


def _group(people: People, estimates: Estimates, pairs: Pairs, low: int, high: int) -> Group:
    others = people.ignored | (people.counts < low) | (people.counts > high)
    judged = np.isin(estimates.image_ids, people.image_ids[~others])
    judged[pairs.estimates[others[pairs.people]]] = False
    ap = average_precision(people.ignoring(others), estimates[judged], SIGMAS)
    return Group(f"{low}–{high}", int((~others).sum()), ap)


def false_positives(estimates: Estimates, person_free: Sequence[int]) -> dict[float, float] | None:
    """Return the number of false positives per picture without people, for each threshold in `FALSE_POSITIVE_SCORES`.

    None if there is no such picture.
    """
    if not person_free:
        return None
    scores = estimates.score[np.isin(estimates.image_ids, person_free)]
    return {least: float((scores >= least).sum()) / len(person_free) for least in FALSE_POSITIVE_SCORES}
