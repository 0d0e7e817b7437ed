"""Two lists of results are compared by their AP and a paired bootstrap."""

import math

import numpy as np
import pytest

from lists import guess, guesses, load, person, standing
from movenet.evaluation import compare, score, to_estimates
from movenet.evaluation.coco_ap import match_estimates
from movenet.evaluation.comparison import weighted_ap

IMAGES = 12


@pytest.fixture
def people():
    rng = np.random.default_rng(3)
    return [person(rng, n % IMAGES, n + 1) for n in range(60)]


@pytest.mark.parametrize("noise", [2, 8, 20])
def test_the_ap_of_all_pictures_is_cocos(people, noise, tmp_path):
    truth, estimates = load(tmp_path, people, IMAGES, [*guesses(people, noise, 1), *guesses(people, 40, 2)])
    found = weighted_ap(match_estimates(truth, estimates), np.ones(IMAGES))
    assert found == pytest.approx(score(truth, estimates)["AP"], abs=1e-6)


def test_a_picture_that_weighs_nothing_does_not_count(people, tmp_path):
    results = [*guesses(people, 8, 1)]
    truth, estimates = load(tmp_path, people, IMAGES, results)
    part, part_estimates = load(
        tmp_path,
        [p for p in people if p["image_id"] < 5],
        5,
        [r for r in results if r["image_id"] < 5],
    )
    weights = (np.arange(IMAGES) < 5).astype(float)
    found = weighted_ap(match_estimates(truth, estimates), weights)
    assert found == pytest.approx(score(part, part_estimates)["AP"], abs=1e-6)


def test_the_same_results_do_not_differ(people, tmp_path):
    truth, estimates = load(tmp_path, people, IMAGES, [*guesses(people, 8, 1)])
    same = compare(truth, estimates, estimates)
    assert (same.difference, same.low, same.high, same.images) == (0, 0, 0, IMAGES)
    assert same.first == pytest.approx(score(truth, estimates)["AP"], abs=1e-6)


def test_where_every_picture_is_better_the_interval_excludes_zero(people, tmp_path):
    truth, rough = load(tmp_path, people, IMAGES, [*guesses(people, 12, 1)])
    exact = to_estimates([guess(p) for p in people], truth)
    better = compare(truth, rough, exact)
    assert 0 < better.low < better.difference < better.high
    worse = compare(truth, exact, rough)
    assert (worse.low, worse.high) == pytest.approx((-better.high, -better.low))


def test_a_difference_in_one_picture_of_many_may_be_chance(tmp_path):
    people = [standing(i, i + 1, 0) for i in range(8)]
    truth, all_found = load(tmp_path, people, 8, [guess(p) for p in people])
    one_missed = to_estimates([guess(p) for p in people[1:]], truth)
    found = compare(truth, one_missed, all_found)
    assert found.difference > 0
    assert found.low == 0


def test_results_without_anybody_have_ap_zero(tmp_path):
    people = [standing(0, 1, 0)]
    truth, found = load(tmp_path, people, 2, [guess(people[0])])
    nobody = to_estimates([], truth)
    result = compare(truth, nobody, found)
    assert (result.first, result.second) == (0, pytest.approx(1))


def test_annotations_of_nobody_give_null_in_json(tmp_path):
    truth, nobody = load(tmp_path, [{**standing(0, 1, 0), "iscrowd": 1}], 1, [])
    found = compare(truth, nobody, nobody)
    assert math.isnan(found.first)
    assert found.to_plain()["difference"] is None
