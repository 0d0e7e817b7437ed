"""Scenes composed from people cut out of photos: the ground truth is where the people are drawn."""

import cv2
import numpy as np
import pytest

from movenet.synthetic.camera import CameraSettings, PersonPhoto
from movenet.synthetic.scene import Scene, Walker, body_mask
from stage import PLACES

CAMERA = CameraSettings(320, 180, seconds=0.2, noise=0.0)


@pytest.fixture
def person(tmp_path):
    """A person all red, in a grey photo."""
    points = np.array([60.0, 40.0]) + PLACES * (60, 150)
    image = np.full((240, 200, 3), 90, np.uint8)
    file = tmp_path / "ann.png"
    one = PersonPhoto(file, points, (55.0, 35.0, 70.0, 160.0), 6000.0)
    mask = body_mask(one)[:240, :200]
    image[: mask.shape[0], : mask.shape[1]][mask > 0] = (0, 0, 255)
    cv2.imwrite(str(file), image)
    return one


def scene(*walkers, shake=(0.0, 0.0)):
    frames = CAMERA.frame_count
    made = [Walker(person, np.tile([x, 90.0], (frames, 1)), 0.8) for person, x in walkers]
    return Scene("test", tuple(made), np.tile(np.array(shake), (frames, 1)), CAMERA, 1)


def red(image):
    return (image[..., 0] > 180) & (image[..., 1] < 60)


@pytest.mark.parametrize("shake", [(0.0, 0.0), (7.3, -4.6)])
def test_people_are_drawn_where_the_ground_truth_says(person, shake):
    video = scene((person, 100), shake=shake)
    image, _ = next(video.frames())
    truth = video.truths()[0][0]
    rows, columns = np.nonzero(red(image))
    drawn = np.array([columns.mean(), rows.mean()]) + 0.5
    mask_rows, mask_columns = np.nonzero(body_mask(person))
    matrix = video.walkers[0].matrix(0, video.shake)
    expected = matrix @ (mask_columns.mean() + 0.5, mask_rows.mean() + 0.5, 1)
    np.testing.assert_allclose(drawn, expected, atol=0.15)
    assert truth.visible == 1


def test_people_later_in_the_list_occlude_those_before(person):
    far, near = scene((person, 100), (person, 100)).truths()[0]
    assert (far.visible, near.visible) == (0, 1)
    far, near = scene((person, 100), (person, 220)).truths()[0]
    assert (far.visible, near.visible) == (1, 1)


def test_a_person_outside_the_frame_is_not_visible(person):
    assert scene((person, -90)).truths()[0][0].visible == 0


def test_the_same_scene_shows_the_same_frames_each_time(person):
    video = scene((person, 100), (person, 160))
    first, second = ([image for image, _ in video.frames()] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(first) == len(video) == len(video.truths())
