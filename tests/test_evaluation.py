"""Scores are COCO's."""

import contextlib
import io
import json

import numpy as np
import pytest

from movenet.errors import DataError
from movenet.evaluation import count_people, list_images, read_annotations, score, to_results
from movenet.pose import Pose


def person(rng, image, number):
    x, y = rng.uniform(0, 300, 2)
    width, height = rng.uniform(40, 200, 2)
    points = rng.uniform(0, 1, (17, 2)) * (width, height) + (x, y)
    visible = rng.integers(0, 3, 17)
    triples = np.column_stack([np.where(visible[:, None] > 0, points, 0), visible])
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": int(rng.uniform() < 0.1),
        "bbox": [x, y, width, height],
        "area": 0.6 * width * height,
        "keypoints": triples.ravel().tolist(),
        "num_keypoints": int((visible > 0).sum()),
    }


@pytest.fixture
def annotated(tmp_path):
    rng = np.random.default_rng(4)
    people = [
        person(rng, image, 10 * image + i + 1) for image in range(12) for i in range(rng.integers(1, 4))
    ]
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 500, "height": 500} for i in range(12)]
    category = {"id": 1, "name": "person", "keypoints": [], "skeleton": []}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"images": images, "annotations": people, "categories": [category]}))
    return path, people


def guesses(people, noise, seed):
    rng = np.random.default_rng(seed)
    for p in people:
        triples = np.array(p["keypoints"]).reshape(17, 3).copy()
        triples[:, :2] += rng.normal(0, noise, (17, 2))
        yield {
            "image_id": p["image_id"],
            "category_id": 1,
            "keypoints": triples.ravel().tolist(),
            "score": float(rng.uniform()),
        }


@pytest.mark.parametrize("noise", [0.5, 4.0, 15.0])
def test_scores_equal_pycocotools_to_a_millionth(annotated, noise):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    path, people = annotated
    results = list(guesses(people, noise, seed=5))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(path)
        judge = COCOeval(truth, truth.loadRes([dict(r) for r in results]), "keypoints")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    ours = score(path, results)
    for name, i in {"AP": 0, "AP50": 1, "AP75": 2, "APM": 3, "APL": 4, "AR": 5}.items():
        assert ours[name] == pytest.approx(judge.stats[i], abs=1e-6), name


def test_the_truth_itself_scores_one(annotated):
    path, people = annotated
    results = list(guesses([p for p in people if not p["iscrowd"] and p["num_keypoints"]], 0.0, seed=0))
    assert score(path, results)["AP"] == pytest.approx(1.0)


def test_no_results_score_nothing(annotated):
    assert score(annotated[0], [])["AP"] == 0.0


def test_a_pose_is_turned_into_cocos_pixels():
    pose = Pose(np.full((17, 2), 10, np.float32), np.full(17, 0.5, np.float32), 0.75)
    (result,) = to_results(42, [pose])
    assert (result["image_id"], result["category_id"], result["score"]) == (42, 1, 0.75)
    assert result["keypoints"][:3] == [9.75, 9.75, 0.5]


def test_people_are_counted_without_crowds_and_the_unlabelled(annotated):
    path, people = annotated
    assert count_people(path) == sum(1 for p in people if p["num_keypoints"] and not p["iscrowd"])


def test_a_result_for_a_picture_from_elsewhere_is_refused(annotated):
    path, people = annotated
    with pytest.raises(DataError, match="picture 999"):
        score(path, [{**next(guesses(people, 1, 0)), "image_id": 999}])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": 3, "annotations": []}'])
def test_what_is_no_annotation_file_is_refused(text, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"bad\.json"):
        read_annotations(path)


def test_missing_annotations_and_pictures_are_named(annotated, tmp_path):
    with pytest.raises(DataError, match=r"none\.json"):
        read_annotations(tmp_path / "none.json")
    with pytest.raises(DataError, match="12 of 12 pictures are missing"):
        list_images(annotated[0], tmp_path)
