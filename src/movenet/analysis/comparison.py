"""Similarity of poses: aligned by Procrustes analysis, weighted by how certain the keypoints are.

Position and size of a person do not count, nor does a rotation of the picture up to `MAX_ROTATION_DEG`. With two poses
as complex numbers z, w around their weighted means, the scale and rotation that bring z closest to w are the complex
number a = Σ p conj(z) w / Σ p |z|² (ordinary Procrustes analysis; Dryden and Mardia, "Statistical Shape Analysis",
section 8.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.definitions import JOINT_ANGLES
from movenet.analysis.track import Track, make_tracks
from movenet.models import ModelCard
from movenet.pose import KEYPOINTS, MIRROR, Pose

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

MAX_ROTATION_DEG: Final = 20.0
"""Largest rotation of the alignment: a camera held askew, but no person who lies instead of standing."""
TOLERANCE: Final = 0.25
"""A keypoint this far away, relative to the size of the pose, is e^−½ = 0.61 similar."""
MIN_KEYPOINTS: Final = 5
"""Poses with fewer keypoints in common are not compared."""
_BODY: Final = np.arange(len(KEYPOINTS)) >= 5
"""The face counts as one keypoint, the nose: eyes and ears say little of a posture."""
_COUNTED: Final = np.flatnonzero(_BODY | (np.arange(len(KEYPOINTS)) == 0))


@dataclass(frozen=True, slots=True)
class PoseComparison:
    """How alike two poses are."""

    similarity: float
    """0…1: the weighted mean of exp(−½ (d / 0.25)²), d the distance of a keypoint after alignment relative to the size
    (RMS distance from the mean) of the reference. NaN if too few keypoints are known in both."""
    mirrored: bool
    """Whether the first pose was mirrored."""
    difference_deg: dict[str, float]
    """First minus reference angle of each joint in degrees; NaN if unknown."""
    distance: dict[str, float]
    """Distance of each keypoint after alignment, in torso lengths of the reference; NaN if unknown."""


def compare_poses(
    pose: Pose, reference: Pose, model: str | ModelCard = "lightning", *, mirror: bool = False
) -> PoseComparison:
    """Compare two poses.

    Args:
        pose: the pose to judge.
        reference: the pose to be like.
        model: the model that estimated them, for the calibration of their scores.
        mirror: compare the mirrored pose.

    Raises:
        DataError: a pose has another skeleton than COCO's 17 keypoints.
        ModelError: there is no calibration for the model.
    """
    one, other = (make_tracks([_Still(item)], model)[0] for item in (pose, reference))
    return compare_frames(mirrored(one) if mirror else one, other, (0, 0), is_mirrored=mirror)


@dataclass(frozen=True, slots=True)
class _Still:
    pose: Pose
    time_s: float = 0.0

    @property
    def poses(self) -> tuple[Pose, ...]:
        return (self.pose,)


def mirrored(track: Track) -> Track:
    """Return the track as in a mirror: x turned around 0, left and right exchanged."""
    swap = np.asarray(MIRROR)
    return Track(track.id, track.times_s, track.keypoints[:, swap] * (-1.0, 1.0), track.right[:, swap])


def compare_frames(
    track: Track, reference: Track, frames: tuple[int, int], *, is_mirrored: bool = False
) -> PoseComparison:
    """Compare a frame of a track with one of the reference."""
    at, to = frames
    points, certain = prepare(track)
    others, other_certain = prepare(reference)
    deviation = _deviations(points[at], others[to], certain[at] * other_certain[to])
    similarity = similarities((points[[at]], certain[[at]]), (others[[to]], other_certain[[to]]))[0, 0]
    angles = np.array([track.angle(name)[at] - reference.angle(name)[to] for name in JOINT_ANGLES])
    distances = np.full(len(KEYPOINTS), np.nan)
    distances[_COUNTED] = deviation / reference.torso_px
    return PoseComparison(
        float(similarity),
        is_mirrored,
        dict(zip(JOINT_ANGLES, angles.tolist(), strict=True)),
        dict(zip(KEYPOINTS, distances.tolist(), strict=True)),
    )


def prepare(track: Track) -> tuple[Complexes, Floats]:
    """Return the keypoints that count as x + iy, and their probabilities, both (T, C); 0 where unknown."""
    points = track.known_keypoints[:, _COUNTED]
    known = np.isfinite(points[..., 0])
    complexes = np.where(known, points[..., 0] + 1j * points[..., 1], 0.0)
    return complexes, np.where(known, track.right[:, _COUNTED], 0.0)


def similarities(poses: tuple[Complexes, Floats], references: tuple[Complexes, Floats]) -> Floats:
    """Return the similarity of each pose with each reference, as `PoseComparison` defines it.

    Args:
        poses: points and probabilities of N poses, both (N, C).
        references: the same of M poses.

    Returns:
        Shape (N, M); NaN where fewer than `MIN_KEYPOINTS` are known in both.
    """
    (z, p), (w, q) = poses, references
    weight = np.einsum("nc,mc->nmc", p, q)
    total = np.maximum(weight.sum(axis=2), 1e-12)
    z_mean, w_mean = ((p * z) @ q.T) / total, (p @ (q * w).T) / total
    from_mean = z[:, None] - z_mean[..., None]
    to_mean = w[None] - w_mean[..., None]
    factor = _factor(weight, from_mean, to_mean)
    size = np.sqrt((weight * np.abs(to_mean) ** 2).sum(axis=2) / total)
    squared = np.abs(factor[..., None] * from_mean - to_mean) ** 2 / np.maximum(size, 1e-12)[..., None] ** 2
    likeness = (weight * np.exp(-0.5 * squared / TOLERANCE**2)).sum(axis=2) / total
    return np.where((weight > 0).sum(axis=2) >= MIN_KEYPOINTS, likeness, np.nan)


def _factor(weight: Floats, from_mean: Complexes, to_mean: Complexes) -> Any:
    """Return scale and rotation of the alignment as complex numbers, the rotation at most `MAX_ROTATION_DEG`."""
    power = np.maximum((weight * np.abs(from_mean) ** 2).sum(axis=-1), 1e-12)
    cross = (weight * from_mean.conj() * to_mean).sum(axis=-1)
    limit = np.radians(MAX_ROTATION_DEG)
    turn = np.clip(np.angle(cross), -limit, limit)
    # With the rotation fixed, the best scale is the part of the cross product along it.
    scale = np.maximum((cross * np.exp(-1j * turn)).real, 0.0) / power
    return scale * np.exp(1j * turn)


def _deviations(z: Complexes, w: Complexes, weight: Floats) -> Floats:
    """Return the distances (C,) in pixels of the reference after alignment; NaN where unknown."""
    total = max(weight.sum(), 1e-12)
    from_mean, to_mean = z - (weight * z).sum() / total, w - (weight * w).sum() / total
    distance = np.abs(_factor(weight, from_mean, to_mean) * from_mean - to_mean)
    return np.where((weight > 0) & ((weight > 0).sum() >= MIN_KEYPOINTS), distance, np.nan)
