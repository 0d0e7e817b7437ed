"""The result of a person is made of the detection and of the votes of all their squares."""

import math
from dataclasses import replace

import numpy as np
import pytest

from movenet.estimator import Blend, Detection, EstimatorSettings, SecondCrop, default_settings, fuse
from movenet.pose import SIGMAS, Pose
from movenet.skeleton import oks_widths
from stage import Stage, keypoints, scene

PERSON = (200, 60, 100, 240, 230)
BOX = (0.0, 0.0, 100.0, 200.0)
PLACES = np.random.default_rng(1).uniform((0, 0), (100, 200), (17, 2)).astype(np.float32)


def detected(scores=0.6, score=0.8):
    pose = Pose(PLACES, np.full(17, scores, np.float32), score, BOX)
    return Detection(pose, np.array([50.0, 100.0]))


def estimated(shift, scores=0.6):
    points = PLACES + np.float32(shift)
    return Pose(points, np.full(17, scores, np.float32), scores, BOX)


def test_the_score_is_the_mean_of_both_scores_and_of_their_oks():
    fused = fuse(detected(score=0.8), estimated(0, 0.6), None)
    assert fused.score == pytest.approx(np.cbrt(0.8 * 0.6 * 1))
    np.testing.assert_array_equal(fused.keypoints, PLACES)


def test_where_the_model_found_someone_else_the_keypoints_are_the_detections():
    fused = fuse(detected(), estimated(80), Blend())
    np.testing.assert_array_equal(fused.keypoints, PLACES)
    assert fused.score < 0.3


def test_a_blended_keypoint_lies_between_detection_and_pose():
    shift, scores = 2.0, 0.6
    blended = Blend()(detected(), estimated(shift, scores))
    distance = math.sqrt(2) * shift / oks_widths(math.sqrt(detected().area), 17)
    logit = math.log(scores / (1 - scores))
    share = 1 / (1 + np.exp(-(0.5 + 1.5 * logit - logit + np.minimum(distance, 6))))
    np.testing.assert_allclose(blended.keypoints, PLACES + shift * share[:, None], rtol=1e-4)
    assert (blended.scores == np.float32(scores)).all()


def test_the_higher_score_weighs_more():
    own, other = (
        Blend()(detected(first), estimated(4, second)).keypoints - PLACES
        for first, second in ((0.3, 0.9), (0.9, 0.3))
    )
    assert (own > other).all()


def test_blending_ignores_far_detections():
    far = Blend()(detected(), estimated(60)).keypoints
    near_end = [k for k, sigma in enumerate(SIGMAS) if sigma < 0.04]
    np.testing.assert_allclose(far[near_end], PLACES[near_end] + 60, atol=0.5)


def test_the_extremes_are_finite():
    extreme = Pose(PLACES, np.array([0, 1] * 8 + [0], np.float32), 0.0, (0.0, 0.0, 0.0, 0.0))
    nowhere = Detection(replace(extreme, keypoints=PLACES * 0), np.zeros(2))
    assert np.isfinite(fuse(nowhere, extreme, Blend()).keypoints).all()


@pytest.mark.parametrize(
    ("changes", "squares"),
    [
        ({}, 1),
        ({"flip": True}, 2),
        ({"second_crop": SecondCrop(1.3, 256)}, 2),
        ({"second_crop": SecondCrop(1.3, 256), "flip": True}, 4),
        ({"flip": True, "flip_min_score": 0.99}, 1),
    ],
)
def test_every_square_of_a_person_finds_them(changes, squares):
    stage = Stage()
    estimator = stage.estimator(settings=EstimatorSettings(**changes))
    (pose,) = estimator(scene(PERSON))
    assert stage.crop_runs == squares
    assert np.linalg.norm(pose.keypoints - keypoints(PERSON), axis=1).max() < 3


def test_only_people_of_a_high_score_are_mirrored():
    stage = Stage()
    settings = EstimatorSettings(flip=True, flip_min_score=0.6)
    bright, dim = (50, 60, 80, 200, 240), (300, 60, 80, 200, 110)
    assert len(stage.estimator(people="many", settings=settings)(scene(bright, dim))) == 2
    assert stage.crop_runs == 3


def test_models_of_other_bases_are_not_blended():
    assert default_settings("posenet", "one").blend is None
    assert default_settings("lightning", "one").blend is not None
