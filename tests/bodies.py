"""Tracks and poses of the synthetic body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from movenet.analysis import Track
from movenet.pose import Pose
from movenet.synthetic.exercises import body, repeat, walk

__all__ = ["RATE_HZ", "body", "frames", "poses_of", "repeated", "track_of", "walk", "with_noise"]

RATE_HZ = 30


def repeated(
    exercise: str, depths: int | Sequence[float], seconds: float = 1.5, pause_s: float = 0.7
) -> NDArray[np.float64]:
    """Return (T, 17, 2): repetitions of an exercise, each of a depth (1 is complete), with rest before and after."""
    depths = [1.0] * depths if isinstance(depths, int) else depths
    return repeat(exercise, depths, [seconds] * len(depths), [pause_s] * (len(depths) + 1), RATE_HZ)


def with_noise(
    keypoints: NDArray[np.float64], rng: np.random.Generator, torso_lengths: float
) -> NDArray[np.float64]:
    """Return the keypoints with normal noise of a standard deviation in torso lengths."""
    torso_px = np.hypot(*(keypoints[0, 5:7].mean(axis=0) - keypoints[0, 11:13].mean(axis=0)))
    return keypoints + rng.normal(0, torso_lengths * torso_px, keypoints.shape)


def track_of(keypoints: NDArray[np.float64], start_s: float = 0.0) -> Track:
    """Return a track of keypoints (T, 17, 2) that are all right with probability 0.97."""
    times_s = start_s + np.arange(len(keypoints)) / RATE_HZ
    known = np.isfinite(keypoints[..., 0])
    return Track(None, times_s, np.asarray(keypoints, np.float64), np.where(known, 0.97, 0.0))


def poses_of(keypoints: NDArray[np.float64], **fields: int) -> list[Pose]:
    """Return a pose of each frame."""
    scores = np.full(17, 0.9, np.float32)
    return [Pose(points.astype(np.float32), scores, 0.9, **fields) for points in keypoints]


def frames(keypoints: NDArray[np.float64]) -> Iterator[tuple[float, list[Pose]]]:
    """Yield the time of each frame and the pose in it."""
    for index, pose in enumerate(poses_of(keypoints)):
        yield index / RATE_HZ, [pose]
