"""`Track`: the poses of one person over time as arrays, from records or from frames with their poses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.angles import MIN_RELIABILITY, angle_arrays
from movenet.analysis.definitions import ANGLE_NAMES
from movenet.calibration import probabilities
from movenet.errors import DataError
from movenet.models import ModelCard
from movenet.pose import KEYPOINTS, Pose

MIN_PROBABILITY: Final = 0.5
"""Keypoints that are right with a lower probability are unknown to the analysis."""


class TimedPoses(Protocol):
    """The poses of one picture; `movenet.Record` is one."""

    @property
    def time_s(self) -> float:
        """Time in seconds."""

    @property
    def poses(self) -> Sequence[Pose]:
        """The people in the picture."""


@dataclass(frozen=True, eq=False)
class Track:
    """One person in T frames of a video. Frames in which they were not found hold NaN."""

    id: int | None
    """Id of the person; None without tracking."""
    times_s: NDArray[np.float64]
    """Shape (T,): seconds, ascending."""
    keypoints: NDArray[np.float64]
    """Shape (T, 17, 2): x, y in pixels."""
    right: NDArray[np.float64]
    """Shape (T, 17): probability that each keypoint is right, 0…1; 0 where there is no pose."""

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def rate_hz(self) -> float:
        """Frames per second: 1 / median step; NaN with fewer than two frames."""
        return float(1 / np.median(np.diff(self.times_s))) if len(self) > 1 else float("nan")

    @property
    def found(self) -> NDArray[np.bool_]:
        """Shape (T,): whether there is a pose."""
        return np.asarray(np.isfinite(self.keypoints[..., 0]).any(axis=1), np.bool_)

    @cached_property
    def known_keypoints(self) -> NDArray[np.float64]:
        """Shape (T, 17, 2): the keypoints, NaN where they are right with less than `MIN_PROBABILITY`."""
        return np.where(self.right[..., None] >= MIN_PROBABILITY, self.keypoints, np.nan)

    @cached_property
    def angles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Degrees and reliabilities, both (T, A) in the order of `ANGLE_NAMES`."""
        return angle_arrays(self.keypoints, self.right)

    def angle(self, name: str, min_reliability: float = MIN_RELIABILITY) -> NDArray[np.float64]:
        """Return the angle of this name over time, (T,) degrees, NaN where it is unknown.

        Raises:
            DataError: there is no such angle.
        """
        if name not in ANGLE_NAMES:
            raise DataError(f"expected one of the angles {', '.join(ANGLE_NAMES)}, got {name!r}")
        degrees, reliability = (values[:, ANGLE_NAMES.index(name)] for values in self.angles)
        return np.where(reliability >= min_reliability, degrees, np.nan)

    @cached_property
    def torso_lengths_px(self) -> NDArray[np.float64]:
        """Shape (T,): length from the middle of the shoulders to that of the hips in pixels, NaN where unknown.

        One shoulder and one hip are enough.
        """
        points = self.known_keypoints
        along = mean_of_known(points[:, 5:7], axis=1) - mean_of_known(points[:, 11:13], axis=1)
        return np.asarray(np.hypot(along[:, 0], along[:, 1]))

    @cached_property
    def torso_px(self) -> float:
        """Length from the middle of the shoulders to that of the hips in pixels: the upper quartile over time.

        The trunk appears shorter whenever it leans towards the camera. NaN if it was never seen.
        """
        lengths = self.torso_lengths_px
        known = lengths[np.isfinite(lengths)]
        return float(np.percentile(known, 75)) if len(known) else float("nan")

    def between(self, start_s: float, end_s: float) -> Track:
        """Return the frames from `start_s` to `end_s`, both included."""
        inside = (self.times_s >= start_s) & (self.times_s <= end_s)
        parts = (self.times_s[inside], self.keypoints[inside], self.right[inside])
        return Track(self.id, *parts)


def mean_of_known(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the mean along an axis without the NaN; NaN where all are."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def make_tracks(frames: Iterable[TimedPoses], model: str | ModelCard = "lightning") -> list[Track]:
    """Return a track of every person in the frames of one video, in the order of their ids.

    Each track covers the frames from the first to the last one in which its person was found. Without ids the person
    of the highest score in each frame makes up the only track.

    Args:
        frames: the poses of each frame; `movenet.read_records` yields such.
        model: the model that estimated them, for the calibration of their scores.

    Raises:
        DataError: the times do not ascend (records of one video are expected), a pose has another skeleton than
            COCO's, or an id is twice in a frame.
        ModelError: there is no calibration for the model.
    """
    times_s: list[float] = []
    people: dict[int | None, dict[int, Pose]] = {}
    for index, frame in enumerate(frames):
        if times_s and not frame.time_s > times_s[-1]:
            raise DataError(
                f"expected the frames of one video in their order, got {frame.time_s} s after {times_s[-1]} s"
            )
        times_s.append(frame.time_s)
        for key, pose in _by_id(frame).items():
            people.setdefault(key, {})[index] = pose
    ordered = sorted(people, key=lambda key: -1 if key is None else key)
    return [_track(key, people[key], np.array(times_s), model) for key in ordered]


def _by_id(frame: TimedPoses) -> dict[int | None, Pose]:
    poses: dict[int | None, Pose] = {}
    for pose in frame.poses:
        if len(pose.keypoints) != len(KEYPOINTS):
            raise DataError(
                f"expected COCO's {len(KEYPOINTS)} keypoints, got {len(pose.keypoints)} at {frame.time_s} s"
            )
        before = poses.get(pose.id)
        if before is not None and pose.id is not None:
            raise DataError(f"expected each person once, got id {pose.id} twice at {frame.time_s} s")
        if before is None or pose.score > before.score:
            poses[pose.id] = pose
    return poses


def _track(
    key: int | None, poses: dict[int, Pose], times_s: NDArray[np.float64], model: str | ModelCard
) -> Track:
    frames = np.array(list(poses))
    count = frames[-1] - frames[0] + 1
    keypoints = np.full((count, len(KEYPOINTS), 2), np.nan)
    scores = np.zeros((count, len(KEYPOINTS)))
    keypoints[frames - frames[0]] = [pose.keypoints for pose in poses.values()]
    scores[frames - frames[0]] = [pose.scores for pose in poses.values()]
    keypoints[~np.isfinite(keypoints).all(axis=2)] = np.nan
    unknown = ~np.isfinite(scores) | np.isnan(keypoints[..., 0])
    right = np.where(unknown, 0.0, probabilities(np.where(unknown, 0.0, scores), model))
    return Track(key, times_s[frames[0] : frames[-1] + 1], keypoints, right)
