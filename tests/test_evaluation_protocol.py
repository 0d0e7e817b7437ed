"""Images are evaluated by the stated protocol."""

import numpy as np
import pytest

from lists import standing, write_list
from movenet.engine import ScriptedEngine
from movenet.errors import MediaError
from movenet.estimator import Estimator
from movenet.evaluation import read_truth
from movenet.evaluation.protocol import annotated_boxes, describe, estimate_images, versions, whole_images
from movenet.media import write_photo
from movenet.models import MODELS
from movenet.pose import Pose


@pytest.fixture
def listed(tmp_path):
    """Three pictures, each of one grey, the second with two people, the third with a crowd."""
    people = [
        standing(0, 1, 0),
        standing(1, 2, 100),
        standing(1, 3, 300),
        {**standing(2, 4, 0), "iscrowd": 1},
    ]
    truth = read_truth(write_list(tmp_path / "t.json", people, 3))
    for i in range(3):
        # Under the name that the list gives, but without loss.
        path = tmp_path / f"{i}.png"
        write_photo(path, np.full((500, 500, 3), 50 + 50 * i, np.uint8))
        path.rename(tmp_path / f"{i}.jpg")
    return truth, truth.images(tmp_path)


class Eye:
    """An engine that remembers what it saw and finds nothing."""

    CHANNELS = (("center", 1), ("heatmap", 17), ("regress", 34), ("offset", 34))

    def __init__(self):
        self.seen = []

    def __call__(self, squares):
        self.seen.append(squares)
        n, height, width, _ = squares.shape
        return {name: np.zeros((n, c, height // 4, width // 4), np.float32) for name, c in self.CHANNELS}


def scripted(eye):
    return Estimator(ScriptedEngine(MODELS["lightning"], eye), method="whole", min_score=0.0)


def test_whole_images_are_evaluated_in_order(listed):
    _, images = listed
    greys = []

    def estimator(image):
        greys.append((image.shape, int(image[0, 0, 0])))
        return [Pose(np.zeros((17, 2), np.float32), np.zeros(17, np.float32), 0.5)]

    answers = list(estimate_images(images, whole_images(estimator)))
    assert greys == [((500, 500, 3), 50), ((500, 500, 3), 100), ((500, 500, 3), 150)]
    assert [answer.results[0]["image_id"] for answer in answers] == [0, 1, 2]
    assert all(answer.estimate_s >= 0 for answer in answers)


def test_each_person_not_ignored_is_evaluated_around_their_box(listed):
    truth, images = listed
    eye = Eye()
    answers = list(estimate_images(images, annotated_boxes(scripted(eye), truth.people, 1.25)))
    assert [len(answer.results) for answer in answers] == [1, 2, 0]
    assert [squares.shape for squares in eye.seen] == [(1, 192, 192, 3), (2, 192, 192, 3)]
    # The box is 60 × 160 px at x = 0, y = 20: the square of 200 px begins 70 px left of the picture.
    (square,) = eye.seen[0]
    black = np.flatnonzero((square == 0).all(axis=(0, 2)))
    assert black.max() + 1 == pytest.approx(192 * 70 / 200, abs=1)


def test_an_image_that_cannot_be_read_is_an_error(listed):
    _, images = listed
    images[1].path.write_bytes(b"this is not a picture")
    with pytest.raises(MediaError, match=r"1\.jpg"):
        list(estimate_images(images, whole_images(lambda image: [])))


def test_the_description_names_the_protocol(listed):
    estimator = scripted(Eye())
    assert describe(estimator, None)["pictures"] == "whole picture, one person, method whole, no box given"
    assert describe(estimator, 1.1)["pictures"] == "square of 1.1 × the annotated box, no detection"


def test_the_description_names_the_model_and_the_engine():
    said = describe(scripted(Eye()), None)
    assert said["model"] == "lightning"
    assert said["sha256"] == MODELS["lightning"].sha256
    assert said["engine"] == "ScriptedEngine, fp32, cpu"


def test_versions_are_those_of_imported_packages():
    assert {"movenet", "numpy"} <= set(versions())
