"""The keypoints, and Pose."""

import numpy as np
import pytest

from movenet.pose import BONES, KEYPOINTS, MIRROR, SIGMAS, Pose


@pytest.fixture
def pose():
    keypoints = np.arange(34, dtype=np.float32).reshape(17, 2)
    return Pose(keypoints, np.linspace(0, 1, 17, dtype=np.float32), 0.5, box=(10, 20, 30, 40), id=3)


def test_mirroring_swaps_every_left_with_its_right():
    for k, name in enumerate(KEYPOINTS):
        side = {"left": "right", "right": "left"}
        expected = "_".join(side.get(word, word) for word in name.split("_"))
        assert KEYPOINTS[MIRROR[k]] == expected


def test_there_is_a_sigma_for_every_keypoint_and_a_bone_to_each():
    assert len(SIGMAS) == len(KEYPOINTS) == len(MIRROR) == 17
    assert {k for bone in BONES for k in bone} == set(range(17))


def test_a_keypoint_is_found_by_its_name(pose):
    assert pose["right_eye"] == (4.0, 5.0, 0.125)


def test_mirroring_twice_gives_the_pose_back(pose):
    again = pose.mirrored(640).mirrored(640)
    np.testing.assert_allclose(again.keypoints, pose.keypoints)
    np.testing.assert_array_equal(again.scores, pose.scores)
    assert (again.box, again.id) == (pose.box, 3)


def test_left_stays_the_persons_own_left_in_a_mirrored_pose(pose):
    assert pose.mirrored(100)["left_wrist"][:2] == (100 - pose["right_wrist"][0], pose["right_wrist"][1])
    assert pose.mirrored(100).box == (60, 20, 30, 40)


def test_the_bounds_contain_the_box_and_the_visible_keypoints():
    keypoints = np.tile(np.float32([[100, 100]]), (17, 1))
    keypoints[0], keypoints[1] = (40, 100), (0, 0)
    scores = np.full(17, 0.5, np.float32)
    scores[1] = 0.05
    assert Pose(keypoints, scores, 0.5, box=(90, 80, 50, 60)).bounds() == (40, 80, 100, 60)
    assert Pose(keypoints, scores, 0.5).bounds() == (40, 100, 60, 0)


def test_a_pose_without_visible_keypoints_has_no_bounds():
    assert Pose(np.zeros((17, 2), np.float32), np.zeros(17, np.float32), 0.0).bounds() is None
