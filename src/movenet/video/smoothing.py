"""Smoothing of poses in a video: frame by frame (causal), or of a whole recording (zero-phase)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState, ZeroPhase

ONE_EURO: Final = OneEuro()
"""Default filter of a stream."""
ZERO_PHASE: Final = ZeroPhase()
"""Default filter of a recording."""


def smooth_pose(
    smoothing: OneEuro | None, state: OneEuroState | None, pose: Pose, time_s: float, size: tuple[int, int]
) -> tuple[OneEuroState | None, Pose]:
    """Return the next filter state of a person, and their smoothed pose; None as filter leaves the pose as it is.

    `size` is the width and height of the picture in pixels.
    """
    if smoothing is None:
        return None, pose
    after, keypoints = smoothing.step(state, time_s, pose.keypoints, pose.scores, size)
    smoothed = replace(pose, keypoints=keypoints, box=None)
    return after, replace(smoothed, box=smoothed.bounds())


def smooth_recording(
    times_s: Sequence[float], poses: Sequence[Sequence[Pose]], settings: ZeroPhase = ZERO_PHASE
) -> list[list[Pose]]:
    """Smooth the poses of a whole recording without lag; short gaps of keypoints are filled, outliers removed.

    Args:
        times_s: time of each frame in seconds, ascending.
        poses: the unsmoothed poses of each frame: each id at most once a frame, at most one pose without an id.
        settings: the filter.

    Returns:
        One list per frame, with the same people; frames without a pose stay empty.

    Raises:
        MoveNetError: if scipy is not installed.
    """
    smoothed = [list(found) for found in poses]
    places: dict[int | None, list[tuple[int, int]]] = {}
    for frame, found in enumerate(poses):
        for index, pose in enumerate(found):
            places.setdefault(pose.id, []).append((frame, index))
    for known in places.values():
        track = [poses[frame][index] for frame, index in known]
        track_times_s = [times_s[frame] for frame, _ in known]
        for (frame, index), pose in zip(known, _smooth_track(track_times_s, track, settings), strict=True):
            smoothed[frame][index] = pose
    return smoothed


def _smooth_track(times_s: Sequence[float], track: Sequence[Pose], settings: ZeroPhase) -> list[Pose]:
    """Smooth the poses of one person."""
    keypoints, scores = settings.smooth(
        times_s, [pose.keypoints for pose in track], [pose.scores for pose in track]
    )
    smoothed = [
        replace(pose, keypoints=points, scores=point_scores, box=None)
        for pose, points, point_scores in zip(track, keypoints, scores, strict=True)
    ]
    return [replace(pose, box=pose.bounds()) for pose in smoothed]
