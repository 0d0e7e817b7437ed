"""Skeletons of any kind are named, and refused if they contradict themselves."""

import pytest

from movenet.errors import DataError
from movenet.skeleton import BODY, DEFAULT_SIGMA, Skeleton, make_skeleton


def test_pairs_swap_in_a_mirror_and_other_keypoints_stay():
    hand = make_skeleton(["left_tip", "root", "right_tip"], pairs=[["left_tip", "right_tip"]])
    assert hand.mirror == (2, 1, 0)


def test_without_sigmas_all_keypoints_have_the_default():
    assert make_skeleton(["a", "b"]).sigmas == (DEFAULT_SIGMA, DEFAULT_SIGMA)


def test_bones_are_named_by_their_ends():
    assert make_skeleton(["a", "b", "c"], bones=[["c", "a"]]).bones == ((2, 0),)


def test_only_a_body_has_a_torso():
    assert [(BODY.names[a], BODY.names[b]) for a, b in BODY.torso] == [
        ("left_shoulder", "right_hip"),
        ("right_shoulder", "left_hip"),
    ]
    assert make_skeleton(["a", "b"]).torso == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": ()},
        {"names": ("a", "a")},
        {"mirror": (1, 1)},
        {"mirror": (1, 2)},
        {"sigmas": (0.1,)},
        {"sigmas": (0.1, 0.0)},
        {"bones": ((0, 2),)},
    ],
    ids=str,
)
def test_a_skeleton_that_does_not_fit_together_is_refused(wrong):
    right = {"names": ("a", "b"), "mirror": (0, 1), "sigmas": (0.1, 0.1)}
    with pytest.raises(DataError, match="expected"):
        Skeleton(**(right | wrong))


def test_a_pair_of_unknown_keypoints_is_refused():
    with pytest.raises(DataError, match="got a, z"):
        make_skeleton(["a", "b"], pairs=[["a", "z"]])
