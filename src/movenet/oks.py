"""Object keypoint similarity: how alike two poses are, 0…1, and the removal of people found twice."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.pose import SIGMAS, Pose

BOX_AREA_FRACTION: Final = 0.53
"""A person's area relative to their box (COCO's own stand-in where it has no outline of a person)."""


def area(pose: Pose) -> float:
    """Return roughly how much of the picture a person covers, in square pixels."""
    _, _, width, height = pose.bounds() or (0.0, 0.0, 0.0, 0.0)
    return BOX_AREA_FRACTION * width * height


def similarity(
    keypoints: NDArray[np.floating],
    others: NDArray[np.floating],
    areas: ArrayLike,
    sigmas: ArrayLike = SIGMAS,
) -> NDArray[np.float64]:
    """Return COCO's object keypoint similarity of every pose with every other one.

    mean over keypoints of exp(−d² / (2 · area · (2σ)²)), after cocodataset.org, keypoints-eval.

    Args:
        keypoints: Shape (P, K, 2): x, y in pixels.
        others: Shape (Q, K, 2): x, y in pixels.
        areas: Shape (P,) or (P, Q): the size of the people compared, in square pixels, ≥ 0.
        sigmas: Shape (K,): how far apart two people would put the keypoint, relative to √area.

    Returns:
        Shape (P, Q), 0…1.
    """
    squared = np.square(np.asarray(keypoints, np.float64)[:, None] - others[None]).sum(axis=-1)
    area = np.asarray(areas, np.float64) + np.spacing(1)
    area = area[:, None, None] if area.ndim == 1 else area[..., None]
    likeness = np.exp(-squared / (2 * area * np.square(2 * np.asarray(sigmas))))
    return np.asarray(likeness.mean(axis=-1), np.float64)


def suppress(
    keypoints: NDArray[np.floating], scores: NDArray[np.floating], areas: NDArray[np.floating], limit: float
) -> list[int]:
    """Return which of P poses to keep, highest score first: each unlike every better one kept (OKS ≤ `limit`).

    `keypoints` has shape (P, K, 2), `scores` and `areas` (P,). Two poses are compared by the larger one's area.
    """
    return [alike[0] for alike in groups(keypoints, scores, areas, limit)]


def groups(
    keypoints: NDArray[np.floating], scores: NDArray[np.floating], areas: NDArray[np.floating], limit: float
) -> list[list[int]]:
    """Return P poses in groups: each that `suppress` keeps, highest score first, and after it whom it stands for."""
    alike = similarity(keypoints, keypoints, np.maximum.outer(areas, areas)) > limit
    found: list[list[int]] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        group = next((group for group in found if alike[i, group[0]]), None)
        if group is None:
            found.append([i])
        else:
            group.append(i)
    return found
