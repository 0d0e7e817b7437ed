"""Images without labels are labelled by a model before training."""

from dataclasses import replace

import numpy as np
import pytest

from figures import DOTS, write_set
from movenet.errors import DataError
from movenet.media import write_photo
from movenet.pose import Pose
from movenet.skeleton import BODY
from movenet.training.inputs import read_unlabelled
from movenet.training.pseudo_labels import label_image, to_person
from movenet.training.settings import DataSettings, RelabelSettings, Settings
from stage import Stage, keypoints, scene

ADA = (100, 60, 90, 240, 230)
SIZE = (640, 360)


def pose(person=ADA, scores=0.9):
    return Pose(keypoints(person).astype(np.float32), np.full(17, scores, np.float32), 0.8)


def test_a_confident_pose_is_a_labelled_person_in_the_box_of_its_keypoints():
    person = to_person(pose(), SIZE, 0.3)
    assert person.learnable
    assert person.labelled.all()
    assert person.box == pytest.approx(ADA[:4])
    np.testing.assert_allclose(person.keypoints, keypoints(ADA), atol=1e-3)


def test_keypoints_of_low_score_or_outside_the_image_are_not_labelled():
    scores = np.where(np.arange(17) == 0, 0.1, 0.9).astype(np.float32)
    person = to_person(replace(pose((560, 60, 120, 240, 230)), scores=scores), SIZE, 0.3)
    inside = keypoints((560, 60, 120, 240, 230))[:, 0] <= SIZE[0]
    assert person.labelled.tolist() == (inside & (np.arange(17) > 0)).tolist()
    assert person.box[0] + person.box[2] <= SIZE[0]


@pytest.mark.parametrize(
    "unsure", [pose(scores=0.2), pose((100, 60, 20, 40, 230)), pose((600, 60, 400, 240, 230))]
)
def test_people_who_are_unsure_small_or_mostly_outside_are_ignored_regions(unsure):
    person = to_person(unsure, SIZE, 0.3)
    assert person.crowd
    assert not person.learnable


def test_a_pose_outside_the_image_is_nobody():
    assert to_person(pose((700, 60, 90, 240, 230)), SIZE, 0.3) is None


def test_everybody_who_is_found_in_an_image_is_labelled(tmp_path):
    bob = (400, 80, 80, 220, 200)
    write_photo(tmp_path / "two.png", scene(ADA, bob))
    (image,) = read_unlabelled(tmp_path, BODY).images
    people = label_image(image, Stage().estimator(people="many", min_score=0.05), 0.3).people
    found = sorted((person.keypoints for person in people), key=lambda points: points[0, 0])
    for points, truth in zip(found, (ADA, bob), strict=True):
        assert np.abs(points - keypoints(truth)).max() < 8


def test_an_image_that_cannot_be_read_stays_without_labels(tmp_path, caplog):
    write_set(tmp_path, count=1)
    (image,) = read_unlabelled(tmp_path / "images", DOTS).images
    image.path.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert label_image(image, Stage().estimator(people="many"), 0.3) is image
    assert "not labelled" in caplog.text


def test_images_without_labels_need_a_model_that_labels_them_or_a_teacher(tmp_path):
    data = DataSettings(tmp_path)
    with pytest.raises(DataError, match=r"annotations or relabel\.model"):
        Settings(tmp_path, (data,))
    Settings(tmp_path, (replace(data, relabel=RelabelSettings("thunder")),))
