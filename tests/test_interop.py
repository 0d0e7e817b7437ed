"""What other libraries make of our poses, and we of their boxes: run with the libraries themselves."""

from dataclasses import replace

import numpy as np
import pytest
import supervision

from movenet.errors import DataError
from movenet.estimator import Estimator, from_corners
from movenet.interop import to_supervision
from movenet.media import read_photo
from movenet.models import DATA
from movenet.pose import BONES, Pose


@pytest.fixture(scope="module")
def astronaut():
    return read_photo(DATA / "astronaut.jpg")


def pose(shift=0.0, score=0.5, number=None):
    keypoints = np.arange(34, dtype=np.float32).reshape(17, 2) + np.float32(shift)
    return Pose(keypoints, np.linspace(0, 1, 17, dtype=np.float32), score, id=number)


def test_supervision_holds_the_same_people_in_the_same_order():
    poses = [pose(0, 0.9), pose(100, 0.4)]
    points = to_supervision(poses)
    np.testing.assert_array_equal(points.xy, [p.keypoints for p in poses])
    np.testing.assert_array_equal(points.keypoint_confidence, [p.scores for p in poses])
    np.testing.assert_allclose(points.detection_confidence, [0.9, 0.4])
    assert list(points[1:].data["class_name"]) == ["person"]


def test_keypoints_of_low_scores_or_nan_are_not_visible():
    unknown = pose()
    unknown.keypoints[16] = np.nan
    visible = to_supervision([unknown], min_score=0.5).visible[0]
    assert visible.tolist() == [False] * 8 + [True] * 8 + [False]


def test_ids_are_converted_if_every_pose_has_one():
    assert to_supervision([pose(number=7), pose(number=3)]).data["tracker_id"].tolist() == [7, 3]
    assert "tracker_id" not in to_supervision([pose(number=7), pose()]).data


def test_no_poses_give_empty_key_points():
    assert to_supervision([]).is_empty()


def test_poses_of_different_skeletons_are_refused():
    short = replace(pose(), keypoints=np.zeros((4, 2), np.float32), scores=np.zeros(4, np.float32))
    with pytest.raises(DataError, match="4 and 17 keypoints"):
        to_supervision([pose(), short])


def test_supervision_draws_our_skeleton(astronaut):
    points = to_supervision(Estimator("lightning")(astronaut))
    edges = [(a + 1, b + 1) for a, b in BONES]
    drawn = supervision.EdgeAnnotator(edges=edges).annotate(astronaut.copy(), points)
    assert (drawn != astronaut).any(axis=2).sum() > 500


def test_detections_of_supervision_are_accepted_as_boxes(astronaut):
    detections = supervision.Detections(xyxy=np.array([[100.0, 0.0, 420.0, 512.0]]))
    (seen,) = Estimator("lightning")(astronaut, boxes=from_corners(detections.xyxy))
    assert np.hypot(seen["nose"][0] - 223, seen["nose"][1] - 123) < 12
