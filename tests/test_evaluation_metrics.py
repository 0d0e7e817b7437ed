"""Keypoints apart, people apart, and people who are not there."""

import contextlib
import io
import math

import numpy as np
import pytest

from lists import guess, guesses, load, person, standing, write_list
from movenet.evaluation.matching import pair
from movenet.evaluation.metrics import (
    ap_by_keypoint,
    ap_by_labelled_count,
    false_positives,
    pck,
    torso_diagonals,
)
from movenet.pose import KEYPOINTS, SIGMAS

LEFT_SHOULDER, RIGHT_SHOULDER = KEYPOINTS.index("left_shoulder"), KEYPOINTS.index("right_shoulder")
LEFT_HIP, RIGHT_HIP = KEYPOINTS.index("left_hip"), KEYPOINTS.index("right_hip")
TORSO = (LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP)


@pytest.fixture
def crowd():
    rng = np.random.default_rng(11)
    people = [person(rng, image, 10 * image + i + 1) for image in range(15) for i in range(3)]
    return people, list(guesses(people, 6.0, seed=2))


def pycocotools_keypoint_ap(people, results, k, path):
    """Let pycocotools judge people and results from which all other keypoints were cut."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def only(triples):
        return triples[3 * k : 3 * k + 3]

    cut = [
        {**p, "keypoints": only(p["keypoints"]), "num_keypoints": int(p["keypoints"][3 * k + 2] > 0)}
        for p in people
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(write_list(path / "one.json", cut, 15))
        found = truth.loadRes([{**r, "keypoints": only(r["keypoints"])} for r in results])
        judge = COCOeval(truth, found, "keypoints")
        judge.params.kpt_oks_sigmas = np.array([SIGMAS[k]])
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats[0]


def test_the_ap_of_a_keypoint_is_pycocotools_ap_of_people_with_that_keypoint_alone(crowd, tmp_path):
    people, results = crowd
    truth, estimates = load(tmp_path, people, 15, results)
    precision = ap_by_keypoint(truth.people, estimates)
    for k in (0, 9, 16):
        assert precision[k] == pytest.approx(pycocotools_keypoint_ap(people, results, k, tmp_path), abs=1e-6)


def test_a_keypoint_that_no_person_has_labelled_has_no_ap(tmp_path):
    people = [standing(0, 1, 0, labelled=range(5, 17))]
    truth, estimates = load(tmp_path, people, 1, [guess(people[0])])
    precision = ap_by_keypoint(truth.people, estimates)
    assert np.isnan(precision[:5]).all()
    assert precision[5:] == pytest.approx(np.ones(12))


def slow_pck(people, results, pairs):
    right = labelled = 0
    estimate_of = dict(zip(pairs.people.tolist(), pairs.estimates.tolist(), strict=True))
    for i, p in enumerate(people):
        truth = np.array(p["keypoints"]).reshape(17, 3)
        diagonals = [
            math.dist(truth[a, :2], truth[b, :2])
            for a, b in ((LEFT_SHOULDER, RIGHT_HIP), (RIGHT_SHOULDER, LEFT_HIP))
            if truth[a, 2] > 0 and truth[b, 2] > 0
        ]
        if p["iscrowd"] or not p["num_keypoints"] or not diagonals:
            continue
        for k in range(17):
            if truth[k, 2] == 0:
                continue
            labelled += 1
            if i in estimate_of:
                found = results[estimate_of[i]]["keypoints"][3 * k : 3 * k + 2]
                right += math.dist(found, truth[k, :2]) <= 0.2 * max(diagonals)
    return right / labelled


def test_pck_is_that_of_the_slow_reference(crowd, tmp_path):
    people, results = crowd
    truth, estimates = load(tmp_path, people, 15, results[:-5])
    pairs = pair(truth.people, estimates)
    assert pck(truth.people, estimates, pairs).mean == pytest.approx(slow_pck(people, results, pairs))


def test_the_torso_is_as_long_as_its_longer_labelled_diagonal(tmp_path):
    # Keypoints 5 and 12 are 70 px apart in height and 60 in width; so are 6 and 11, 50 px apart in height.
    everything = standing(0, 1, 0)
    one_diagonal = standing(0, 2, 0, labelled=[RIGHT_SHOULDER, LEFT_HIP])
    none = standing(0, 3, 0, labelled=[LEFT_SHOULDER, RIGHT_SHOULDER, RIGHT_HIP - 12])
    truth, _ = load(tmp_path, [everything, one_diagonal, none], 1, [])
    expected = [math.hypot(70, 60), math.hypot(50, 60), math.nan]
    assert torso_diagonals(truth.people) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("share", "right"), [(0.199, 1.0), (0.201, 0.0)])
def test_a_keypoint_is_correct_up_to_a_fifth_of_the_torso(share, right, tmp_path):
    people = [standing(0, 1, 0)]
    shift = share * math.hypot(70, 60)
    truth, estimates = load(tmp_path, people, 1, [guess(people[0], (shift, 0))])
    assert pck(truth.people, estimates, pair(truth.people, estimates)).mean == right


def test_a_person_without_an_estimate_has_no_correct_keypoint(tmp_path):
    people = [standing(0, 1, 0), standing(1, 2, 0)]
    truth, estimates = load(tmp_path, people, 2, [guess(people[0])])
    measured = pck(truth.people, estimates, pair(truth.people, estimates))
    assert (measured.mean, measured.people) == (0.5, 2)


def test_a_torso_without_a_labelled_diagonal_is_not_measured(tmp_path):
    people = [standing(0, 1, 0, labelled=range(5))]
    truth, estimates = load(tmp_path, people, 1, [guess(people[0])])
    measured = pck(truth.people, estimates, pair(truth.people, estimates))
    assert measured.people == 0
    assert math.isnan(measured.mean)


def groups_of(people, images, results, path):
    truth, estimates = load(path, people, images, results)
    groups = ap_by_labelled_count(truth.people, estimates, pair(truth.people, estimates))
    return {group.name: (group.people, group.ap) for group in groups}


def test_people_are_grouped_by_their_labelled_keypoints(tmp_path):
    few, many = standing(0, 1, 0, labelled=[0, 5, 6]), standing(1, 2, 0)
    groups = groups_of([few, many], 2, [guess(few, (400, 400)), guess(many)], tmp_path)
    assert groups["1–5"] == (1, 0.0)
    assert groups["16–17"] == (1, pytest.approx(1.0))
    assert groups["6–10"] == (0, pytest.approx(math.nan, nan_ok=True))


def test_an_estimate_of_a_person_outside_the_group_is_ignored(tmp_path):
    few, many = standing(0, 1, 0, labelled=[0, 5, 6]), standing(0, 2, 250)
    # The one meant for the other person is surer, and so poor that it matches nobody at OKS .5.
    results = [guess(few, score=0.2), guess(many, (12, 8), score=0.9)]
    groups = groups_of([few, many], 1, results, tmp_path)
    assert groups["1–5"] == (1, pytest.approx(1.0))
    assert groups["16–17"][1] < 0.6


def test_a_false_positive_counts_in_the_groups_of_its_picture(tmp_path):
    people = [standing(0, 1, 0), standing(1, 2, 0, labelled=[0, 5, 6])]
    results = [guess(people[0], score=0.5), guess(people[0], (400, 400), score=0.9), guess(people[1])]
    groups = groups_of(people, 2, results, tmp_path)
    assert groups["16–17"][1] == pytest.approx(0.5)
    assert groups["1–5"][1] == pytest.approx(1.0)


def test_false_positives_are_counted_in_pictures_without_people(tmp_path):
    people = [standing(0, 1, 0)]
    results = [guess(people[0], score=0.9)]
    results += [{**guess(people[0], score=s), "image_id": i} for i, s in ((1, 0.12), (1, 0.4), (2, 0.2))]
    truth, estimates = load(tmp_path, people, 5, results)
    assert false_positives(estimates, truth.person_free()) == {
        0.1: 3 / 4,
        0.15: 2 / 4,
        0.2: 2 / 4,
        0.3: 1 / 4,
        0.5: 0.0,
    }


def test_without_pictures_free_of_people_there_are_no_false_positives(tmp_path):
    people = [standing(0, 1, 0)]
    truth, estimates = load(tmp_path, people, 1, [guess(people[0])])
    assert false_positives(estimates, truth.person_free()) is None
