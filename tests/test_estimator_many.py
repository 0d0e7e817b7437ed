"""Detection of many people: scales, tiles, NMS."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crowds import compose
from movenet.crop import Crop
from movenet.engine import ScriptedEngine
from movenet.estimator import Estimator, EstimatorSettings, default_settings
from movenet.estimator.detection import Detection
from movenet.estimator.detector import merge_scales
from movenet.media import read_photo
from movenet.models import DATA, MODELS
from movenet.pose import Pose
from stage import Stage, scene
from stage import keypoints as places


@pytest.fixture(scope="module")
def astronaut():
    return read_photo(DATA / "astronaut.jpg")


@pytest.fixture(scope="module")
def everybody():
    return Estimator("thunder-int8", people="many")


def many_people(stage, settings):
    """Return an estimator of many people with the engines of a stage."""
    single, multi = (
        ScriptedEngine(MODELS[name], answer)
        for name, answer in (("lightning", stage.run_single), ("multipose", stage.run_detector))
    )
    return Estimator(single, people="many", settings=settings, detector=multi)


def cells(poses, cell, columns):
    """Return in which cell each pose's nose is."""
    return sorted(int(p["nose"][1] // cell[1]) * columns + int(p["nose"][0] // cell[0]) for p in poses)


@pytest.mark.parametrize("preset", ["balanced", "best"])
def test_twelve_people_are_found_as_twelve(astronaut, everybody, preset):
    crowd = compose(astronaut, 12, (160, 160))
    settings = default_settings("thunder-int8", "many", preset)
    estimator = Estimator(everybody.engine, people="many", settings=settings, detector=everybody.detector)
    assert cells(estimator(crowd), (160, 160), 4) == list(range(12))


@pytest.mark.parametrize("side", range(128, 1281, 128))
@pytest.mark.parametrize("size", [(640, 360), (300, 500)])
def test_keypoints_and_boxes_map_back_to_the_picture_from_every_size_and_shape(side, size):
    person = (120, 60, 120, 160, 255)
    stage = Stage()
    settings = EstimatorSettings(detector_sides_px=(side,))
    estimator = many_people(stage, settings)
    (detection,) = estimator.detect(scene(person, width=size[0], height=size[1]))
    cell = 4 * max(size) / side
    np.testing.assert_allclose(detection.pose.keypoints, places(person), atol=1.5 * cell)
    np.testing.assert_allclose(detection.pose.box, person[:4], atol=2.5 * cell)


def test_every_part_of_a_picture_lies_in_a_tile_and_neighbours_overlap():
    whole = Crop.letterbox(4000, 1500, 2560)
    tiles = whole.tiles(1280, 0.25)
    assert {(tile.out_width, tile.out_height) for tile in tiles} == {(1280, 960)}
    assert tiles[0].left == whole.left
    assert tiles[-1].right == pytest.approx(whole.right)
    for tile, following in pairwise(tiles):
        assert tile.right - following.left >= 0.25 * tile.width - 1e-6


def test_a_picture_that_fits_is_one_tile():
    whole = Crop.letterbox(640, 480, 640)
    assert whole.tiles(1280, 0.25) == [whole]


def test_a_person_at_the_edge_of_a_tile_is_found_once():
    for left in range(20, 560, 60):
        person = (left, 100, 30, 40, 255)
        estimator = many_people(Stage(), EstimatorSettings(detector_sides_px=(640,), tile_px=256))
        (detection,) = estimator.detect(scene(person))
        np.testing.assert_allclose(detection.pose.keypoints, places(person), atol=6)


def test_in_tiles_most_of_a_crowd_is_found_once(astronaut, everybody):
    crowd = compose(astronaut, 64, (180, 180))
    settings = replace(
        default_settings("thunder-int8", "many"),
        detector_sides_px=(256, 1440),
        tile_px=768,
    )
    tiled = Estimator(everybody.engine, people="many", settings=settings, detector="multipose-int8")(crowd)
    found = cells(tiled, (180, 180), 8)
    assert len(found) == len({*found})
    assert len(found) >= 54


def test_the_next_scale_is_run_only_if_a_person_is_small():
    stage = Stage()
    settings = EstimatorSettings(detector_sides_px=(256, 640), next_side_below_px=60)
    estimator = many_people(stage, settings)
    for height, runs in ((320, 1), (100, 2)):
        before = stage.detector_runs
        estimator.detect(scene((100, 20, 80, height, 255)))
        assert stage.detector_runs - before == runs


def test_without_detections_the_next_scale_is_run_but_never_an_enlarged_one():
    stage = Stage()
    settings = EstimatorSettings(detector_sides_px=(256, 640, 1280), next_side_below_px=60)
    estimator = many_people(stage, settings)
    assert estimator.detect(scene(width=640, height=360)) == []
    assert stage.detector_runs == 2


def detection(shift, score, spread=100.0):
    points = np.linspace(0, spread, 34, dtype=np.float32).reshape(17, 2) + np.float32(shift)
    pose = Pose(points, np.ones(17, np.float32), score, (shift, shift, spread, spread))
    return Detection(pose, points.mean(axis=0).astype(np.float64))


def test_nms_keeps_the_highest_score_and_averages_the_keypoints():
    kept = merge_scales([detection(2, 0.4), detection(0, 0.8), detection(300, 0.1)], 0.6)
    assert [d.pose.score for d in kept] == [0.8, 0.1]
    np.testing.assert_allclose(kept[0].pose.keypoints - detection(0, 1).pose.keypoints, 2 / 5, atol=1e-3)
    assert kept[0].pose.box == detection(0, 0.8).pose.box


def test_merging_no_detections_gives_none():
    assert merge_scales([], 0.6) == []
