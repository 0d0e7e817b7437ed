"""Colour histograms of torso and thighs."""

import numpy as np
import pytest

from movenet.pose import Pose
from movenet.video.appearance import Appearance, measure_appearance
from stage import PLACES

RED, BLUE, DARK_RED = (200, 20, 20), (20, 20, 200), (190, 30, 30)


def picture(torso, thighs, seed=None):
    image = np.zeros((300, 200, 3), np.uint8)
    image[:155], image[155:] = torso, thighs
    if seed is None:
        return image
    noise = np.random.default_rng(seed).normal(0, 8, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def person(x=50, scores=0.9):
    points = (np.array([x, 0]) + PLACES * (100, 280)).astype(np.float32)
    return Pose(points, np.full(17, scores, np.float32), 0.9)


def test_one_person_has_nearly_the_same_appearance_in_two_noisy_pictures():
    worn = [measure_appearance(picture(RED, BLUE, seed), person(x)) for seed, x in ((1, 50), (2, 60))]
    assert worn[0].distance(worn[1]) < 0.1


def test_other_clothes_are_far_apart():
    worn = measure_appearance(picture(RED, BLUE), person())
    assert worn.distance(measure_appearance(picture(BLUE, RED), person())) > 0.9


def test_a_shade_between_two_bins_is_not_another_colour():
    worn = measure_appearance(picture(RED, BLUE), person())
    assert worn.distance(measure_appearance(picture(DARK_RED, BLUE), person())) < 0.2


def test_the_distance_to_a_hidden_person_is_nan():
    hidden = measure_appearance(picture(RED, BLUE), person(scores=0.1))
    assert np.isnan(hidden.distance(measure_appearance(picture(RED, BLUE), person())))


@pytest.mark.parametrize("x", [-5000, 190, 5000])
def test_a_person_outside_the_picture_has_no_histogram(x):
    assert np.isnan(measure_appearance(picture(RED, BLUE), person(x)).histograms).all()


def test_histograms_sum_to_one():
    np.testing.assert_allclose(measure_appearance(picture(RED, BLUE, 3), person()).histograms.sum(axis=1), 1)


def test_blending_takes_a_part_that_only_one_shows_from_that_one():
    known, nothing = np.eye(2, 64), np.full((2, 64), np.nan)
    upper = Appearance(np.stack([known[0], nothing[1]]))
    lower = Appearance(np.stack([nothing[0], known[1]]))
    np.testing.assert_array_equal(upper.blend(lower, 0.3).histograms, known)
