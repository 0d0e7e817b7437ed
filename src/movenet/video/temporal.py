"""Temporal fusion: the votes of the last frame, moved with the person, count in this frame as those of a second crop.

It needs no further pass of the model. The votes move by the median motion of the keypoints between the two frames, so
that a person who moves as a whole is not delayed. A limb that moves against the person is kept in place by the mean
shift, which climbs to the nearest dense place (`movenet.decode.votes.find_modes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.decode.votes import Votes
from movenet.estimator.views import View, to_pose
from movenet.pose import Pose

MIN_SCORE: Final = 0.2
"""Keypoints that score less in either frame do not count for the motion."""
MIN_KEYPOINTS: Final = 3
"""With fewer such keypoints the motion is unknown, and the last frame's votes do not count."""


def fuse_with_previous(
    now: Sequence[Votes], previous: Sequence[Votes], weight: float, view: View, names: tuple[str, ...]
) -> Pose:
    """Return the pose that the votes of this frame and of the last one agree on, with the scores of this frame.

    Args:
        now: of each view of the person in this frame, at least one.
        previous: those of the last frame; empty if there are none.
        weight: factor on the weights of the last frame's votes, 0…1.
        view: the first of this frame's views.
        names: of the keypoints.
    """
    pose = to_pose(now, view, names)
    step = motion(now[0], previous[0]) if previous and weight > 0 else None
    if step is None:
        return pose
    moved = [_moved(votes, step, weight) for votes in previous]
    fused = replace(to_pose([*now, *moved], view, names), scores=pose.scores, score=pose.score, box=None)
    return replace(fused, box=fused.bounds())


def motion(now: Votes, previous: Votes) -> NDArray[np.float32] | None:
    """Return the median step of the keypoints, (2,), x, y in pixels; None if too few of them are visible in both."""
    visible = np.minimum(now.scores, previous.scores) >= MIN_SCORE
    if visible.sum() < MIN_KEYPOINTS:
        return None
    return np.asarray(np.median((now.keypoints - previous.keypoints)[visible], axis=0), np.float32)


def _moved(votes: Votes, step: NDArray[np.float32], weight: float) -> Votes:
    weights = votes.weights * np.float32(weight)
    return Votes(votes.keypoints + step, votes.scores, votes.points + step, weights)
