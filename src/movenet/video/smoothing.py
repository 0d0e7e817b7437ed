"""Smoothing of the poses of a video: frame by frame, or a whole recording at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from movenet.pose import Pose
from movenet.smoothing import OneEuro, OneEuroState, ZeroPhase

CALM: Final = OneEuro()
"""The smoothing of a stream unless told otherwise."""
ZERO_PHASE: Final = ZeroPhase()
"""The smoothing of a recording unless told otherwise."""


def calm(
    smoothing: OneEuro | None, state: OneEuroState | None, pose: Pose, time_s: float, size: tuple[int, int]
) -> tuple[OneEuroState | None, Pose]:
    """Return what the smoothing remembers of a person after a frame, and their pose as it is shown.

    `size` is the picture's width and height in pixels.
    """
    if smoothing is None:
        return None, pose
    after, keypoints = smoothing.step(state, time_s, pose.keypoints, pose.scores, size)
    shown = replace(pose, keypoints=keypoints, box=None)
    return after, replace(shown, box=shown.bounds())


def smooth_recording(
    times_s: Sequence[float], poses: Sequence[Sequence[Pose]], settings: ZeroPhase = ZERO_PHASE
) -> list[list[Pose]]:
    """Smooth the poses of a whole recording without lag: holes filled, outliers taken out.

    Args:
        times_s: when each frame is shown, ascending.
        poses: the poses in each frame, not smoothed before: each id once a frame, one person at most without any.
        settings: how to smooth.

    Returns:
        One list for each frame, with the same people; frames in which nobody was found stay empty.

    Raises:
        MoveNetError: if scipy is not installed.
    """
    smooth = [list(found) for found in poses]
    places: dict[int | None, list[tuple[int, int]]] = {}
    for at, found in enumerate(poses):
        for place, pose in enumerate(found):
            places.setdefault(pose.id, []).append((at, place))
    for known in places.values():
        track = [poses[at][place] for at, place in known]
        for (at, place), pose in zip(
            known, _smooth([times_s[at] for at, _ in known], track, settings), strict=True
        ):
            smooth[at][place] = pose
    return smooth


def _smooth(times_s: Sequence[float], track: Sequence[Pose], settings: ZeroPhase) -> list[Pose]:
    """Smooth the poses of one person."""
    keypoints, scores = settings.smooth(
        times_s, [pose.keypoints for pose in track], [pose.scores for pose in track]
    )
    shown = [
        replace(pose, keypoints=points, scores=confidence, box=None)
        for pose, points, confidence in zip(track, keypoints, scores, strict=True)
    ]
    return [replace(pose, box=pose.bounds()) for pose in shown]
