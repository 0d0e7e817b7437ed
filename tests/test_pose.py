"""The keypoints, and Pose."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from movenet.errors import DataError, UnknownKeypointError
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


def test_a_keypoint_of_a_custom_skeleton_is_found_by_its_name():
    scores = np.linspace(0, 1, 3, dtype=np.float32)
    dog = Pose(np.arange(6, dtype=np.float32).reshape(3, 2), scores, 0.5, names=("nose", "withers", "tail"))
    assert dog["withers"] == (2.0, 3.0, 0.5)
    assert replace(dog, id=4)["tail"] == (4.0, 5.0, 1.0)


@pytest.mark.parametrize("kind", [UnknownKeypointError, DataError, KeyError])
def test_an_unknown_name_is_a_data_error_and_a_key_error(pose, kind):
    with pytest.raises(kind):
        pose["neck"]


def test_the_error_of_an_unknown_name_lists_the_names_and_suggests_the_nearest(pose):
    with pytest.raises(UnknownKeypointError) as caught:
        pose["left_writs"]
    assert str(caught.value).startswith("expected one of the keypoints nose, left_eye, right_eye, ")
    assert str(caught.value).endswith("right_ankle, got 'left_writs'; did you mean 'left_wrist'?")
    assert (caught.value.name, caught.value.names) == ("left_writs", KEYPOINTS)


def test_an_index_is_no_name(pose):
    with pytest.raises(UnknownKeypointError, match=r"got '3'$"):
        pose[3]


def test_keypoints_that_do_not_fit_the_names_have_no_names():
    pose = Pose(np.zeros((3, 2), np.float32), np.zeros(3, np.float32), 0.5)
    with pytest.raises(UnknownKeypointError, match="expected a pose whose keypoints have names, got 'nose'"):
        pose["nose"]


def test_the_error_of_an_unknown_name_passes_between_processes():
    error = UnknownKeypointError("neck", ("nose", "tail"))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.names) == (UnknownKeypointError, str(error), error.names)


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


def test_a_custom_skeleton_whose_sides_are_unknown_is_not_mirrored():
    dog = Pose(np.zeros((3, 2), np.float32), np.ones(3, np.float32), 0.5, names=("nose", "withers", "tail"))
    with pytest.raises(DataError, match="expected COCO's 17 keypoints to mirror, got 3"):
        dog.mirrored(100)


@pytest.mark.parametrize("name", ["right eye", "Right Eye", "right-eye", " right_eye "])
def test_names_may_have_spaces_and_capitals(pose, name):
    assert pose[name] == pose["right_eye"]


def test_a_pose_prints_on_one_line(pose):
    assert repr(pose) == "Pose(id 3, score 0.50, 15 of 17 keypoints, box 30 × 40 px at (10, 20))"
    assert repr(replace(pose, box=None, id=None)) == "Pose(score 0.50, 15 of 17 keypoints)"


def test_a_pose_becomes_plain_numbers_by_name(pose):
    plain = json.loads(json.dumps(pose.to_dict(), allow_nan=False))
    assert (plain["id"], plain["score"], plain["box"]) == (3, 0.5, [10, 20, 30, 40])
    assert tuple(plain["keypoints"]) == KEYPOINTS
    assert plain["keypoints"]["right_eye"] == [4, 5, 0.125]


def test_what_is_not_known_is_none(pose):
    unknown = Pose(np.full((2, 2), np.nan, np.float32), np.zeros(2, np.float32), 0.0)
    assert unknown.to_dict() == {
        "id": None,
        "score": 0.0,
        "box": None,
        "keypoints": {"0": [None, None, 0.0], "1": [None, None, 0.0]},
    }
