"""Scores become probabilities, in order, and only for models that were measured."""

import numpy as np
import pytest

from movenet import Estimator, probabilities, read_photo, with_probabilities
from movenet.calibration import CALIBRATION_CURVES, CalibrationCurve
from movenet.errors import ModelError
from movenet.models import DATA


@pytest.mark.parametrize("model", CALIBRATION_CURVES)
def test_a_score_of_a_third_is_right_about_half_the_time(model):
    assert 0.4 < probabilities(0.3, model) < 0.6


@pytest.mark.parametrize("model", CALIBRATION_CURVES)
def test_order_and_shape_are_kept(model):
    scores = np.linspace(0, 1, 34).reshape(2, 17)
    believed = probabilities(scores, model)
    assert believed.shape == scores.shape
    assert (np.diff(believed.ravel()) >= 0).all()
    assert ((believed >= 0) & (believed <= 1)).all()


def test_an_int8_model_has_the_calibration_of_its_base():
    assert probabilities(0.4, "thunder-int8") == probabilities(0.4, "thunder")


def test_a_model_without_a_calibration_is_refused():
    with pytest.raises(ModelError, match="made from one of lightning, thunder, got one made from posenet"):
        probabilities(0.3, "posenet")


def test_the_default_curve_is_the_identity():
    assert CalibrationCurve()([0.2, 0.7]) == pytest.approx([0.2, 0.7])


def test_clearly_visible_joints_have_high_probabilities():
    pose = Estimator()(read_photo(DATA / "astronaut.jpg"))[0]
    shoulders = pose.scores[5:7]
    assert (probabilities(shoulders) > shoulders).all()


def test_only_the_keypoint_scores_of_a_pose_become_probabilities():
    pose = Estimator()(read_photo(DATA / "astronaut.jpg"))[0]
    calibrated = with_probabilities(pose, "lightning")
    np.testing.assert_allclose(calibrated.scores, probabilities(pose.scores, "lightning"), rtol=1e-6)
    np.testing.assert_array_equal(calibrated.keypoints, pose.keypoints)
    assert (calibrated.score, calibrated.box) == (pose.score, pose.box)
    assert calibrated.scores.dtype == np.float32
