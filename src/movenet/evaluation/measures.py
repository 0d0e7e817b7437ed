"""What one AP hides: each keypoint apart, people by what is to be seen of them, and people who are not there."""

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

PCK_SHARE: Final = 0.2
"""A keypoint is right within this share of the torso's diagonal."""
DIAGONALS: Final = np.array(
    [
        [KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip")],
        [KEYPOINTS.index("right_shoulder"), KEYPOINTS.index("left_hip")],
    ]
)
LEAST_OKS: Final = 0.1
"""An estimate that is less like a person is not meant for them (Ronchi and Perona 2017)."""
GROUPS: Final = ((1, 5), (6, 10), (11, 15), (16, 17))
"""From and to how many labelled keypoints people are grouped, as Ronchi and Perona do."""
FALSE_SCORES: Final = (0.1, 0.15, 0.2, 0.3, 0.5)
"""Least scores of a person at which false positives are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Pck:
    """The share of correct keypoints."""

    right: NDArray[np.int64]
    """Shape (K,): keypoints within the tolerance."""
    labelled: NDArray[np.int64]
    """Shape (K,): keypoints labelled, of the people measured."""
    people: int
    """Whose torso has a labelled diagonal; others cannot be measured."""

    @property
    def by_keypoint(self) -> NDArray[np.float64]:
        """Shape (K,), 0…1; NaN where nothing is labelled."""
        nothing = np.full(len(self.right), np.nan)
        shares = np.divide(self.right, self.labelled, out=nothing, where=self.labelled > 0)
        return np.asarray(shares, np.float64)

    @property
    def mean(self) -> float:
        """Over all labelled keypoints; NaN if there are none."""
        labelled = int(self.labelled.sum())
        return int(self.right.sum()) / labelled if labelled else np.nan


@dataclass(frozen=True, slots=True)
class Group:
    """People with so many labelled keypoints."""

    name: str
    people: int
    ap: float
    """NaN if there are none."""


def keypoint_ap_of_each(people: People, estimates: Estimates) -> NDArray[np.float64]:
    """Return the AP of each keypoint, shape (17,); NaN where it is labelled for nobody.

    COCO's AP in everything, thresholds and the ranking by the person's score included, of people who consist of
    that keypoint alone: OKS is its similarity. People without it labelled are ignored, and with them, by COCO's
    own rule, an estimate that lies within twice their box and fits nobody else.
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
    """Return the share of labelled keypoints within `PCK_SHARE` × the torso's longer diagonal of the truth.

    People without a labelled diagonal are left out; keypoints of people without an estimate are all wrong.
    """
    diagonals = torso_diagonals(people)
    measured = ~people.ignored & np.isfinite(diagonals)
    distances = np.full(people.labelled.shape, np.inf)
    distances[pairs.people] = np.linalg.norm(
        estimates.keypoints[pairs.estimates] - people.keypoints[pairs.people], axis=-1
    )
    labelled = people.labelled[measured]
    right = labelled & (distances[measured] <= PCK_SHARE * diagonals[measured, None])
    return Pck(right.sum(axis=0), labelled.sum(axis=0), int(measured.sum()))


def by_labelled(people: People, estimates: Estimates, pairs: Pairs) -> list[Group]:
    """Return the AP of people grouped by how many of their keypoints are labelled.

    Judged are the pictures that show someone of the group. Everyone else in them is ignored, and so is an
    estimate paired with someone else at OKS ≥ `LEAST_OKS`; one that is like nobody counts against the group.
    """
    near = pairs.above(LEAST_OKS)
    return [_group(people, estimates, near, low, high) for low, high in GROUPS]


def _group(people: People, estimates: Estimates, pairs: Pairs, low: int, high: int) -> Group:
    others = people.ignored | (people.counts < low) | (people.counts > high)
    judged = np.isin(estimates.image_ids, people.image_ids[~others])
    judged[pairs.estimates[others[pairs.people]]] = False
    ap = average_precision(people.ignoring(others), estimates[judged], SIGMAS)
    return Group(f"{low}–{high}", int((~others).sum()), ap)


def false_positives(estimates: Estimates, person_free: Sequence[int]) -> dict[float, float] | None:
    """Return, for each of `FALSE_SCORES`, how many people of at least that score a picture without any shows.

    None if there is no such picture.
    """
    if not person_free:
        return None
    scores = estimates.score[np.isin(estimates.image_ids, person_free)]
    return {least: float((scores >= least).sum()) / len(person_free) for least in FALSE_SCORES}
