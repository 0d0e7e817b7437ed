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
from movenet.pose import MIN_KEYPOINT_SCORE, SIGMAS, Pose


@pytest.fixture(scope="module")
def astronaut():
    return read_photo(DATA / "astronaut.jpg")


@pytest.fixture(scope="module")
def lightning():
    return Estimator("lightning")


@pytest.fixture(scope="module")
def whole(lightning):
    return Estimator(lightning.engine, method="whole")


def oks_of(pose, other):
    """Return the OKS over the keypoints that score above .3 in both."""
    confident = np.minimum(pose.scores, other.scores) > 0.3
    assert confident.sum() >= 5
    _, _, width, height = pose.bounds()
    points, others = pose.keypoints[None, confident], other.keypoints[None, confident]
    return similarity(points, others, [0.5 * width * height], np.array(SIGMAS)[confident])[0, 0]


def finds_nobody(card):
    """Return an engine that finds nobody."""
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
    assert oks_of(pose.mirrored(astronaut.shape[1]), mirrored) > 0.9


@pytest.mark.parametrize("estimator", ["lightning", "whole"])
def test_a_batch_of_different_sizes_gives_the_poses_of_its_pictures(estimator, astronaut, request):
    estimator = request.getfixturevalue(estimator)
    pictures = [astronaut, astronaut[:300], np.zeros((50, 200, 3), np.uint8), astronaut[:, 100:400]]
    together = estimator.batch(pictures)
    for picture, poses in zip(pictures, together, strict=True):
        alone = estimator(picture)
        assert len(alone) == len(poses)
        for a, b in zip(alone, poses, strict=True):
            assert oks_of(a, b) > 0.98


def test_a_small_person_at_the_side_of_a_wide_picture_is_found_top_down_but_not_by_method_whole(
    lightning, whole, astronaut
):
    wide = np.full((400, 1600, 3), 90, np.uint8)
    wide[200:, 1380:1580] = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    nose = np.array([1380, 200]) + np.array([223, 123]) * 200 / 512
    (pose,) = lightning(wide)
    assert np.hypot(*(pose.keypoints[0] - nose)) < 8
    assert not any(np.hypot(*(pose.keypoints[0] - nose)) < 8 for pose in whole(wide))


def test_an_empty_picture_has_nobody(lightning, whole):
    grey = np.full((480, 640, 3), 127, np.uint8)
    assert lightning(grey) == []
    assert whole(grey) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_the_smallest_and_thinnest_pictures_are_accepted(lightning, whole, size):
    picture = np.zeros((*size, 3), np.uint8)
    assert lightning(picture) == []
    assert whole(picture) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (np.full((10, 10, 3), np.nan), "uint8 values"),
        (np.zeros((10, 10, 3), np.float32), "uint8 values"),
        (np.zeros((10, 10, 5), np.uint8), "expected a picture as a uint8 RGB array"),
        (np.zeros((0, 10, 3), np.uint8), "expected a picture as a uint8 RGB array"),
        ("none.jpg", "does not exist"),
        (b"", "empty"),
        (None, "expected a path, an address"),
    ],
    ids=["NaN", "float", "channels", "empty", "path", "bytes", "None"],
)
def test_an_argument_that_is_no_picture_is_refused(lightning, whole, bad, reason):
    for estimator in (lightning, whole):
        with pytest.raises(MediaError, match=reason):
            estimator(bad)


def test_a_read_only_view_with_strides_is_accepted(lightning, astronaut):
    view = astronaut[::2, ::2]
    view.setflags(write=False)
    (a,), (b,) = lightning(view), lightning(view.copy())
    np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-3)


def test_heads_without_a_person_give_no_poses():
    detector, single = finds_nobody(MODELS["multipose"]), finds_nobody(MODELS["lightning"])
    assert Estimator(single, detector=detector)(np.zeros((100, 80, 3), np.uint8)) == []
    assert Estimator(single, method="whole")(np.zeros((100, 80, 3), np.uint8)) == []


def test_min_score_decides_which_poses_are_returned(lightning, whole):
    strict = Estimator(lightning.engine, min_score=0.99)
    lenient = Estimator(lightning.engine, method="whole", min_score=0.0)
    assert strict(np.full((480, 640, 3), 127, np.uint8)) == []
    assert len(lenient(np.full((480, 640, 3), 127, np.uint8))) == 1


def test_a_multi_person_model_is_refused_as_the_single_person_model():
    with pytest.raises(
        ModelError,
        match=r"got multipose, which finds the people.*take its own poses with the method bottom-up",
    ):
        Estimator("multipose")


def test_with_flip_the_mirrored_picture_gives_exactly_the_mirrored_pose(astronaut):
    both = Estimator(
        "lightning", method="whole", settings=EstimatorSettings(flip=True), runtime=Runtime(precision="fp32")
    )
    (pose,), (mirrored,) = both.batch([astronaut, astronaut[:, ::-1]])
    np.testing.assert_allclose(pose.mirrored(astronaut.shape[1]).keypoints, mirrored.keypoints, atol=0.1)
    np.testing.assert_allclose(pose.mirrored(astronaut.shape[1]).scores, mirrored.scores, atol=5e-3)


def test_everybody_is_found_once(astronaut):
    crowd = np.concatenate([astronaut] * 4, axis=1)
    poses = Estimator(
        "lightning",
        people="many",
        settings=replace(default_settings("lightning", "many"), detector_sides_px=(768,)),
    )(crowd)
    assert sorted(int(pose["nose"][0]) // 512 for pose in poses if pose.score > 0.3) == [0, 1, 2, 3]


def test_bottom_up_returns_the_detections_unchanged(astronaut):
    estimator = Estimator("lightning", people="many", method="bottom-up")
    detected = [d.pose for d in estimator.detect(astronaut) if d.pose.score >= estimator.min_score]
    poses = estimator(astronaut)
    assert len(poses) == len(detected) > 0
    for pose, other in zip(poses, detected, strict=True):
        np.testing.assert_array_equal(pose.keypoints, other.keypoints)


def test_auto_returns_people_about_as_prominent_as_the_most_prominent_one(astronaut):
    background = np.full((512, 1200, 3), 90, np.uint8)
    background[:, :512] = astronaut
    background[300:428, 1000:1128] = cv2.resize(astronaut, (128, 128), interpolation=cv2.INTER_AREA)
    equals = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    auto = Estimator("lightning", people="auto")
    assert len(auto(background)) == 1
    assert len(auto(equals)) == 2


def test_an_unknown_value_of_people_is_refused():
    with pytest.raises(ModelError, match="one, many, auto"):
        Estimator("lightning", people="all")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"method": "sideways"}, "top-down, bottom-up, whole"),
        ({"settings": "slow"}, "fast, balanced, accurate, best"),
        ({"people": "many", "method": "whole"}, "finds one person"),
    ],
)
def test_an_unknown_choice_is_refused(lightning, choice, expected):
    with pytest.raises(ModelError, match=expected):
        Estimator(lightning.engine, **choice)


def test_method_whole_has_no_detections(whole, astronaut):
    with pytest.raises(ModelError, match="with a detector"):
        whole.detect(astronaut)


def test_a_guide_is_in_the_coordinates_of_the_crop():
    pose = Pose(np.full((17, 2), 50, np.float32), np.ones(17, np.float32), 0.9, box=(40, 40, 20, 20))
    detection = Detection(pose, np.array([50.0, 50.0]))
    crop = detection.crop(192, factor=2.0)
    guide = detection.guide(crop, 0.5)
    np.testing.assert_allclose(guide.center, [0.5, 0.5], atol=0.01)
    np.testing.assert_allclose(guide.keypoints, np.full((17, 2), 0.5), atol=0.01)


def test_every_person_of_a_crowd_is_detected_once(astronaut):
    crowd = np.zeros((512, 1536, 3), np.uint8)
    for i in range(3):
        crowd[:, 512 * i : 512 * (i + 1)] = astronaut
    estimator = Estimator("lightning", settings=EstimatorSettings(detector_sides_px=(512,)))
    confident = [d for d in estimator.detect(crowd) if d.pose.score > 0.3]
    assert sorted(int(d.pose["nose"][0]) // 512 for d in confident) == [0, 1, 2]


def test_boxes_give_poses_in_their_order_without_detection(lightning, astronaut):
    wide = np.concatenate([astronaut] * 2, axis=1)
    boxes = [[512 + 100, 0, 320, 512], [100, 0, 320, 512], [-40, 300, 40, 60]]
    right, left, nobody = Estimator(lightning.engine, detector=finds_nobody(MODELS["multipose"]))(wide, boxes)
    assert np.hypot(left["nose"][0] - 223, left["nose"][1] - 123) < 12
    assert np.hypot(right["nose"][0] - 223 - 512, right["nose"][1] - 123) < 12
    assert nobody.score < 0.2 < min(left.score, right.score)


@pytest.mark.parametrize("box", [[0, 0, 100, 200], [300, 100, 100, 200], [900, 900, 50, 50], [10, 10, 1, 1]])
def test_the_pose_in_a_box_without_a_person_scores_low_and_its_box_has_an_area_or_is_none(lightning, box):
    (pose,) = lightning(np.full((480, 640, 3), 128, np.uint8), boxes=[box])
    assert pose.score < 0.1
    assert pose.box is None or min(pose.box[2:]) > 0
    seen = int((pose.scores > MIN_KEYPOINT_SCORE).sum())
    assert (pose.box is None) == (seen < 2)


def test_boxes_of_several_pictures_run_in_one_batch(lightning, astronaut):
    boxes = [[[100, 0, 320, 512]], np.zeros((0, 4)), [[0, 0, 512, 512], [100, 0, 320, 512]]]
    first, none, two = lightning.batch([astronaut] * 3, boxes)
    assert (len(first), len(none), len(two)) == (1, 0, 2)
    assert oks_of(first[0], two[1]) > 0.98


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
def test_an_argument_that_is_no_box_is_refused(lightning, astronaut, boxes, expected):
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


def test_crops_of_several_sizes_give_poses_in_their_order(lightning, astronaut):
    crops = [Crop.around_box((100, 0, 320, 512), 1.1, side) for side in (192, 128, 192, 160, 128)]
    poses = lightning.estimate_crops([astronaut] * 5, crops)
    for crop, pose in zip(crops, poses, strict=True):
        (alone,) = lightning.estimate_crops([astronaut], [crop])
        assert oks_of(pose, alone) > 0.98


def test_small_people_get_a_smaller_crop():
    settings = EstimatorSettings(small_person_px=64)
    assert [settings.crop_side(length, 192) for length in (63, 64)] == [128, 192]
    assert [settings.crop_side(length, 256) for length in (10, 500)] == [160, 256]


def test_every_preset_has_valid_settings_for_every_model():
    for people, preset in itertools.product(get_args(People), get_args(Preset)):
        for model in ("lightning", "thunder", "thunder-int8", "posenet"):
            settings = default_settings(model, people, preset)
            assert 1 <= settings.crop_factor <= 1.5
            assert 0 < settings.guide_weight < 1
            assert all(side % MULTIPLE == 0 for side in settings.detector_sides_px)


def test_the_default_for_many_people_is_the_accurate_model():
    assert Estimator(people="many").engine.card.base == "thunder"
    assert Estimator().engine.card.base == "lightning"


def test_poses_of_a_custom_skeleton_have_the_names_of_its_model(astronaut):
    names = ("nose", "withers", "tail")
    card = replace(MODELS["lightning"], keypoints=3, keypoint_names=names)
    channels = {"center": 1, "heatmap": 3, "regress": 6, "offset": 6}

    def heads(squares):
        n, height, width, _ = squares.shape
        return {name: np.zeros((n, c, height // 4, width // 4), np.float32) for name, c in channels.items()}

    estimator = Estimator(ScriptedEngine(card, heads), method="whole")
    (pose,) = estimator(astronaut)
    assert pose.names == names
    assert pose["withers"] == (*pose.keypoints[1], pose.scores[1])


@pytest.mark.parametrize("settings", ["best", EstimatorSettings(flip=True)], ids=["best", "flip"])
def test_a_custom_skeleton_whose_sides_are_unknown_is_not_run_on_the_mirrored_crop(settings):
    dog = ScriptedEngine(replace(MODELS["thunder"], name="dog", keypoints=3), lambda squares: {})
    with pytest.raises(ModelError, match="17 keypoints, whose left and right are known: dog has 3"):
        Estimator(dog, settings=settings)


def test_detections_have_the_names_of_the_detector(lightning, astronaut):
    card = replace(MODELS["multipose"], keypoint_names=tuple(f"point_{k}" for k in range(17)))
    detector = ScriptedEngine(card, lightning.detector)
    estimator = Estimator(lightning.engine, people="many", method="bottom-up", detector=detector)
    assert estimator(astronaut)[0].names == card.keypoint_names
