"""Each error is known by its kind, and put right it costs what it cost."""

import math

import numpy as np
import pytest

from lists import guess, guesses, load, person, standing
from movenet.evaluation.coco_ap import average_precision
from movenet.evaluation.errors import CLASSES, DETECTION_ERRORS, KEYPOINT_ERRORS, UNLABELLED, costs, diagnose
from movenet.evaluation.matching import keypoint_similarity, pair
from movenet.pose import KEYPOINTS, MIRROR, SIGMAS

WRIST = KEYPOINTS.index("left_wrist")


def distance(ks, k=WRIST, area=10_000.0):
    """How far a keypoint of that similarity lies from its place."""
    return 2 * SIGMAS[k] * math.sqrt(-2 * area * math.log(ks))


def examine(tmp_path, people, results, images=1):
    truth, estimates = load(tmp_path, people, images, results)
    return truth.people, estimates, diagnose(truth.people, estimates, pair(truth.people, estimates))


def with_wrist_at(someone, place):
    result = guess(someone)
    result["keypoints"][3 * WRIST : 3 * WRIST + 2] = place
    return result


def wrist_of(someone, k=WRIST):
    return np.array(someone["keypoints"][3 * k : 3 * k + 2])


def wrist_class(tmp_path, people, result):
    classes = examine(tmp_path, people, [result])[2].classes[0]
    assert all(CLASSES[c] == "good" for k, c in enumerate(classes) if k != WRIST and c != UNLABELLED)
    return CLASSES[classes[WRIST]]


@pytest.mark.parametrize(("ks", "name"), [(0.86, "good"), (0.84, "jitter"), (0.51, "jitter"), (0.49, "miss")])
def test_the_similarity_decides_between_good_jitter_and_miss(ks, name, tmp_path):
    someone = standing(0, 1, 0)
    # Upwards, along its own column: the column of the other side is out of reach.
    away = wrist_of(someone) - (distance(ks), 0)
    assert wrist_class(tmp_path, [someone], with_wrist_at(someone, away)) == name


def test_a_keypoint_at_the_place_of_the_other_side_is_an_inversion(tmp_path):
    someone = standing(0, 1, 0)
    other_side = wrist_of(someone, MIRROR[WRIST])
    assert wrist_class(tmp_path, [someone], with_wrist_at(someone, other_side)) == "inversion"


@pytest.mark.parametrize("k", [WRIST, MIRROR[WRIST]])
def test_a_keypoint_at_another_persons_place_of_either_side_is_a_swap(k, tmp_path):
    someone, another = standing(0, 1, 0), standing(0, 2, 300)
    result = with_wrist_at(someone, wrist_of(another, k))
    assert wrist_class(tmp_path, [someone, another], result) == "swap"


def test_a_crowd_cannot_be_swapped_with(tmp_path):
    someone, crowd = standing(0, 1, 0), {**standing(0, 2, 300), "iscrowd": 1}
    result = with_wrist_at(someone, wrist_of(crowd))
    assert wrist_class(tmp_path, [someone, crowd], result) == "miss"


def test_the_nose_cannot_be_inverted(tmp_path):
    someone = standing(0, 1, 0)
    assert examine(tmp_path, [someone], [guess(someone)])[2].classes[0, 0] == CLASSES.index("good")


def test_an_unlabelled_keypoint_has_no_class(tmp_path):
    someone = standing(0, 1, 0, labelled=[0, 1, 2])
    classes = examine(tmp_path, [someone], [guess(someone)])[2].classes[0]
    assert classes.tolist() == [0, 0, 0] + [UNLABELLED] * 14


def test_an_unpaired_estimate_is_not_diagnosed(tmp_path):
    someone = standing(0, 1, 0)
    assert len(examine(tmp_path, [someone], [guess(someone, (200, 200))])[2].pairs) == 0


def slow_class(people, me, k, place):
    """One keypoint, one candidate place after the other, as the paper's section 3.1 has it."""
    places = []
    for who in (me, *(i for i in range(len(people)) if i != me)):
        p = people[who]
        if p["image_id"] != people[me]["image_id"] or p["iscrowd"] or not p["num_keypoints"]:
            continue
        for j, turned in ((k, False), (MIRROR[k], True)):
            x, y, v = p["keypoints"][3 * j : 3 * j + 3]
            if v > 0:
                squared = (x - place[0]) ** 2 + (y - place[1]) ** 2
                ks = math.exp(-squared / (2 * p["area"] * (2 * SIGMAS[k]) ** 2))
                kind = "swap" if who != me else "inversion" if turned else "own"
                places.append((ks, kind))
    ks, kind = max(places, key=lambda entry: (entry[0], entry[1] == "own"))
    if ks < 0.5:
        return "miss"
    if kind == "own":
        return "good" if ks >= 0.85 else "jitter"
    return kind


def test_classes_are_those_of_the_slow_reference(tmp_path):
    rng = np.random.default_rng(3)
    people = [person(rng, image, 10 * image + i + 1) for image in range(20) for i in range(3)]
    results = list(guesses(people, 9.0, seed=8))
    truth, _, diagnosis = examine(tmp_path, people, results, images=20)
    seen = set()
    for g, p, classes in zip(
        diagnosis.pairs.people, diagnosis.pairs.estimates, diagnosis.classes, strict=True
    ):
        for k in np.flatnonzero(truth.labelled[g]):
            expected = slow_class(people, g, k, results[p]["keypoints"][3 * k : 3 * k + 2])
            assert CLASSES[classes[k]] == expected
            seen.add(expected)
    assert seen == set(CLASSES)


def test_shares_add_up(tmp_path):
    rng = np.random.default_rng(3)
    people = [person(rng, image, image + 1) for image in range(20)]
    _, _, diagnosis = examine(tmp_path, people, list(guesses(people, 9.0, seed=8)), images=20)
    assert sum(diagnosis.share().values()) == pytest.approx(1)
    assert diagnosis.shares().sum(axis=1) == pytest.approx(np.ones(17))


@pytest.mark.parametrize(("ks", "name", "right"), [(0.6, "jitter", 0.85), (0.2, "miss", 0.5)])
def test_jitter_is_corrected_to_85_and_a_miss_to_50(ks, name, right, tmp_path):
    someone = standing(0, 1, 0)
    result = with_wrist_at(someone, wrist_of(someone) - (distance(ks), 0))
    people, estimates, diagnosis = examine(tmp_path, [someone], [result])
    fixed = diagnosis.correct(estimates, [name])
    alike = keypoint_similarity(fixed.keypoints, people.keypoints, people.areas)
    assert alike[0, WRIST] == pytest.approx(right, abs=1e-6)
    assert alike[0, WRIST] >= right


def test_an_inversion_is_corrected_to_its_similarity_with_the_wrong_place(tmp_path):
    someone = standing(0, 1, 0)
    beside = wrist_of(someone, MIRROR[WRIST]) + np.array([distance(0.7), 0])
    result = with_wrist_at(someone, beside)
    people, estimates, diagnosis = examine(tmp_path, [someone], [result])
    fixed = diagnosis.correct(estimates, ["inversion"])
    alike = keypoint_similarity(fixed.keypoints, people.keypoints, people.areas)
    assert alike[0, WRIST] == pytest.approx(0.7, abs=1e-6)


def test_only_the_given_classes_are_corrected(tmp_path):
    someone = standing(0, 1, 0)
    result = with_wrist_at(someone, wrist_of(someone) - (distance(0.6), 0))
    _, estimates, diagnosis = examine(tmp_path, [someone], [result])
    assert (diagnosis.correct(estimates, ["miss"]).keypoints == estimates.keypoints).all()


@pytest.fixture
def costly(tmp_path):
    rng = np.random.default_rng(7)
    people = [person(rng, image, 10 * image + i + 1) for image in range(20) for i in range(2)]
    results = list(guesses(people[:30], 7.0, seed=8))
    results += [{**guess(people[0], score=0.6), "image_id": image} for image in (5, 6, 7)]
    people, estimates, diagnosis = examine(tmp_path, people, results, images=20)
    return people, estimates, costs(people, estimates, diagnosis)


def test_cumulative_costs_are_gained_on_top_of_those_before(costly):
    people, estimates, measured = costly
    diagnosis = diagnose(people, estimates, pair(people, estimates))
    assert list(measured.cumulative) == [*KEYPOINT_ERRORS, *DETECTION_ERRORS]
    gained = measured.ap
    for i, name in enumerate(KEYPOINT_ERRORS, start=1):
        gained += measured.cumulative[name]
        assert gained == pytest.approx(
            average_precision(people, diagnosis.correct(estimates, KEYPOINT_ERRORS[:i]))
        )


def test_cumulative_costs_add_up_to_one_minus_ap(costly):
    measured = costly[2]
    assert measured.ap + sum(measured.cumulative.values()) + measured.rest == pytest.approx(1)
    assert min(*measured.cumulative.values(), measured.rest) >= -1e-9


def test_the_first_cumulative_cost_is_the_cost_alone(costly):
    measured = costly[2]
    assert measured.cumulative[KEYPOINT_ERRORS[0]] == pytest.approx(measured.alone[KEYPOINT_ERRORS[0]])


def test_a_perfect_estimate_costs_nothing(tmp_path):
    someone = standing(0, 1, 0)
    people, estimates, diagnosis = examine(tmp_path, [someone], [guess(someone)])
    measured = costs(people, estimates, diagnosis)
    assert measured.ap == pytest.approx(1)
    assert list(measured.cumulative.values()) == pytest.approx([0.0] * 7)


def test_a_false_positive_of_the_highest_score_costs_ranking(tmp_path):
    someone = standing(0, 1, 0)
    results = [guess(someone, score=0.1), guess(someone, (250, 250), score=0.9)]
    people, estimates, diagnosis = examine(tmp_path, [someone], results)
    measured = costs(people, estimates, diagnosis)
    assert measured.ap == pytest.approx(0.5)
    assert measured.cumulative["ranking"] == pytest.approx(0.5)


def test_a_false_positive_costs_the_same_removed_or_ranked_last(tmp_path):
    someone = standing(0, 1, 0)
    results = [guess(someone, score=0.1), guess(someone, (250, 250), score=0.9)]
    people, estimates, diagnosis = examine(tmp_path, [someone], results)
    alone = costs(people, estimates, diagnosis).alone
    assert alone["background"] == pytest.approx(alone["ranking"]) == pytest.approx(0.5)


def test_a_person_without_an_estimate_costs_their_share(tmp_path):
    people = [standing(0, 1, 0), standing(1, 2, 0)]
    people, estimates, diagnosis = examine(tmp_path, people, [guess(people[0])], images=2)
    measured = costs(people, estimates, diagnosis)
    assert measured.cumulative["missed_person"] == pytest.approx(1 - measured.ap)
