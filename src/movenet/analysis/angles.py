"""Angles of a body in the picture, each with the probability that the keypoints it is made of are right.

All angles are two-dimensional: projections onto the plane of the picture. A joint that bends towards the camera shows
less than it bends. Filmed from the side, the angles of legs and trunk come closest to the anatomical ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.analysis.definitions import (
    ANGLE_NAMES,
    JOINT_POINTS,
    SEGMENT_ENDS,
    SEGMENT_POINTS,
    SEGMENT_STARTS,
)
from movenet.calibration import probabilities
from movenet.errors import DataError
from movenet.models import ModelCard
from movenet.pose import KEYPOINTS, Pose

MIN_RELIABILITY: Final = 0.5
"""Angles of a lower reliability are unknown. Median errors by reliability: docs/angles.md."""


@dataclass(frozen=True, slots=True)
class Angle:
    """One angle of one person."""

    degrees: float
    """A joint: 0…180, the included angle between the limbs that meet in it; 180 is straight. A segment: −180…180, its
    direction to the horizontal, counter-clockwise as seen; an upright trunk has 90. NaN if unknown."""
    reliability: float
    """Probability that all keypoints of the angle are right, 0…1: the product of their calibrated scores."""

    @property
    def flexion_deg(self) -> float:
        """Flexion of a joint as clinicians count it: 0 is straight (180 − included angle)."""
        return 180.0 - self.degrees


def measure_angles(
    pose: Pose, model: str | ModelCard = "lightning", *, min_reliability: float = MIN_RELIABILITY
) -> dict[str, Angle]:
    """Return all angles of a pose by name (`ANGLE_NAMES`).

    Args:
        pose: a pose of COCO's 17 keypoints.
        model: the model that estimated it, for the calibration of its scores.
        min_reliability: angles below it are unknown (NaN), 0…1.

    Raises:
        DataError: the pose has another skeleton.
        ModelError: there is no calibration for the model.
    """
    if len(pose.keypoints) != len(KEYPOINTS):
        raise DataError(f"angles need COCO's {len(KEYPOINTS)} keypoints, got {len(pose.keypoints)}")
    degrees, reliability = angle_arrays(pose.keypoints, probabilities(pose.scores, model))
    known = np.where(reliability >= min_reliability, degrees, np.nan)
    return {
        name: Angle(value, certain)
        for name, value, certain in zip(ANGLE_NAMES, known.tolist(), reliability.tolist(), strict=True)
    }


def angle_arrays(keypoints: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return all angles of many poses at once.

    Args:
        keypoints: Shape (..., 17, 2): x, y in pixels; NaN where unknown.
        right: Shape (..., 17): probability that each keypoint is right, 0…1.

    Returns:
        Degrees and reliabilities, both (..., A) in the order of `ANGLE_NAMES`. An angle without a finite value has
        NaN degrees and the reliability 0.
    """
    points, certain = np.asarray(keypoints, np.float64), np.nan_to_num(np.asarray(right, np.float64))
    degrees = np.concatenate([_joints_deg(points), _segments_deg(points)], axis=-1)
    joints = certain[..., JOINT_POINTS].prod(axis=-1)
    segments = np.where(SEGMENT_POINTS, certain[..., None, :], 1.0).prod(axis=-1)
    reliability = np.concatenate([joints, segments], axis=-1)
    return degrees, np.where(np.isfinite(degrees), reliability, 0.0)


def _joints_deg(points: NDArray[np.float64]) -> NDArray[np.float64]:
    start, joint, end = np.moveaxis(points[..., JOINT_POINTS, :], -2, 0)
    a, b = start - joint, end - joint
    # atan2 of cross and dot product is exact near 0 and 180 degrees, where the arc cosine is not.
    cross = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    degrees = np.degrees(np.abs(np.arctan2(cross, (a * b).sum(axis=-1))))
    exists = (np.abs(a).sum(axis=-1) > 0) & (np.abs(b).sum(axis=-1) > 0)
    return np.where(exists, degrees, np.nan)


def _segments_deg(points: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.isfinite(points.sum(axis=-1))
    filled = np.where(finite[..., None], points, 0.0)
    along = (SEGMENT_ENDS - SEGMENT_STARTS) @ filled
    exists = np.where(SEGMENT_POINTS, finite[..., None, :], True).all(axis=-1) & (
        np.abs(along).sum(axis=-1) > 0
    )
    # The y axis of pictures points down.
    return np.where(exists, np.degrees(np.arctan2(-along[..., 1], along[..., 0])), np.nan)


def unwrap_degrees(degrees: ArrayLike) -> NDArray[np.float64]:
    """Return a series (T,) of degrees without the jumps of 360 between −180 and 180; NaN stays and is bridged."""
    values = np.array(degrees, np.float64)
    known = np.isfinite(values)
    values[known] = np.unwrap(values[known], period=360.0)
    return values
