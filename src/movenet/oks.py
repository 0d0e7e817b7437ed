"""Object keypoint similarity (OKS) of poses, 0…1, and non-maximum suppression (NMS) by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.pose import SIGMAS, Pose

BOX_AREA_FRACTION: Final = 0.53
"""A person's area relative to the area of their box: COCO's value where a person has no outline."""

SOFT_NMS_OKS: Final = 0.2
"""OKS up to which `soft_nms` lowers no score."""
SOFT_NMS_VARIANCE: Final = 0.1
"""The higher, the less `soft_nms` lowers the scores of poses of a higher OKS."""


def area(pose: Pose) -> float:
    """Return the approximate area of a person, in square pixels: `BOX_AREA_FRACTION` of the bounds."""
    _, _, width, height = pose.bounds() or (0.0, 0.0, 0.0, 0.0)
    return BOX_AREA_FRACTION * width * height


def similarity(
    keypoints: NDArray[np.floating],
    others: NDArray[np.floating],
    areas: ArrayLike,
    sigmas: ArrayLike = SIGMAS,
) -> NDArray[np.float64]:
    """Return the object keypoint similarity (OKS) of every pose with every other pose.

    OKS = mean over keypoints of exp(−d² / (2 · area · (2σ)²)) (cocodataset.org, keypoints-eval).

    Args:
        keypoints: Shape (P, K, 2): x, y in pixels.
        others: Shape (Q, K, 2): x, y in pixels.
        areas: Shape (P,) or (P, Q): areas of the people, in square pixels, ≥ 0.
        sigmas: Shape (K,): standard deviation of each keypoint's annotations, relative to √area.

    Returns:
        Shape (P, Q), 0…1.
    """
    squared = np.square(np.asarray(keypoints, np.float64)[:, None] - others[None]).sum(axis=-1)
    area = np.asarray(areas, np.float64) + np.spacing(1)
    area = area[:, None, None] if area.ndim == 1 else area[..., None]
    terms = np.exp(-squared / (2 * area * np.square(2 * np.asarray(sigmas))))
    return np.asarray(terms.mean(axis=-1), np.float64)


def nms(
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    areas: NDArray[np.floating],
    max_oks: float,
) -> list[int]:
    """Return the indices of the poses that NMS keeps, highest score first.

    A pose is kept if its OKS with every kept pose of a higher score is at most `max_oks`. Two poses are compared with
    the larger area of both.

    Args:
        keypoints: Shape (P, K, 2): x, y in pixels.
        scores: Shape (P,).
        areas: Shape (P,), in square pixels.
        max_oks: highest OKS of two poses that are both kept, 0…1.
    """
    return [group[0] for group in nms_groups(keypoints, scores, areas, max_oks)]


def nms_poses(poses: Sequence[Pose], priorities: Sequence[float], max_oks: float) -> list[int]:
    """Return the indices of the poses that `nms` keeps, highest priority first."""
    if not poses:
        return []
    areas = np.array([area(pose) for pose in poses])
    return nms(
        np.stack([pose.keypoints for pose in poses]), np.asarray(priorities, np.float64), areas, max_oks
    )


def nms_groups(
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    areas: NDArray[np.floating],
    max_oks: float,
) -> list[list[int]]:
    """Return a group of indices for each pose that `nms` keeps: that pose first, then those it suppresses.

    Arguments as in `nms`.
    """
    overlaps = similarity(keypoints, keypoints, np.maximum.outer(areas, areas)) > max_oks
    groups: list[list[int]] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        group = next((group for group in groups if overlaps[i, group[0]]), None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    return groups


def soft_nms(
    keypoints: NDArray[np.floating], scores: NDArray[np.floating], areas: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the scores of poses, (P,), lowered where a pose of a higher score is similar (soft NMS).

    The poses are taken by falling score; each multiplies the score of those not yet taken by
    exp(−max(0, OKS − `SOFT_NMS_OKS`)² / `SOFT_NMS_VARIANCE`). Bodla et al., 2017, with OKS as the overlap. Two poses
    are compared with the larger area of both. Arguments as in `nms`.
    """
    overlaps = similarity(keypoints, keypoints, np.maximum.outer(areas, areas))
    factors = np.exp(-np.square(np.maximum(overlaps - SOFT_NMS_OKS, 0)) / SOFT_NMS_VARIANCE)
    lowered = np.asarray(scores, np.float64).copy()
    remaining = np.ones(len(lowered), bool)
    for _ in range(len(lowered)):
        best = int(np.where(remaining, lowered, -1).argmax())
        remaining[best] = False
        lowered[remaining] *= factors[best, remaining]
    return lowered
