"""Scenes composed from people cut out of photos: their truth is where the people are drawn."""

import cv2
import numpy as np
import pytest

from movenet.synthetic.camera import Filming, Subject
from movenet.synthetic.scene import Scene, Walker, body
from stage import PLACES

FILMING = Filming(320, 180, seconds=0.2, noise=0.0)


@pytest.fixture
def subject(tmp_path):
    """A person all red, in a grey photo."""
    points = np.array([60.0, 40.0]) + PLACES * (60, 150)
    image = np.full((240, 200, 3), 90, np.uint8)
    file = tmp_path / "ann.png"
    one = Subject(file, points, (55.0, 35.0, 70.0, 160.0), 6000.0)
    mask = body(one)[:240, :200]
    image[: mask.shape[0], : mask.shape[1]][mask > 0] = (0, 0, 255)
    cv2.imwrite(str(file), image)
    return one


def scene(*walkers, sway=(0.0, 0.0)):
    frames = FILMING.frame_count
    made = [Walker(subject, np.tile([x, 90.0], (frames, 1)), 0.8) for subject, x in walkers]
    return Scene("test", tuple(made), np.tile(np.array(sway), (frames, 1)), FILMING, 1)


def red(image):
    return (image[..., 0] > 180) & (image[..., 1] < 60)


@pytest.mark.parametrize("sway", [(0.0, 0.0), (7.3, -4.6)])
def test_people_are_drawn_where_the_truth_says(subject, sway):
    film = scene((subject, 100), sway=sway)
    image, _ = next(film.frames())
    truth = film.truths()[0][0]
    rows, columns = np.nonzero(red(image))
    drawn = np.array([columns.mean(), rows.mean()]) + 0.5
    mask_rows, mask_columns = np.nonzero(body(subject))
    matrix = film.walkers[0].matrix(0, film.sway)
    expected = matrix @ (mask_columns.mean() + 0.5, mask_rows.mean() + 0.5, 1)
    np.testing.assert_allclose(drawn, expected, atol=0.15)
    assert truth.visible == 1


def test_whoever_comes_later_in_the_list_hides_those_before(subject):
    far, near = scene((subject, 100), (subject, 100)).truths()[0]
    assert (far.visible, near.visible) == (0, 1)
    far, near = scene((subject, 100), (subject, 220)).truths()[0]
    assert (far.visible, near.visible) == (1, 1)


def test_who_is_outside_the_frame_is_not_visible(subject):
    assert scene((subject, -90)).truths()[0][0].visible == 0


def test_the_same_scene_shows_the_same_frames_each_time(subject):
    film = scene((subject, 100), (subject, 160))
    first, second = ([image for image, _ in film.frames()] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(first) == len(film) == len(film.truths())
