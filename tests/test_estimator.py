"""One picture in, poses out."""

import itertools
from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest

from movenet.crop import Crop
from movenet.engine import Runtime, ScriptedEngine
from movenet.errors import DataError, MediaError, ModelError
from movenet.estimator import (
    Detection,
    Estimator,
    EstimatorSettings,
    People,
    Preset,
    default_settings,
    from_corners,
)
from movenet.media import read_photo
from movenet.models import DATA, MODELS, MULTIPLE
from movenet.oks import similarity
from movenet.pose import SIGMAS, Pose


@pytest.fixture(scope="module")
def astronaut():
    return read_photo(DATA / "astronaut.jpg")


@pytest.fixture(scope="module")
def lightning():
    return Estimator("lightning")


@pytest.fixture(scope="module")
def once(lightning):
    return Estimator(lightning.engine, method="whole")


def alike(pose, other):
    """Return the likeness of the keypoints that both are sure of."""
    sure = np.minimum(pose.scores, other.scores) > 0.3
    assert sure.sum() >= 5
    _, _, width, height = pose.bounds()
    points, others = pose.keypoints[None, sure], other.keypoints[None, sure]
    return similarity(points, others, [0.5 * width * height], np.array(SIGMAS)[sure])[0, 0]


def silent(card):
    """Answer that nobody is there."""
    channels = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34, "box_scale": 2, "box_offset": 2}

    def answer(squares):
        n, height, width, _ = squares.shape
        heads = {
            name: np.zeros((n, channels[name], height // 4, width // 4), np.float32) for name in card.heads
        }
        heads["center"] -= 20
        heads["heatmap"] -= 20
        return heads

    return ScriptedEngine(card, answer)


def test_the_astronauts_face_is_found_where_it_is(lightning, astronaut):
    (pose,) = lightning(astronaut)
    face = {"nose": (223, 123), "left_eye": (246, 102), "right_eye": (203, 100), "left_ear": (272, 119)}
    for name, (x, y) in face.items():
        assert np.hypot(pose[name][0] - x, pose[name][1] - y) < 12, name
    assert pose["left_shoulder"][0] > pose["right_shoulder"][0]


def test_the_mirrored_picture_gives_the_mirrored_pose(lightning, astronaut):
    (pose,) = lightning(astronaut)
    (mirrored,) = lightning(astronaut[:, ::-1])
    assert alike(pose.mirrored(astronaut.shape[1]), mirrored) > 0.9


@pytest.mark.parametrize("estimator", ["lightning", "once"])
def test_a_batch_of_different_sizes_is_answered_as_one_by_one(estimator, astronaut, request):
    estimator = request.getfixturevalue(estimator)
    pictures = [astronaut, astronaut[:300], np.zeros((50, 200, 3), np.uint8), astronaut[:, 100:400]]
    together = estimator.batch(pictures)
    for picture, poses in zip(pictures, together, strict=True):
        alone = estimator(picture)
        assert len(alone) == len(poses)
        for a, b in zip(alone, poses, strict=True):
            assert alike(a, b) > 0.98


def test_a_small_person_at_the_side_of_a_wide_picture_is_found_by_the_second_look_alone(
    lightning, once, astronaut
):
    wide = np.full((400, 1600, 3), 90, np.uint8)
    wide[200:, 1380:1580] = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    nose = np.array([1380, 200]) + np.array([223, 123]) * 200 / 512
    (pose,) = lightning(wide)
    assert np.hypot(*(pose.keypoints[0] - nose)) < 8
    assert not any(np.hypot(*(pose.keypoints[0] - nose)) < 8 for pose in once(wide))


def test_an_empty_picture_has_nobody(lightning, once):
    grey = np.full((480, 640, 3), 127, np.uint8)
    assert lightning(grey) == []
    assert once(grey) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_the_smallest_and_thinnest_pictures_are_taken(lightning, once, size):
    picture = np.zeros((*size, 3), np.uint8)
    assert lightning(picture) == []
    assert once(picture) == []


@pytest.mark.parametrize(
    "bad",
    [
        np.full((10, 10, 3), np.nan),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((0, 10, 3), np.uint8),
        "photo.jpg",
        None,
    ],
    ids=["NaN", "float", "grey", "BGRA", "empty", "path", "None"],
)
def test_what_is_no_picture_is_refused(lightning, once, bad):
    for estimator in (lightning, once):
        with pytest.raises(MediaError, match="expected a picture as a uint8 RGB array"):
            estimator(bad)


def test_a_read_only_view_with_strides_is_taken(lightning, astronaut):
    view = astronaut[::2, ::2]
    view.setflags(write=False)
    (a,), (b,) = lightning(view), lightning(view.copy())
    np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-3)


def test_with_scripted_engines_nobody_is_found_and_nothing_breaks():
    detector, single = silent(MODELS["multipose"]), silent(MODELS["lightning"])
    assert Estimator(single, detector=detector)(np.zeros((100, 80, 3), np.uint8)) == []
    assert Estimator(single, method="whole")(np.zeros((100, 80, 3), np.uint8)) == []


def test_a_lower_limit_lets_unsure_poses_through(lightning, once):
    sure = Estimator(lightning.engine, min_score=0.99)
    unsure = Estimator(lightning.engine, method="whole", min_score=0.0)
    assert sure(np.full((480, 640, 3), 127, np.uint8)) == []
    assert len(unsure(np.full((480, 640, 3), 127, np.uint8))) == 1


def test_the_model_for_many_is_refused_as_the_model_for_one():
    with pytest.raises(ModelError, match="expected a single-person model"):
        Estimator("multipose")


def test_with_a_mirrored_copy_the_mirrored_picture_gives_exactly_the_mirrored_pose(astronaut):
    both = Estimator(
        "lightning", method="whole", settings=EstimatorSettings(flip=True), runtime=Runtime(precision="fp32")
    )
    (pose,), (mirrored,) = both.batch([astronaut, astronaut[:, ::-1]])
    np.testing.assert_allclose(pose.mirrored(astronaut.shape[1]).keypoints, mirrored.keypoints, atol=0.05)
    np.testing.assert_allclose(pose.mirrored(astronaut.shape[1]).scores, mirrored.scores, atol=5e-3)


def test_everybody_is_found_and_nobody_twice(astronaut):
    crowd = np.concatenate([astronaut] * 4, axis=1)
    poses = Estimator(
        "lightning",
        people="many",
        settings=replace(default_settings("lightning", "many"), detector_sides_px=(768,)),
    )(crowd)
    assert sorted(int(pose["nose"][0]) // 512 for pose in poses if pose.score > 0.3) == [0, 1, 2, 3]


def test_bottom_up_takes_everybody_as_the_first_look_saw_them(astronaut):
    estimator = Estimator("lightning", people="many", method="bottom-up")
    seen = [s.pose for s in estimator.detect(astronaut) if s.pose.score >= estimator.min_score]
    poses = estimator(astronaut)
    assert len(poses) == len(seen) > 0
    for pose, other in zip(poses, seen, strict=True):
        np.testing.assert_array_equal(pose.keypoints, other.keypoints)


def test_in_front_counts_who_is_about_as_prominent(astronaut):
    background = np.full((512, 1200, 3), 90, np.uint8)
    background[:, :512] = astronaut
    background[300:428, 1000:1128] = cv2.resize(astronaut, (128, 128), interpolation=cv2.INTER_AREA)
    equals = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    auto = Estimator("lightning", people="auto")
    assert len(auto(background)) == 1
    assert len(auto(equals)) == 2


def test_whom_to_look_for_is_one_of_three():
    with pytest.raises(ModelError, match="one, many, auto"):
        Estimator("lightning", people="all")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"method": "sideways"}, "top-down, bottom-up, whole"),
        ({"settings": "slow"}, "fast, balanced, best"),
        ({"people": "many", "method": "whole"}, "shows one person"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(lightning, choice, expected):
    with pytest.raises(ModelError, match=expected):
        Estimator(lightning.engine, **choice)


def test_a_look_at_the_whole_picture_finds_no_people(once, astronaut):
    with pytest.raises(ModelError, match="finds people"):
        once.detect(astronaut)


def test_the_guide_names_the_person_in_the_crops_own_terms():
    pose = Pose(np.full((17, 2), 50, np.float32), np.ones(17, np.float32), 0.9, box=(40, 40, 20, 20))
    detection = Detection(pose, np.array([50.0, 50.0]))
    crop = detection.crop(192, factor=2.0)
    guide = detection.guide(crop, 0.5)
    np.testing.assert_allclose(guide.center, [0.5, 0.5], atol=0.01)
    np.testing.assert_allclose(guide.keypoints, np.full((17, 2), 0.5), atol=0.01)


def test_every_person_of_a_crowd_is_sighted_once(astronaut):
    crowd = np.zeros((512, 1536, 3), np.uint8)
    for i in range(3):
        crowd[:, 512 * i : 512 * (i + 1)] = astronaut
    estimator = Estimator("lightning", settings=EstimatorSettings(detector_sides_px=(512,)))
    sure = [s for s in estimator.detect(crowd) if s.pose.score > 0.3]
    assert sorted(int(s.pose["nose"][0]) // 512 for s in sure) == [0, 1, 2]


def test_boxes_are_looked_at_in_their_order_and_nobody_is_searched_for(lightning, astronaut):
    wide = np.concatenate([astronaut] * 2, axis=1)
    boxes = [[512 + 100, 0, 320, 512], [100, 0, 320, 512], [-40, 300, 40, 60]]
    right, left, nobody = Estimator(lightning.engine, detector=silent(MODELS["multipose"]))(wide, boxes)
    assert np.hypot(left["nose"][0] - 223, left["nose"][1] - 123) < 12
    assert np.hypot(right["nose"][0] - 223 - 512, right["nose"][1] - 123) < 12
    assert nobody.score < 0.2 < min(left.score, right.score)


def test_boxes_of_several_pictures_are_looked_at_in_one_go(lightning, astronaut):
    boxes = [[[100, 0, 320, 512]], np.zeros((0, 4)), [[0, 0, 512, 512], [100, 0, 320, 512]]]
    first, none, two = lightning.batch([astronaut] * 3, boxes)
    assert (len(first), len(none), len(two)) == (1, 0, 2)
    assert alike(first[0], two[1]) > 0.98


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([[0, 0, np.nan, 5]], r"nan, 5\.0\] as box 0"),
        ([[0, 0, 5, 5], [9, 9, -5, 5]], "above 0, got .* as box 1"),
        ([[0, 0, 0, 5]], "above 0"),
        ([[0, 0, np.inf, 5]], "finite"),
        ([0, 0, 5, 5], r"got shape \(4,\)"),
        ([[0, 0, 5]], r"shape \(n, 4\)"),
        ("all", "as numbers"),
    ],
)
def test_what_is_no_box_is_refused(lightning, astronaut, boxes, expected):
    with pytest.raises(DataError, match=expected):
        lightning(astronaut, boxes)


def test_boxes_are_given_for_every_picture_or_none(lightning, astronaut):
    with pytest.raises(DataError, match="for each of 2 pictures, got boxes for 1"):
        lightning.batch([astronaut] * 2, [[]])


def test_corners_become_boxes():
    np.testing.assert_array_equal(from_corners([[10, 20, 40, 80]]), [[10, 20, 30, 60]])
    assert from_corners([]).shape == (0, 4)
    with pytest.raises(DataError, match="above 0"):
        from_corners([[40, 20, 10, 80]])


def test_squares_of_two_sizes_come_back_in_their_order(lightning, astronaut):
    crops = [Crop.around_box((100, 0, 320, 512), 1.1, side) for side in (192, 128, 192, 160, 128)]
    looked = lightning.estimate_crops([astronaut] * 5, crops)
    for crop, pose in zip(crops, looked, strict=True):
        (alone,) = lightning.estimate_crops([astronaut], [crop])
        assert alike(pose, alone) > 0.98


def test_small_people_are_drawn_in_a_smaller_square():
    settings = EstimatorSettings(small_person_px=64)
    assert [settings.side(length, 192) for length in (63, 64)] == [128, 192]
    assert [settings.side(length, 256) for length in (10, 500)] == [160, 256]


def test_every_preset_is_a_rule_for_every_model():
    for people, preset in itertools.product(get_args(People), get_args(Preset)):
        for model in ("lightning", "thunder", "thunder-int8", "posenet"):
            settings = default_settings(model, people, preset)
            assert 1 <= settings.crop_factor <= 1.5
            assert 0 < settings.guide_weight < 1
            assert all(side % MULTIPLE == 0 for side in settings.detector_sides_px)


def test_the_default_for_many_people_is_the_accurate_model():
    assert Estimator(people="many").engine.card.base == "thunder"
    assert Estimator().engine.card.base == "lightning"
