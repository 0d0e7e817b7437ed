"""Overlays: arcs of angles, trails and counters change the picture where they should."""

import numpy as np
import pytest

from bodies import body, poses_of
from movenet.analysis import measure_angles
from movenet.drawing import Style
from movenet.overlays import Trails, draw_angles, draw_counts, draw_plate
from movenet.pose import KEYPOINTS


def picture(height=600, width=600):
    return np.zeros((height, width, 3), np.uint8)


def test_an_arc_lies_at_each_known_joint():
    (pose,) = poses_of(body()[None])
    image = picture()
    draw_angles(image, [pose], [measure_angles(pose)])
    x, y = pose.keypoints[KEYPOINTS.index("left_knee")].astype(int)
    assert image[y - 30 : y + 30, x - 30 : x + 30].any()
    assert not image[:60].any()


def test_unknown_angles_and_low_scores_draw_nothing():
    (pose,) = poses_of(body()[None])
    low = type(pose)(pose.keypoints, np.full(17, 0.2, np.float32), 0.2)
    for one, style in ((low, Style(min_score=0.3)), (low, Style(min_score=0.0))):
        image = picture()
        draw_angles(image, [one], [measure_angles(one, min_reliability=0.9)], style)
        assert not image.any()


def test_trails_show_where_wrists_and_ankles_were_and_forget():
    trails, image = Trails(), picture()
    still, moved = poses_of(np.stack([body(), body(x=360)]))
    trails.draw(image, [still], 0.0)
    assert not image.any()
    trails.draw(image, [moved], 0.2)
    x, y = ((still.keypoints + moved.keypoints) / 2)[KEYPOINTS.index("left_wrist")].astype(int)
    assert image[y - 4 : y + 4, x - 4 : x + 4].any()
    later = picture()
    trails.draw(later, [], 5.0)
    assert not later.any()


def test_counts_stand_at_the_top_left_one_below_the_other():
    image = picture()
    draw_counts(image, {1: 3, 4: 0}, "squat")
    assert image[:40, :60].any()
    assert image[70:120, :60].any()
    assert not image[300:, 300:].any()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 300), (300, 8)])
def test_tiny_pictures_and_points_outside_are_survived(height, width):
    image = picture(height, width)
    (pose,) = poses_of(body(x=1e6, y=-1e6)[None])
    draw_angles(image, [pose], [measure_angles(pose)])
    draw_counts(image, {None: 100}, "jumping-jack")
    draw_plate(image, "180", np.array([1e7, -1e7]), 12)
    Trails().draw(image, [pose, pose], 0.0)
