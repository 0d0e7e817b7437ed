"""A score is a chance, or is mapped to one."""

import math

import numpy as np
import pytest

from lists import guess, load, standing
from movenet.calibration import CalibrationCurve
from movenet.evaluation.calibration import (
    BINS,
    calibrate,
    first_half,
    fit,
    reliability,
)
from movenet.evaluation.matching import pair


def draw(curve, count, seed):
    """Scores, and what is right where `curve` is the truth."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, count)
    return scores, rng.uniform(0, 1, count) < curve(scores)


def slow_ece(scores, right):
    total = 0.0
    for i in range(10):
        inside = [
            (s, r)
            for s, r in zip(scores, right, strict=True)
            if i / 10 <= s < (i + 1) / 10 or (i == 9 and s == 1)
        ]
        if inside:
            gap = np.mean([s for s, _ in inside]) - np.mean([r for _, r in inside])
            total += len(inside) / len(scores) * abs(gap)
    return total


def test_the_calibration_error_is_that_of_the_slow_reference():
    scores, right = draw(CalibrationCurve(2.0, 1.0), 500, seed=1)
    scores[:2] = 0.0, 1.0
    assert reliability(scores, right).ece == pytest.approx(slow_ece(scores, right))


def test_a_score_of_one_half_that_is_correct_half_of_the_time_is_calibrated():
    assert reliability(np.full(10, 0.5), np.arange(10) % 2 == 0).ece == pytest.approx(0)


def test_bins_count_their_keypoints():
    found = reliability(np.array([0.05, 0.06, 0.95]), np.array([True, False, True]))
    assert found.counts.tolist() == [2] + [0] * (BINS - 2) + [1]
    assert found.correct[0] == 0.5
    assert math.isnan(found.correct[1])


def test_without_keypoints_there_is_no_calibration_error():
    assert math.isnan(reliability(np.zeros(0), np.zeros(0, bool)).ece)


def test_the_fit_finds_the_curve_that_generated_the_data():
    scores, right = draw(CalibrationCurve(1.8, 2.5), 50_000, seed=2)
    curve = fit(scores, right)
    assert (curve.slope, curve.intercept) == pytest.approx((1.8, 2.5), abs=0.08)


def test_the_fit_has_the_greatest_likelihood():
    scores, right = draw(CalibrationCurve(1.3, -0.4), 300, seed=3)

    def loss(slope, intercept):
        chance = CalibrationCurve(slope, intercept)(scores)
        return -np.log(np.where(right, chance, 1 - chance)).sum()

    curve = fit(scores, right)
    best = loss(curve.slope, curve.intercept)
    for step in (-0.02, 0.02):
        assert best < loss(curve.slope + step, curve.intercept)
        assert best < loss(curve.slope, curve.intercept + step)


def test_the_curve_calibrates_held_out_scores():
    curve = fit(*draw(CalibrationCurve(2.0, 3.0), 4000, seed=4))
    scores, right = draw(CalibrationCurve(2.0, 3.0), 4000, seed=5)
    assert reliability(scores, right).ece > 0.2
    assert reliability(curve(scores), right).ece < 0.02


def test_mapping_keeps_the_order_of_scores_and_their_range():
    scores = np.linspace(0, 1, 101)
    mapped = CalibrationCurve(2.0, 3.0)(scores)
    assert (np.diff(mapped[1:-1]) > 0).all()
    assert (mapped >= 0).all()
    assert (mapped <= 1).all()


def test_the_default_curve_is_the_identity():
    scores = np.linspace(0.01, 0.99, 50)
    assert CalibrationCurve()(scores) == pytest.approx(scores)


@pytest.mark.parametrize("right", [True, False])
def test_the_fit_is_defined_where_all_are_correct_or_all_are_incorrect(right):
    scores = np.linspace(0.1, 0.9, 20)
    mapped = fit(scores, np.full(20, right))(scores)
    assert np.isfinite(mapped).all()
    assert (mapped > 0.9).all() if right else (mapped < 0.1).all()


def test_the_curve_never_falls():
    scores, right = draw(CalibrationCurve(2.0, 0.0), 500, seed=6)
    assert fit(1 - scores, right).slope > 0


def test_the_fit_without_data_is_the_identity():
    assert fit(np.zeros(0), np.zeros(0, bool)) == CalibrationCurve()


def test_halves_are_every_second_picture_in_the_order_of_ids():
    ids = np.array([40, 10, 30, 20, 10, 40])
    assert first_half(ids).tolist() == [False, True, True, False, True, False]


def made(tmp_path, labelled, keypoint_score=0.5):
    people = [standing(image, image + 1, 0, labelled=labelled) for image in range(6)]
    results = [guess(p, (40 * (i % 3 == 0), 0), keypoint_score=keypoint_score) for i, p in enumerate(people)]
    truth, estimates = load(tmp_path, people, 6, results)
    return calibrate(truth.people, estimates, pair(truth.people, estimates))


def test_an_unlabelled_keypoint_is_incorrect_among_all_keypoints(tmp_path):
    people = [standing(0, 1, 0, labelled=range(17)), standing(1, 2, 0, labelled=range(5))]
    truth, estimates = load(tmp_path, people, 2, [guess(p) for p in people])
    every, labelled = calibrate(truth.people, estimates, pair(truth.people, estimates))
    assert every.before.correct[5] == pytest.approx(22 / 34)
    assert labelled.before.correct[5] == 1.0
    assert (every.before.counts.sum(), labelled.before.counts.sum()) == (34, 22)


def test_a_keypoint_that_no_person_has_labelled_is_left_out(tmp_path):
    every, labelled = made(tmp_path, labelled=range(5, 17))
    assert every.before.counts.sum() == labelled.before.counts.sum() == 6 * 12


def test_a_keypoint_outside_its_tolerance_is_incorrect(tmp_path):
    _, labelled = made(tmp_path, labelled=range(5))
    assert labelled.before.correct[5] == pytest.approx(4 / 6)


@pytest.mark.parametrize("score", [2.0, -0.1])
def test_scores_outside_zero_to_one_have_no_calibration(score, tmp_path):
    assert made(tmp_path, range(17), keypoint_score=score) is None
