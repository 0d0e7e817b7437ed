"""Lists are read as they are, results are written as they are scored, and scores are COCO's."""

import contextlib
import io
import json
import math

import numpy as np
import pytest

from lists import guess, guesses, load, person, standing, write_list
from movenet.annotations import read_results, to_results, write_results
from movenet.errors import DataError
from movenet.evaluation import assess, read_truth, score, to_estimates, to_plain
from movenet.pose import Pose
from movenet.records import read_records


@pytest.fixture
def annotated(tmp_path):
    rng = np.random.default_rng(4)
    people = [
        person(rng, image, 10 * image + i + 1) for image in range(12) for i in range(rng.integers(1, 4))
    ]
    return write_list(tmp_path / "truth.json", people, 12), people


def ours(path, results):
    truth = read_truth(path)
    return score(truth, to_estimates(results, truth))


def pycocotools_stats(path, results):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(path)
        judge = COCOeval(truth, truth.loadRes([dict(r) for r in results]), "keypoints")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    names = {"AP": 0, "AP50": 1, "AP75": 2, "APM": 3, "APL": 4, "AR": 5, "ARM": 8, "ARL": 9}
    return {name: judge.stats[i] for name, i in names.items()}


@pytest.mark.parametrize("noise", [0.5, 4.0, 15.0])
def test_scores_equal_those_of_pycocotools(annotated, noise):
    path, people = annotated
    results = list(guesses(people, noise, seed=5))
    assert ours(path, results) == pytest.approx(pycocotools_stats(path, results), abs=1e-6)


def test_boxes_of_results_count_as_in_pycocotools(annotated):
    path, people = annotated
    results = [{**r, "bbox": [0, 0, 20 + 7 * i, 90]} for i, r in enumerate(guesses(people, 8.0, seed=6))]
    with_boxes = ours(path, results)
    assert with_boxes == pytest.approx(pycocotools_stats(path, results), abs=1e-6)
    assert with_boxes["APM"] != ours(path, list(guesses(people, 8.0, seed=6)))["APM"]


def test_the_ground_truth_scores_one(annotated):
    path, people = annotated
    results = list(guesses([p for p in people if not p["iscrowd"] and p["num_keypoints"]], 0.0, seed=0))
    assert ours(path, results)["AP"] == pytest.approx(1.0)


def test_no_results_score_zero(annotated):
    assert ours(annotated[0], [])["AP"] == 0.0


def test_without_annotated_people_the_score_is_nan(tmp_path):
    truth, estimates = load(tmp_path, [], 2, [guess(standing(1, 1, 0))])
    assert math.isnan(score(truth, estimates)["AP"])


def test_a_file_without_people_is_refused(tmp_path):
    for people in ([], [standing(0, 1, 0) | {"iscrowd": 1}], [standing(0, 1, 0, labelled=[])]):
        path = write_list(tmp_path / "empty.json", people, 2)
        with pytest.raises(DataError, match=r"empty\.json: no labelled person"):
            read_truth(path)


def test_a_pose_is_converted_into_cocos_pixels():
    pose = Pose(np.full((17, 2), 10, np.float32), np.full(17, 0.5, np.float32), 0.75)
    (result,) = to_results(42, [pose])
    assert (result["image_id"], result["category_id"], result["score"]) == (42, 1, 0.75)
    assert result["keypoints"][:3] == [9.75, 9.75, 0.5]


def test_a_keypoint_without_a_place_is_cocos_zeros():
    keypoints = np.full((17, 2), 10, np.float32)
    keypoints[3] = np.nan
    (result,) = to_results(1, [Pose(keypoints, np.full(17, 0.5, np.float32), 0.75)])
    assert result["keypoints"][9:12] == [0, 0, 0]


def test_saved_results_score_exactly_what_they_scored_before(annotated, tmp_path):
    path, people = annotated
    rng = np.random.default_rng(9)
    results = []
    for p in people:
        points = np.array(p["keypoints"]).reshape(17, 3)[:, :2] + rng.normal(0, 5, (17, 2))
        pose = Pose(points.astype(np.float32), rng.uniform(0, 1, 17).astype(np.float32), rng.uniform())
        results += to_results(p["image_id"], [pose])
    write_results(tmp_path / "results.json", results)
    assert read_results(tmp_path / "results.json") == results
    assert ours(path, read_results(tmp_path / "results.json")) == ours(path, results)


def test_saved_results_are_records_too(tmp_path):
    pose = Pose(np.full((17, 2), 10, np.float32), np.full(17, 0.5, np.float32), 0.75)
    write_results(tmp_path / "results.json", list(to_results(42, [pose])))
    (record,) = read_records(tmp_path / "results.json")
    assert record.frame == 42
    assert np.allclose(record.poses[0].keypoints, 10)


def test_crowds_and_unlabelled_people_are_not_counted(annotated):
    path, people = annotated
    assert read_truth(path).counted() == sum(1 for p in people if p["num_keypoints"] and not p["iscrowd"])


def test_a_picture_with_a_crowd_is_not_free_of_people(tmp_path):
    crowd = {**standing(1, 1, 0), "iscrowd": 1}
    unlabelled = standing(2, 2, 0, labelled=[])
    assert load(tmp_path, [crowd, unlabelled], 4, [])[0].person_free() == [0, 3]


def test_other_categories_are_left_out(tmp_path):
    dog = {"id": 2, "image_id": 0, "category_id": 18, "bbox": [0, 0, 9, 9], "area": 81}
    people = [standing(0, 1, 0), dog]
    assert len(read_truth(write_list(tmp_path / "t.json", people, 1)).people) == 1


def test_a_result_of_an_unknown_picture_is_refused(annotated):
    path, people = annotated
    with pytest.raises(DataError, match="picture 999"):
        ours(path, [{**next(guesses(people, 1, 0)), "image_id": 999}])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keypoints": [1, 2, 3]}, "17 × x, y, score"),
        ({"score": "high"}, "score"),
        ({"score": math.nan}, "finite"),
        ({"image_id": None}, "image_id"),
    ],
)
def test_a_malformed_result_is_refused(annotated, change, said):
    path, people = annotated
    with pytest.raises(DataError, match=said):
        ours(path, [{**next(guesses(people, 1, 0)), **change}])


@pytest.mark.parametrize("text", ["", "{}", "3"])
def test_a_file_without_results_is_refused(text, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"bad\.json"):
        read_results(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": 3, "annotations": []}'])
def test_a_file_without_annotations_is_refused(text, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"bad\.json"):
        read_truth(path)


@pytest.mark.parametrize("change", [{"keypoints": [0, 0, 0]}, {"area": None}, {"image_id": 7}])
def test_a_malformed_person_is_refused(change, tmp_path):
    path = write_list(tmp_path / "bad.json", [{**standing(0, 1, 0), **change}], 1)
    with pytest.raises(DataError, match=r"bad\.json"):
        read_truth(path)


def test_missing_annotations_and_pictures_are_named(annotated, tmp_path):
    with pytest.raises(DataError, match=r"none\.json"):
        read_truth(tmp_path / "none.json")
    with pytest.raises(DataError, match="12 of 12 pictures are missing"):
        read_truth(annotated[0]).images(tmp_path)


def test_all_metrics_can_be_written_as_json(annotated, tmp_path):
    path, people = annotated
    truth = read_truth(path)
    plain = to_plain(assess(truth, to_estimates(list(guesses(people, 6.0, seed=1)), truth)))
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert list(plain)[:8] == ["AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people"]


def test_a_file_without_people_and_results_can_be_assessed(tmp_path):
    truth, estimates = load(tmp_path, [], 3, [])
    plain = to_plain(assess(truth, estimates))
    assert plain["AP"] is None
    assert plain["false_positives"]["0.15"] == 0.0
