"""The colours of clothes."""

import numpy as np
import pytest

from movenet.pose import Pose
from movenet.video.appearance import Clothes, read_clothes
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


def test_one_person_wears_the_same_in_two_noisy_pictures():
    worn = [read_clothes(picture(RED, BLUE, seed), person(x)) for seed, x in ((1, 50), (2, 60))]
    assert worn[0].unlike(worn[1]) < 0.1


def test_other_clothes_are_unlike():
    worn = read_clothes(picture(RED, BLUE), person())
    assert worn.unlike(read_clothes(picture(BLUE, RED), person())) > 0.9


def test_a_shade_between_two_steps_is_not_another_colour():
    worn = read_clothes(picture(RED, BLUE), person())
    assert worn.unlike(read_clothes(picture(DARK_RED, BLUE), person())) < 0.2


def test_what_is_not_seen_tells_nothing():
    hidden = read_clothes(picture(RED, BLUE), person(scores=0.1))
    assert np.isnan(hidden.unlike(read_clothes(picture(RED, BLUE), person())))


@pytest.mark.parametrize("x", [-5000, 190, 5000])
def test_a_person_outside_the_picture_shows_nothing(x):
    assert np.isnan(read_clothes(picture(RED, BLUE), person(x)).colours).all()


def test_colours_are_shares_of_the_whole():
    np.testing.assert_allclose(read_clothes(picture(RED, BLUE, 3), person()).colours.sum(axis=1), 1)


def test_a_part_that_was_not_seen_before_is_taken_over_and_one_not_seen_now_is_kept():
    known, nothing = np.eye(2, 64), np.full((2, 64), np.nan)
    upper = Clothes(np.stack([known[0], nothing[1]]))
    lower = Clothes(np.stack([nothing[0], known[1]]))
    np.testing.assert_array_equal(upper.mixed(lower, 0.3).colours, known)
