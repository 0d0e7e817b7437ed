"""The jointed body: its segments keep their lengths, and what is fixed stays."""

import numpy as np
import pytest

from movenet.pose import KEYPOINTS
from movenet.synthetic.exercises import MOVES, TORSO_PX, posture, repeat, walk


@pytest.mark.parametrize("exercise", sorted(MOVES))
def test_segments_keep_their_lengths_and_the_fixed_joints_their_place(exercise):
    move = MOVES[exercise]
    frames = np.array([posture(move, share) for share in (0, 0.3, 1)])
    ends = [KEYPOINTS.index(f"left_{name}") for name in ("hip", "knee", "ankle")]
    assert np.hypot(*(frames[:, ends[0]] - frames[:, ends[1]]).T) == pytest.approx(0.85 * TORSO_PX)
    pair = [KEYPOINTS.index(f"{side}_{move.fixed}") for side in ("left", "right")]
    assert np.ptp(frames[:, pair].mean(axis=1), axis=0) == pytest.approx([0, 0], abs=1e-6)


def test_repetitions_last_as_long_as_asked():
    frames = repeat("squat", [1.0, 0.5], [2.0, 1.0], [0.5, 0.5, 1.0], 20)
    assert len(frames) == (0.5 + 2 + 0.5 + 1 + 1) * 20
    assert frames[0] == pytest.approx(posture(MOVES["squat"], 0))


def test_a_walker_moves_to_the_right():
    frames = walk(2, 30)
    assert frames.shape == (60, 17, 2)
    assert frames[-1, :, 0].mean() > frames[0, :, 0].mean() + 100
