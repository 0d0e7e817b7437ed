"""The rules of others, with their faults, on a stage where it is known who stands where."""

import numpy as np
import pytest

from movenet.crop import Crop
from movenet.smoothing import TFJS
from movenet.video_evaluation import GoogleRule, TfjsRule, WholeFrame
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
def test_a_person_in_the_middle_is_followed(baseline, estimator):
    assert all(is_on(poses, PERSON) for poses in play(baseline(estimator), [scene(PERSON)] * 5))


@pytest.mark.parametrize("baseline", [WholeFrame, GoogleRule])
def test_some_answer_even_where_nobody_is(baseline, estimator):
    assert all(len(poses) == 1 for poses in play(baseline(estimator), [scene()] * 3))


def test_googles_crop_sees_the_torso_and_cuts_limbs_where_tfjs_does_not():
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


def test_google_looks_at_the_whole_frame_when_it_loses_the_torso(estimator):
    settings = GoogleRule(estimator)
    play(settings, [scene(PERSON), scene()])
    assert settings.crop == Crop.whole(640, 360, 192)


def test_tfjs_never_finds_one_at_the_side_of_a_wide_frame(estimator):
    at_the_side = scene((20, 60, 100, 240, 230), width=1200)
    assert play(TfjsRule(estimator), [at_the_side] * 10) == [[]] * 10
    assert len(GoogleRule(estimator)(at_the_side, 0.0)) == 1


def test_tfjs_forgets_everything_when_nothing_is_seen(estimator):
    settings = TfjsRule(estimator)
    settings(scene(PERSON), 0.0)
    assert settings.crop is not None
    assert settings(scene(), 0.1) == []
    assert (settings.crop, settings.edges, settings.smooth) == (None, None, None)


def test_the_edges_of_tfjs_crop_follow_with_a_tenth_of_the_last(estimator):
    settings = TfjsRule(estimator)
    settings(scene(PERSON), 0.0)
    before = middle(settings.crop)
    moved = (PERSON[0] + 20, *PERSON[1:])
    settings(scene(moved), 0.1)
    assert middle(settings.crop)[0] - before[0] == pytest.approx(0.9 * 20, abs=1.5)


def test_tfjs_smoothes_what_it_shows(estimator):
    films = [scene(PERSON), scene((PERSON[0] + 12, *PERSON[1:]))]
    (raw,), (calm,) = (play(TfjsRule(estimator, how), films)[1] for how in (None, TFJS))
    assert (calm.keypoints[:, 0] < raw.keypoints[:, 0]).all()
