"""Broken labels are found, sound ones are left alone."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.annotations import ERRORS, WARNINGS, to_coco_px
from movenet.annotations.check import mirror_indices, overlong_bone, read_annotations
from movenet.cli import app
from movenet.dataset import check
from movenet.dataset.sides import SideCheck
from movenet.errors import DataError
from movenet.estimator import Estimator
from movenet.media import read_photo, write_photo
from movenet.models import DATA
from movenet.pose import KEYPOINTS, MIRROR
from stage import keypoints

PERSON = (20, 10, 60, 140, 250)


def person(**changes):
    flat = np.column_stack([keypoints(PERSON), np.full(17, 2)]).ravel().tolist()
    sound = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": flat, "num_keypoints": 17}
    return {**sound, "bbox": [20, 10, 60, 140], "area": 4000.0, "iscrowd": 0, **changes}


def moved(k, x, y):
    flat = person()["keypoints"]
    flat[3 * k : 3 * k + 2] = [x, y]
    return flat


@pytest.fixture
def listed(tmp_path):
    """Write a list of people in one picture, which is there, and return what is found wrong with it."""
    (tmp_path / "images").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (170, 110, 3), np.uint8)
    write_photo(tmp_path / "images" / "a.png", noise)

    def find(*people, images=({"id": 1, "file_name": "a.png", "width": 110, "height": 170},), **more):
        path = tmp_path / "labels.json"
        path.write_text(json.dumps({"images": images, "annotations": people, **more}))
        return [problem.kind for problem in check([path])]

    return find


def test_nothing_is_wrong_with_a_sound_list(listed):
    assert listed(person()) == []


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("missing field", {"bbox": None}),
        ("missing field", {"image_id": None}),
        ("wrong count", {"keypoints": [1.0] * 48}),
        ("not finite", {"keypoints": moved(3, float("nan"), 5)}),
        ("zero area", {"bbox": [20, 10, 0, 140]}),
        ("zero area", {"area": 0}),
        ("visible flag", {"keypoints": [*person()["keypoints"][:-1], 3]}),
        ("visible flag", {"num_keypoints": 5}),
        ("unknown picture", {"image_id": 9}),
        ("outside picture", {"bbox": [200, 10, 60, 140], "keypoints": [0] * 51, "num_keypoints": 0}),
        ("outside picture", {"keypoints": moved(10, 113, 80)}),
        ("box beyond edge", {"bbox": [20, 10, 100, 140]}),
        ("keypoint off box", {"keypoints": moved(16, 50, 165), "bbox": [20, 10, 60, 90]}),
        ("place without flag", {"keypoints": [*person()["keypoints"][:-1], 0], "num_keypoints": 16}),
    ],
)
def test_a_broken_label_is_found(kind, changes, listed):
    assert kind in listed(person(**changes))


def test_two_of_one_id_are_found(listed):
    other = person(keypoints=[0] * 51, num_keypoints=0)
    assert listed(person(), other) == ["duplicate id"]


def test_two_labels_of_one_person_are_found(listed):
    assert listed(person(), person(id=2)) == ["same person"]


def test_pictures_missing_damaged_twice_or_of_another_size_are_found(listed, tmp_path):
    (tmp_path / "images" / "b.png").write_bytes((tmp_path / "images" / "a.png").read_bytes())
    (tmp_path / "images" / "c.png").write_bytes((tmp_path / "images" / "a.png").read_bytes()[:2000])
    sizes = {"a.png": 170, "b.png": 171, "c.png": 170, "d.png": 170}
    images = [
        {"id": i, "file_name": name, "width": 110, "height": height}
        for i, (name, height) in enumerate(sizes.items())
    ]
    found = listed(person(image_id=0), images=images)
    assert found == ["same picture", "wrong size", "corrupt picture", "missing picture"]


def test_a_forearm_twice_too_long_is_impossible_and_a_foreshortened_one_is_not():
    points, known = keypoints(PERSON), np.ones(17, bool)
    assert overlong_bone(points, known) is None
    short, long = points.copy(), points.copy()
    short[9] = short[7] + 1
    long[9] = long[7] + (150, 0)
    assert overlong_bone(short, known) is None
    assert "left elbow to left wrist" in overlong_bone(long, known)
    assert overlong_bone(long, known & (np.arange(17) < 11) & (np.arange(17) != 6)) is None


@pytest.fixture(scope="module")
def astronaut():
    image = read_photo(DATA / "astronaut.jpg")
    pose = Estimator("thunder")(image)[0]
    flags = np.where(pose.scores > 0.3, 2, 0)
    box = [float(v) for v in pose.box]
    return image, to_coco_px(pose.keypoints), flags, box


@pytest.mark.parametrize(("mirror", "found"), [(range(17), []), (MIRROR, ["sides swapped"])])
def test_sides_exchanged_are_suspected_and_true_ones_are_not(mirror, found, astronaut, tmp_path):
    image, points, flags, box = astronaut
    flat = np.column_stack([points, flags])[list(mirror)]
    flat[flat[:, 2] == 0] = 0
    label = person(keypoints=flat.ravel().tolist(), bbox=box, num_keypoints=int((flags > 0).sum()))
    write_photo(tmp_path / "a.png", image)
    images = [{"id": 1, "file_name": "a.png", "width": 512, "height": 512}]
    (tmp_path / "l.json").write_text(json.dumps({"images": images, "annotations": [label]}))
    kinds = [p.kind for p in check([tmp_path / "l.json"], tmp_path, SideCheck())]
    assert [kind for kind in kinds if kind == "sides swapped"] == found


def yolo(points, width=110, height=170):
    x, y, w, h, _ = PERSON
    box = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
    triples = np.column_stack([points / (width, height), np.full(len(points), 2)])
    return " ".join(f"{v:g}" for v in [0, *box, *triples.ravel()])


@pytest.fixture
def yolo_folder(tmp_path):
    for part in ("images", "labels"):
        (tmp_path / part / "train").mkdir(parents=True)
    write_photo(tmp_path / "images" / "train" / "a.png", np.zeros((170, 110, 3), np.uint8))
    return tmp_path / "labels" / "train"


def test_a_sound_yolo_label_is_read_in_pixels_of_its_picture(yolo_folder):
    (yolo_folder / "a.txt").write_text(yolo(keypoints(PERSON)))
    read = read_annotations(yolo_folder, None)
    (label,) = read.images[0].people
    np.testing.assert_allclose(label.keypoints, keypoints(PERSON), atol=0.01)
    assert [*check([yolo_folder])] == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("0 0.5 0.5 0.2 0.2 0.1", "wrong count"),
        (yolo(keypoints(PERSON)).replace("0 ", "person ", 1), "not a number"),
        (yolo(keypoints(PERSON) * (np.nan, 1)), "not finite"),
        (yolo(keypoints(PERSON) + np.array([60, 0])), "outside picture"),
    ],
)
def test_a_broken_yolo_line_is_found_and_named(line, kind, yolo_folder):
    (yolo_folder / "a.txt").write_text(yolo(keypoints(PERSON)) + "\n" + line)
    found = [*check([yolo_folder])]
    assert found[0].kind == kind
    assert "a.txt line 2" in found[0].place


def test_the_number_of_keypoints_is_what_the_data_file_says(yolo_folder):
    (yolo_folder.parent / "data.yaml").write_text("kpt_shape: [5, 2]\n")
    (yolo_folder / "a.txt").write_text("0 0.5 0.5 0.2 0.2 " + "0.5 0.5 " * 5)
    assert [*check([yolo_folder])] == []


def test_names_tell_which_keypoint_mirrors_which():
    assert mirror_indices(KEYPOINTS) == MIRROR
    assert mirror_indices(["thumb", "index"]) is None
    assert mirror_indices(["left_ear", "tail", "right_ear"]) == (2, 1, 0)


def test_what_is_no_label_file_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("")
    with pytest.raises(DataError, match="YOLO"):
        [*check([tmp_path / "x.csv"])]
    with pytest.raises(DataError, match=r"\.txt"):
        [*check([tmp_path])]


def test_errors_end_with_code_1_and_warnings_with_0(tmp_path):
    def run(*people):
        images = [{"id": 1, "file_name": "a.png", "width": 110, "height": 170}]
        (tmp_path / "l.json").write_text(json.dumps({"images": images, "annotations": people}))
        return CliRunner().invoke(app, ["dataset", "check", str(tmp_path / "l.json"), "--json"])

    broken, doubtful = run(person(area=0)), run(person(bbox=[20, 10, 100, 140]))
    assert (broken.exit_code, json.loads(broken.stdout)["counts"]) == (1, {"zero area": 1})
    assert (doubtful.exit_code, json.loads(doubtful.stdout)["counts"]) == (0, {"box beyond edge": 1})


def test_every_kind_of_problem_has_a_meaning_and_a_weight():
    assert not ERRORS.keys() & WARNINGS.keys()


def test_the_lists_shared_for_training_hold_no_error(shared):
    found = [*check([shared / "data" / "coco-train-small" / "train.json"])]
    assert not [problem for problem in found if problem.is_error]
    assert {problem.kind for problem in found} == {"same person", "keypoint off box", "impossible limb"}
