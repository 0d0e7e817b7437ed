"""The baselines and their known faults, on a scripted engine whose people are at known positions."""

import numpy as np
import pytest

from movenet.crop import MIN_SIDE_PX, Crop
from movenet.pose import KEYPOINTS
from movenet.smoothing import TFJS
from movenet.video_evaluation.baselines import GoogleRule, TfjsRule, WholeFrame, next_crop
from stage import PLACES, Stage, keypoints, scene

PERSON = (270, 60, 100, 240, 230)


@pytest.fixture
def estimator():
    return Stage().estimator()


def is_on(poses, person):
    return len(poses) == 1 and np.abs(poses[0].keypoints - keypoints(person)).max() < person[3] / 20


def play(follow, images):
    return [follow(image, i / 30) for i, image in enumerate(images)]


def middle(crop):
    return np.array([crop.left + crop.width / 2, crop.top + crop.height / 2])


@pytest.mark.parametrize("baseline", [WholeFrame, GoogleRule, TfjsRule])
def test_a_person_in_the_middle_is_tracked(baseline, estimator):
    assert all(is_on(poses, PERSON) for poses in play(baseline(estimator), [scene(PERSON)] * 5))


@pytest.mark.parametrize("baseline", [WholeFrame, GoogleRule])
def test_some_baselines_return_a_pose_in_an_empty_scene(baseline, estimator):
    assert all(len(poses) == 1 for poses in play(baseline(estimator), [scene()] * 3))


def test_googles_crop_cuts_off_limbs_where_tfjs_does_not():
    crouching = PLACES.copy()
    crouching[[5, 6], 1], crouching[[11, 12], 1] = 0.45, 0.55
    estimator = Stage(crouching).estimator()
    google, tfjs = GoogleRule(estimator), TfjsRule(estimator)
    play(google, [scene(PERSON)])
    play(tfjs, [scene(PERSON)])
    ankles = PERSON[1] + PERSON[3]
    hips = PERSON[1] + 0.55 * PERSON[3]
    assert google.crop.top + google.crop.height == pytest.approx(hips + 1.9 * 0.3 * PERSON[2], abs=5)
    assert google.crop.top + google.crop.height < ankles - 40
    assert tfjs.crop.top + tfjs.crop.height > ankles + 10


def test_google_takes_the_whole_frame_after_the_torso_is_lost(estimator):
    google = GoogleRule(estimator)
    play(google, [scene(PERSON), scene()])
    assert google.crop == Crop.whole(640, 360, 192)


def test_tfjs_never_finds_a_person_at_the_side_of_a_wide_frame(estimator):
    at_the_side = scene((20, 60, 100, 240, 230), width=1200)
    assert play(TfjsRule(estimator), [at_the_side] * 10) == [[]] * 10
    assert len(GoogleRule(estimator)(at_the_side, 0.0)) == 1


def test_tfjs_resets_its_state_when_no_keypoint_is_visible(estimator):
    tfjs = TfjsRule(estimator)
    tfjs(scene(PERSON), 0.0)
    assert tfjs.crop is not None
    assert tfjs(scene(), 0.1) == []
    assert (tfjs.crop, tfjs.edges, tfjs.smooth) == (None, None, None)


def test_the_edges_of_tfjs_crop_are_an_ema_of_weight_nine_tenths(estimator):
    tfjs = TfjsRule(estimator)
    tfjs(scene(PERSON), 0.0)
    before = middle(tfjs.crop)
    moved = (PERSON[0] + 20, *PERSON[1:])
    tfjs(scene(moved), 0.1)
    assert middle(tfjs.crop)[0] - before[0] == pytest.approx(0.9 * 20, abs=1.5)


def test_tfjs_smooths_the_poses_it_returns(estimator):
    frames = [scene(PERSON), scene((PERSON[0] + 12, *PERSON[1:]))]
    (raw,), (smooth,) = (play(TfjsRule(estimator, how), frames)[1] for how in (None, TFJS))
    assert (smooth.keypoints[:, 0] < raw.keypoints[:, 0]).all()


def standing(centre_x: float, top: float, height: float) -> np.ndarray:
    """Keypoints (17, 2) of a person upright, arms down: hips at half height."""
    heights = [0.05, 0.03, 0.03, 0.05, 0.05, 0.2, 0.2, 0.35, 0.35, 0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 1, 1]
    sides = np.array([0, 1, -1, 1, -1, *[1, -1] * 6]) * 0.08
    return np.stack([centre_x + sides * height, top + np.array(heights) * height], axis=1)


VISIBLE = np.full(17, 0.9)


def test_the_next_crop_is_around_mid_hip_and_as_large_as_google_says():
    crop = next_crop(standing(640, 300, 200), VISIBLE, 1280, 720, 192)
    half = max(1.9 * 0.3 * 200, 1.2 * 0.5 * 200)
    np.testing.assert_allclose(crop.to_image([96, 96]), [640, 400])
    assert crop.width == crop.height == pytest.approx(2 * half)


@pytest.mark.parametrize("limb", ["left_wrist", "right_wrist", "left_ankle", "nose"])
def test_a_stretched_limb_is_inside_the_next_crop(limb):
    keypoints = standing(640, 300, 200)
    keypoints[KEYPOINTS.index(limb)] = (840, 400)
    crop = next_crop(keypoints, VISIBLE, 1280, 720, 192)
    assert crop.width == pytest.approx(2 * 1.2 * 200)


def test_a_limb_of_low_score_does_not_count():
    keypoints, scores = standing(640, 300, 200), VISIBLE.copy()
    keypoints[KEYPOINTS.index("left_wrist")] = (900, 400)
    scores[KEYPOINTS.index("left_wrist")] = 0.1
    assert next_crop(keypoints, scores, 1280, 720, 192) == next_crop(
        standing(640, 300, 200), VISIBLE, 1280, 720, 192
    )


def test_one_shoulder_and_one_hip_are_a_torso():
    scores = np.zeros(17)
    scores[[KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_hip")]] = 0.21
    assert next_crop(standing(640, 300, 200), scores, 1280, 720, 192).width < 1280


@pytest.mark.parametrize("lost", [("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")])
def test_without_shoulders_or_hips_the_next_crop_is_the_whole_frame(lost):
    scores = VISIBLE.copy()
    scores[[KEYPOINTS.index(name) for name in lost]] = 0.2
    assert next_crop(standing(640, 300, 200), scores, 1280, 720, 192) == Crop.whole(1280, 720, 192)


@pytest.mark.parametrize("x", [25, 1895])
def test_a_person_at_the_side_of_a_wide_frame_is_inside_the_next_crop(x):
    keypoints = standing(x, 300, 200)
    follow = next_crop(keypoints, VISIBLE, 1920, 800, 192)
    again = next_crop(keypoints, np.zeros(17), 1920, 800, 192)
    assert follow.to_image([96, 96])[0] == pytest.approx(x)
    for crop in (follow, again):
        found = crop.to_output(keypoints)
        assert found.min() > 0
        assert found.max() < 192


def test_the_next_crop_of_a_person_who_fills_the_frame_is_the_whole_frame():
    assert next_crop(standing(320, -200, 900), VISIBLE, 640, 480, 192) == Crop.whole(640, 480, 192)


def test_keypoints_in_one_place_give_a_crop_of_the_smallest_side():
    crop = next_crop(np.full((17, 2), 300.0), VISIBLE, 1280, 720, 192)
    assert crop.width == crop.height == MIN_SIDE_PX


def test_the_next_crop_is_never_larger_than_a_tiny_picture():
    assert next_crop(np.full((17, 2), 3.0), VISIBLE, 6, 5, 192) == Crop.whole(6, 5, 192)
