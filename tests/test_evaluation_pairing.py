"""The most alike are paired first."""

import numpy as np
import pytest

from lists import guess, guesses, load, person, standing
from movenet.evaluation.matching import keypoint_similarity, pair
from movenet.pose import SIGMAS


def slow_oks(person, result):
    """COCO's definition, one keypoint after the other."""
    truth = np.array(person["keypoints"]).reshape(17, 3)
    found = np.array(result["keypoints"]).reshape(17, 3)
    terms = [
        np.exp(
            -((found[k, 0] - truth[k, 0]) ** 2 + (found[k, 1] - truth[k, 1]) ** 2)
            / (2 * person["area"] * (2 * SIGMAS[k]) ** 2)
        )
        for k in range(17)
        if truth[k, 2] > 0
    ]
    return sum(terms) / len(terms)


def slow_pairs(people, results):
    """Take the best pair of all that is left, again and again."""
    counted = [i for i, p in enumerate(people) if not p["iscrowd"] and p["num_keypoints"]]
    left = {
        (i, j): slow_oks(people[i], r)
        for i in counted
        for j, r in enumerate(results)
        if people[i]["image_id"] == r["image_id"]
    }
    pairs = []
    while left:
        i, j = max(left, key=left.get)
        pairs.append((i, j, left[i, j]))
        left = {(a, b): oks for (a, b), oks in left.items() if a != i and b != j}
    return sorted(pairs)


@pytest.mark.parametrize("seed", range(4))
def test_pairs_are_those_of_the_slow_reference(seed, tmp_path):
    rng = np.random.default_rng(seed)
    people = [person(rng, image, 10 * image + i + 1) for image in range(8) for i in range(4)]
    results = list(guesses(people[::2] + people[:8], 25.0, seed))
    truth, estimates = load(tmp_path, people, 8, results)
    pairs = pair(truth.people, estimates)
    expected = slow_pairs(people, results)
    assert list(zip(pairs.people.tolist(), pairs.estimates.tolist(), strict=True)) == [
        p[:2] for p in expected
    ]
    assert pairs.oks == pytest.approx([p[2] for p in expected], abs=1e-9)


def test_pairing_goes_by_oks_and_not_by_score(tmp_path):
    people = [standing(0, 1, 0)]
    truth, estimates = load(
        tmp_path, people, 1, [guess(people[0], (9, 0), score=0.9), guess(people[0], (1, 0), score=0.1)]
    )
    assert pair(truth.people, estimates).estimates.tolist() == [1]


def test_pairs_below_a_limit_can_be_left_out(tmp_path):
    people = [standing(0, 1, 0), standing(1, 2, 0)]
    truth, estimates = load(tmp_path, people, 2, [guess(people[0]), guess(people[1], (400, 400))])
    pairs = pair(truth.people, estimates)
    assert len(pairs) == 2
    assert pairs.above(0.1).people.tolist() == [0]


def test_without_people_or_estimates_there_are_no_pairs(tmp_path):
    people = [standing(0, 1, 0)]
    assert len(pair(load(tmp_path, people, 1, [])[0].people, load(tmp_path, people, 1, [])[1])) == 0
    truth, estimates = load(tmp_path, [], 1, [guess(people[0])])
    assert len(pair(truth.people, estimates)) == 0


def test_a_keypoint_one_tolerance_away_has_a_similarity_of_e_to_the_minus_a_half():
    truth = np.zeros((17, 2))
    away = np.stack([2 * np.array(SIGMAS) * 100, np.zeros(17)], axis=1)
    assert keypoint_similarity(away, truth, np.array(10_000.0)) == pytest.approx(np.exp(-0.5))
