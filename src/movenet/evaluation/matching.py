"""Pairs each annotated person with an estimate, greedily by OKS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from movenet.evaluation.estimates import Estimates
from movenet.evaluation.truth import People
from movenet.pose import SIGMAS


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """N pairs of a person and an estimate; each person and each estimate is in at most one."""

    people: NDArray[np.intp]
    """Shape (N,): indices of `People`."""
    estimates: NDArray[np.intp]
    """Shape (N,): indices of `Estimates`."""
    oks: NDArray[np.float64]
    """Shape (N,): object keypoint similarity of the two, over the keypoints that are labelled."""

    def __len__(self) -> int:
        return len(self.oks)

    def above(self, least_oks: float) -> Pairs:
        """Return the pairs of at least this OKS."""
        kept = self.oks >= least_oks
        return Pairs(self.people[kept], self.estimates[kept], self.oks[kept])


def keypoint_similarity(
    keypoints: NDArray[np.float64], truth: NDArray[np.float64], areas: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return exp(−d² / (2 · area · (2σ)²)) of each keypoint: the terms of COCO's object keypoint similarity.

    Args:
        keypoints: Shape (…, 17, 2): x, y in pixels.
        truth: Shape (…, 17, 2): x, y in pixels.
        areas: Shape (…): area of the annotated person in square pixels.

    Returns:
        Shape (…, 17), 0…1.
    """
    squared = np.square(keypoints - truth).sum(axis=-1)
    variance = np.square(2 * np.asarray(SIGMAS))
    return np.asarray(np.exp(-squared / (2 * variance * (areas[..., None] + np.spacing(1)))), np.float64)


def pair(people: People, estimates: Estimates) -> Pairs:
    """Pair people and estimates of each picture, in the order of descending OKS.

    People who are ignored are not paired. There is no lower limit of OKS: see `Pairs.above`.
    """
    found = [
        np.array(_pair_one(_similarities(people, estimates, g, p), g, p))
        for g, p in _pictures(people, estimates)
    ]
    table = np.concatenate(found) if found else np.zeros((0, 3))
    order = np.argsort(table[:, 0], kind="stable")
    return Pairs(table[order, 0].astype(np.intp), table[order, 1].astype(np.intp), table[order, 2])


def _pictures(people: People, estimates: Estimates) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield, for each picture with both, the indices of its people who count and of its estimates."""
    counted = np.flatnonzero(~people.ignored)
    by_image = {int(i): counted[people.image_ids[counted] == i] for i in np.unique(people.image_ids[counted])}
    for image_id in np.unique(estimates.image_ids).tolist():
        if image_id in by_image:
            yield by_image[image_id], np.flatnonzero(estimates.image_ids == image_id)


def _similarities(
    people: People, estimates: Estimates, g: NDArray[np.intp], p: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return OKS, shape (len(g), len(p)), over the labelled keypoints of each person."""
    ks = keypoint_similarity(estimates.keypoints[None, p], people.keypoints[g, None], people.areas[g, None])
    labelled = people.labelled[g, None]
    return np.asarray((ks * labelled).sum(axis=-1) / labelled.sum(axis=-1), np.float64)


def _pair_one(
    oks: NDArray[np.float64], g: NDArray[np.intp], p: NDArray[np.intp]
) -> list[tuple[int, int, float]]:
    """Return (person, estimate, OKS) of one picture; ties go to the person, then the estimate, listed first."""
    pairs: list[tuple[int, int, float]] = []
    free_g, free_p = set(range(len(g))), set(range(len(p)))
    for flat in np.argsort(-oks, axis=None, kind="stable").tolist():
        i, j = divmod(flat, len(p))
        if i in free_g and j in free_p:
            free_g.remove(i)
            free_p.remove(j)
            pairs.append((int(g[i]), int(p[j]), float(oks[i, j])))
    return pairs
