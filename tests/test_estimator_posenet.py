"""PoseNet in the estimator."""

import json
from pathlib import Path

import numpy as np
import pytest

from movenet.engine import Runtime
from movenet.estimator import Estimator, EstimatorSettings

GOLDEN = json.loads((Path(__file__).parent / "data" / "tfjs_posenet.json").read_text())["pictures"]
F32 = Runtime(precision="fp32")


@pytest.fixture(scope="module")
def pictures(shared):
    golden = np.load(shared / "golden" / "movenet-multipose.npz")
    return {name: golden[f"{name}/input"][0] for name in ["squat.bmp@384", "000000008690.jpg@256"]}


@pytest.fixture(scope="module")
def whole():
    return Estimator("posenet", method="whole", runtime=F32)


@pytest.fixture(scope="module")
def top_down():
    return Estimator("posenet", runtime=F32)


@pytest.mark.parametrize("estimator", ["whole", "top_down"])
def test_it_finds_the_person_that_movenet_finds(estimator, pictures, request):
    image = pictures["squat.bmp@384"]
    (expected,) = Estimator("thunder", runtime=F32)(image)
    (pose,) = request.getfixturevalue(estimator)(image)
    confident = pose.scores > 0.5
    assert confident.sum() >= 12
    assert np.median(np.hypot(*(pose.keypoints - expected.keypoints)[confident].T)) < 0.02 * max(image.shape)


def test_many_people_are_found_where_googles_javascript_finds_them(pictures):
    image, golden = pictures["000000008690.jpg@256"], GOLDEN["000000008690.jpg@256"]["multi"]
    settings = EstimatorSettings(min_center_score=0.5)
    found = Estimator("posenet", settings=settings, detector="posenet", runtime=F32).detect(image)
    theirs = sorted(golden, key=lambda person: -person["score"])
    ours = [detection.pose for detection in found]
    assert [pose.score for pose in ours] == pytest.approx([person["score"] for person in theirs], abs=0.001)
    for pose, person in zip(ours, theirs, strict=True):
        y, x, _ = np.transpose(person["keypoints"])
        # Theirs are counted from the center of the first pixel, ours from its corner.
        np.testing.assert_allclose(pose.keypoints, np.column_stack([x, y]) + 0.5, atol=0.05)


def test_a_batch_gives_the_poses_of_its_pictures(whole, pictures):
    together = whole.batch([*pictures.values()])
    for poses, image in zip(together, pictures.values(), strict=True):
        np.testing.assert_allclose(poses[0].keypoints, whole(image)[0].keypoints, atol=0.05)


def test_a_picture_without_people_gives_no_poses(whole, top_down):
    image = np.full((120, 160, 3), 127, np.uint8)
    assert (whole(image), top_down(image)) == ([], [])


def test_bottom_up_needs_no_second_model(pictures):
    estimator = Estimator("posenet", people="many", method="bottom-up", runtime=F32)
    assert estimator.detector is estimator.engine
    confident = [pose for pose in estimator(pictures["000000008690.jpg@256"]) if pose.score > 0.5]
    assert len(confident) == 2
