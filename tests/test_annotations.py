"""One set of rules reads annotation files, whoever asks: evaluation, training, the checker, the synthetic clips."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from fuzz_annotations import coco_case, results_case, yolo_case
from lists import guess, standing
from movenet.annotations import (
    Image,
    Person,
    from_coco_px,
    read_coco,
    read_results,
    read_yolo,
    to_coco_px,
    to_results,
    write_coco,
    write_results,
)
from movenet.annotations.check import check, read_annotations
from movenet.cli import app
from movenet.errors import DataError, MoveNetError
from movenet.evaluation import read_truth, score, to_estimates
from movenet.media import write_photo
from movenet.pose import KEYPOINTS, Pose
from movenet.records import Record, open_records
from movenet.skeleton import BODY
from movenet.synthetic.camera import CameraSettings
from movenet.synthetic.one_person import find_person_photos
from movenet.training import labels as training

SIZE = (500, 500)
PERSON = {"id": 1, "name": "person", "keypoints": list(KEYPOINTS)}
DOG = {"id": 2, "name": "dog", "keypoints": ["nose", "tail"]}


@pytest.fixture
def coco(tmp_path):
    """Return a function that writes one image and a COCO file of people in it, and returns the path."""
    (tmp_path / "images").mkdir()
    write_photo(tmp_path / "images" / "0.jpg", np.zeros((SIZE[1], SIZE[0], 3), np.uint8))

    def write(*people, **parts):
        images = [{"id": 0, "file_name": "0.jpg", "width": SIZE[0], "height": SIZE[1]}]
        whole = {"images": images, "annotations": people, "categories": [PERSON]} | parts
        kept = {key: value for key, value in whole.items() if value is not None}
        path = tmp_path / "labels.json"
        path.write_text(json.dumps(kept), encoding="utf-8")
        return path

    return write


def someone(**changes):
    return standing(0, 1, 100) | changes


def average_precision(path):
    truth = read_truth(path)
    return score(truth, to_estimates([guess(someone(), shift=(4, 3))], truth))["AP"]


def readers(path):
    """Return the readers of COCO files that stop at the first mistake."""
    folder = path.parent / "images"
    return [
        lambda: read_truth(path),
        lambda: training.read_coco(path, folder, BODY),
        lambda: find_person_photos(path, folder, CameraSettings()),
    ]


def learned(path):
    return training.read_coco(path, path.parent / "images", BODY).images[0].learnable


def errors(path):
    return [problem for problem in check([path]) if problem.is_error]


@pytest.mark.parametrize("category", [0, 1, 7, "1", 1.0, None])
def test_the_category_of_people_has_whatever_id_the_file_gives_it(category, coco):
    expected = average_precision(coco(someone()))
    path = coco(someone(category_id=category), categories=[PERSON | {"id": category or 0}])
    assert average_precision(path) == expected
    assert len(learned(path)) == 1
    assert not errors(path)


@pytest.mark.parametrize("category", [0, 1, "1", 3])
def test_without_a_list_of_categories_the_only_id_in_use_is_people(category, coco):
    path = coco(someone(category_id=category), categories=None)
    assert read_truth(path).counted() == len(learned(path)) == 1


def test_without_a_list_of_categories_people_have_cocos_id_if_several_are_in_use(coco):
    path = coco(someone(), someone(id=2, category_id=18, keypoints=[1, 1, 2]), categories=None)
    assert len(read_truth(path).people) == len(learned(path)) == 1


def test_ids_as_text_are_the_same_ids(coco):
    images = [{"id": "0", "file_name": "0.jpg", "width": 500, "height": 500}]
    path = coco(someone(id="1"), images=images)
    assert average_precision(path) == average_precision(coco(someone()))
    path = coco(someone(image_id="0"))
    assert len(learned(path)) == 1
    assert not errors(path)


def test_results_name_images_and_categories_by_the_same_rules(coco):
    truth = read_truth(coco(someone(category_id=0), categories=[PERSON | {"id": 0}]))
    for ids in ({"image_id": "0"}, {"category_id": 0}, {"category_id": "1"}):
        assert score(truth, to_estimates([guess(someone()) | ids], truth))["AP"] == pytest.approx(1)


def test_results_of_other_categories_alone_are_refused(coco):
    truth = read_truth(coco(someone()))
    with pytest.raises(DataError, match=r"results of category 1 \(people\), got 1 of others"):
        to_estimates([guess(someone()) | {"category_id": 18}], truth)


@pytest.mark.parametrize(
    "categories",
    [
        [PERSON, DOG],
        [DOG, PERSON],
        [{"id": 1, "name": "Person"}, DOG],
        [{"id": 1, "name": "person", "keypoints": []}, DOG | {"keypoints": [f"{k}" for k in range(17)]}],
        [PERSON | {"name": "human"}, DOG],
    ],
    ids=str,
)
def test_of_several_categories_the_people_are_read_and_the_rest_is_left_out(categories, coco):
    dog = someone(id=2, category_id=2, keypoints=[5, 5, 2, 9, 9, 2], num_keypoints=2)
    path = coco(someone(), dog, categories=categories)
    assert len(read_truth(path).people) == len(learned(path)) == len(find_person_photos(*clip(path))) == 1
    assert not errors(path)


def clip(path):
    return path, path.parent / "images", CameraSettings(height=180, width=320)


def test_a_category_of_another_skeleton_is_found_by_its_number_of_keypoints(coco):
    dog = someone(id=2, category_id=2, keypoints=[5, 5, 2, 9, 9, 2], num_keypoints=2)
    read = read_coco(coco(someone(), dog, categories=[PERSON, DOG]), None, ["muzzle", "tip"]).strict()
    assert [len(person.keypoints) for person in read.images[0].people] == [2]


def test_categories_among_which_people_cannot_be_told_are_an_error(coco):
    path = coco(someone(), categories=[{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}])
    for read in readers(path):
        with pytest.raises(DataError, match=r"labels\.json: expected a category named person .*'cat', 'dog'"):
            read()


def test_a_missing_area_is_that_of_the_box_in_evaluation_as_in_training(coco):
    path = coco({key: value for key, value in someone().items() if key != "area"})
    assert read_truth(path).people.areas.tolist() == [60.0 * 160.0]
    assert learned(path)[0].area == 60.0 * 160.0
    assert not errors(path)


@pytest.mark.parametrize("change", [{"keypoints": None}, {"keypoints": []}, {"num_keypoints": 0}], ids=str)
def test_a_person_without_keypoints_is_an_ignored_region(change, coco):
    path = coco(someone(), someone(id=2, bbox=[1, 1, 20, 20]) | change)
    truth = read_truth(path)
    assert (len(truth.people), truth.counted()) == (2, 1)
    image = training.read_coco(path, path.parent / "images", BODY).images[0]
    assert image.ignore_regions == ((1, 1, 20, 20),)


def test_a_byte_order_mark_is_skipped(coco):
    path = coco(someone())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_truth(path).counted() == len(learned(path)) == 1
    assert not errors(path)


@pytest.mark.parametrize(
    "people", [[], [{"iscrowd": 1}], [{"keypoints": None}], [{"category_id": 5}]], ids=str
)
def test_a_file_in_which_nobody_has_keypoints_is_an_error_to_every_reader(people, coco):
    path = coco(*(someone(**change) for change in people))
    for read in readers(path):
        with pytest.raises(DataError, match=r"labels\.json: no labelled person"):
            read()
    assert [problem.kind for problem in errors(path)] == ["no person"]


def test_eval_of_a_file_without_people_exits_with_1_and_says_so(coco, tmp_path):
    (tmp_path / "results.json").write_text("[]")
    arguments = ["--annotations", str(coco()), "--score-results", str(tmp_path / "results.json"), "--json"]
    ran = CliRunner().invoke(app, ["eval", *arguments])
    assert ran.exit_code != 0
    assert "AP" not in ran.stdout


MALFORMED = {
    "unhashable image id": ({"image_id": [1]}, "annotation 1: expected an integer as image_id, got \\[1\\]"),
    "unknown image": ({"image_id": 7}, "annotation 1: expected a listed picture, got picture 7"),
    "own id is a list": ({"id": {}, "bbox": None}, "annotation number 0: expected bbox, got none"),
    "category id is a list": ({"category_id": [1]}, "annotation 1: expected an integer as category_id"),
    "integers beyond float": ({"bbox": [10**400, 0, 1, 1]}, "annotation 1: expected numbers as bbox"),
    "integers beyond int64": ({"image_id": 10**40}, "annotation 1: expected an integer as image_id"),
    "beyond any image": ({"bbox": [1e300, 0, 1, 1]}, "annotation 1: expected finite numbers within"),
    "NaN": ({"area": float("nan")}, "annotation 1: expected finite numbers within .* as area, got nan"),
    "infinity": (
        {"keypoints": [float("inf")] * 51},
        "annotation 1: expected finite numbers within .* keypoints",
    ),
    "text": ({"keypoints": ["left"] * 51}, "annotation 1: expected numbers as keypoints"),
    "lists in a list": ({"bbox": [1, 2, [3], 4]}, "annotation 1: expected numbers as bbox"),
    "too few": ({"keypoints": [1, 2, 3]}, "annotation 1: expected 51 numbers as keypoints .*, got 3"),
    "visibility": ({"keypoints": [1, 2, 3] * 17}, "annotation 1: expected 0, 1 or 2 as visibility .*, got 3"),
    "count is a list": ({"num_keypoints": [17]}, "annotation 1: expected an integer as num_keypoints"),
    "crowd is a list": ({"iscrowd": [1]}, "annotation 1: expected an integer as iscrowd"),
    "negative area": ({"area": -4}, "annotation 1: expected an area of 0 or more, got -4"),
}


@pytest.mark.parametrize(("change", "said"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_entry_is_named_by_every_reader_and_listed_by_the_checker(change, said, coco):
    path = coco(someone(**change), someone(id=2))
    for read in readers(path):
        with pytest.raises(DataError, match=rf"labels\.json, {said}"):
            read()
    assert len([problem for problem in errors(path) if problem.left_out]) == 1


@pytest.mark.parametrize("entry", [None, 3, [], "person", [[]]], ids=str)
def test_an_entry_that_is_no_object_is_named(entry, coco):
    for path in (coco(someone(), entry), coco(someone(), images=[{"id": 0, "file_name": "0.jpg"}, entry])):
        for read in readers(path):
            with pytest.raises(DataError, match=r"labels\.json, (annotation|image) number 1: expected"):
                read()
        assert errors(path)


DEEP = b"[" * 200_000


@pytest.mark.parametrize(
    "data",
    [
        b'{"images": [], "annotations": ' + DEEP,
        b'{"images": [], "annotations": [], "categories": 3}',
        b'{"images": [], "annotations": [], "categories": [[1]]}',
        b'{"images": [], "annotations": [], "categories": [{"id": [1]}]}',
        '{"images": [], "annotations": []}'.encode("utf-16"),
        b'{"images": {}, "annotations": []}',
        b"\x00\xff",
        b"9" * 5000,
    ],
    ids=["deep", "categories", "category", "category id", "UTF-16", "images", "bytes", "number"],
)
def test_a_file_that_is_no_list_of_annotations_is_named_by_every_reader(data, tmp_path):
    path = tmp_path / "labels.json"
    path.write_bytes(data)
    for read in [*readers(path), lambda: list(check([path]))]:
        with pytest.raises(DataError, match=r"labels\.json"):
            read()


def test_deep_nesting_in_results_is_an_error(tmp_path):
    (tmp_path / "results.json").write_bytes(DEEP)
    with pytest.raises(DataError, match=r"results\.json"):
        read_results(tmp_path / "results.json")


def test_strict_reading_raises_what_lenient_reading_lists_first(coco):
    read = read_coco(coco(someone(bbox=None), someone(id=2, image_id=9)), None)
    first = next(problem for problem in read.problems if problem.left_out)
    with pytest.raises(DataError) as raised:
        read.strict()
    assert str(raised.value) == f"{first.file}, {first.place}: {first.message}"


@pytest.mark.parametrize("name", ["category0", "category1", "no_area", "keypoints_null", "bom"])
def test_the_same_label_written_differently_scores_the_same(name, shared):
    cases = shared / "cases" / "coco"
    flat = np.array(json.loads((cases / "category1.json").read_text())["annotations"][0]["keypoints"])
    triples = flat.reshape(17, 3) + np.array([16, 12, 0])
    results = [{"image_id": 1, "category_id": 1, "keypoints": triples.ravel().tolist(), "score": 0.5}]
    whole = read_truth(cases / "category1.json")
    truth = read_truth(cases / f"{name}.json")
    assert truth.counted() == 1
    expected = score(whole, to_estimates(results, whole))["AP"]
    assert 0 < expected < 1
    assert score(truth, to_estimates(results, truth))["AP"] == expected
    labels = training.read_coco(cases / f"{name}.json", cases / "images", BODY)
    np.testing.assert_allclose(labels.images[0].learnable[0].keypoints[0], (223.45, 122.35), atol=1e-4)
    assert not errors(cases / f"{name}.json")


def test_pixels_go_to_cocos_convention_and_back():
    points = np.array([[0, 0], [10.5, 3]], np.float32)
    assert to_coco_px(points).tolist() == [[-0.25, -0.25], [10.25, 2.75]]
    np.testing.assert_array_equal(from_coco_px(to_coco_px(points)), points)


def test_a_written_file_gives_the_same_people_to_a_thousandth_of_a_pixel(tmp_path):
    rng = np.random.default_rng(3)
    shape = {"area": 4321.5, "box": (1.25, 2.5, 90.125, 160.0625)}
    person = Person(rng.uniform(10, 90, (17, 2)), rng.integers(0, 3, 17), **shape)
    images = [Image(7, "a/b.jpg", tmp_path / "a" / "b.jpg", SIZE, (person, replace(person, crowd=True)))]
    write_coco(tmp_path / "out.json", images, BODY)
    (image,) = read_coco(tmp_path / "out.json", tmp_path).strict().images
    assert (image.id, image.name, image.path, image.size) == (7, "a/b.jpg", images[0].path, SIZE)
    assert [again.crowd for again in image.people] == [False, True]
    for again in image.people:
        np.testing.assert_array_equal(again.visibility, person.visibility)
        known = person.labelled
        np.testing.assert_allclose(again.keypoints[known], person.keypoints[known], atol=5.1e-4)
        np.testing.assert_allclose([*again.box, again.area], [*person.box, person.area], atol=5.1e-4)


def test_records_and_saved_results_write_the_same_numbers_for_the_same_poses(tmp_path):
    rng = np.random.default_rng(8)
    poses = [
        Pose(rng.uniform(0, 500, (17, 2)).astype(np.float32), rng.random(17).astype(np.float32), rng.random())
        for _ in range(3)
    ]
    write_results(tmp_path / "results.json", list(to_results(12, poses)))
    with open_records(tmp_path / "records.json") as records:
        records.write(Record("photo12.jpg", 0, 0.0, 500, 500, tuple(poses)))
    assert read_results(tmp_path / "records.json") == read_results(tmp_path / "results.json")


@pytest.fixture
def yolo(tmp_path):
    """Return a function that writes label files by name for one image, a.png, and returns their folder."""
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    write_photo(tmp_path / "images" / "a.png", np.zeros((SIZE[1], SIZE[0], 3), np.uint8))

    def write(**files):
        for name, data in files.items():
            path = tmp_path / "labels" / f"{name}.txt"
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return tmp_path / "labels"

    return write


def line(points=((0.5, 0.5),) * 17, visibility=2):
    return " ".join(["0 .5 .5 .25 .5", *(f"{x} {y} {visibility}" for x, y in points)])


def yolo_readers(labels):
    return [lambda: training.read_yolo(labels, labels.parent / "images", BODY), lambda: list(check([labels]))]


def test_coco_and_yolo_labels_of_one_person_are_the_same_person(coco, tmp_path):
    (tmp_path / "labels").mkdir()
    person = learned(coco(someone()))[0]
    shares = person.keypoints / SIZE
    (tmp_path / "labels" / "0.txt").write_text(line(shares.tolist()))
    same = training.read_yolo(tmp_path / "labels", tmp_path / "images", BODY).images[0].learnable[0]
    np.testing.assert_allclose(same.keypoints, person.keypoints, atol=1e-3)
    np.testing.assert_array_equal(same.labelled, person.labelled)


@pytest.mark.parametrize("case", ["yolo_bom", "yolo_JPG"])
def test_a_byte_order_mark_and_a_suffix_in_capitals_are_read(case, shared):
    folder = shared / "cases" / case
    labels = training.read_yolo(folder / "labels", folder / "images", BODY)
    assert [len(image.learnable) for image in labels.images] == [1]
    assert not errors(folder / "labels")


def test_an_image_without_labels_shows_nobody_and_labels_without_an_image_are_found(yolo):
    labels = yolo(a=line(), gone=line())
    write_photo(labels.parent / "images" / "empty.png", np.zeros((9, 9, 3), np.uint8))
    read = training.read_yolo(labels, labels.parent / "images", BODY)
    assert [(image.name, len(image.people)) for image in read.images] == [("a.png", 1), ("empty.png", 0)]
    assert [(problem.kind, problem.place) for problem in errors(labels)] == [("missing picture", "gone")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (line().encode("utf-16"), "expected text in UTF-8"),
        (b"\xff\xfe\x00", "expected text in UTF-8"),
        (b"0 .5", "line 1: expected 56 numbers as class, box and 17 keypoints .*, got 2"),
        (line().replace("0.5", "nan", 1), "line 1: expected finite numbers"),
        (line().replace("0.5", "1e300", 1), "line 1: expected finite numbers"),
        (line(visibility=7), "line 1: expected 0, 1 or 2 as visibility of keypoints, got 7"),
        (line().replace("0", "person", 1), "line 1: expected numbers as class, box and 17 keypoints"),
    ],
    ids=["UTF-16", "bytes", "short", "NaN", "beyond", "visibility", "text"],
)
def test_a_malformed_label_file_is_named_and_listed(data, said, yolo):
    labels = yolo(a=data, b=line())
    write_photo(labels.parent / "images" / "b.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(DataError, match=rf"a\.txt.*{said}"):
        training.read_yolo(labels, labels.parent / "images", BODY)
    assert [problem.place.split()[0] for problem in errors(labels)] == ["a.txt"]


def test_a_first_line_that_is_too_short_does_not_decide_the_number_of_keypoints(yolo):
    assert len(read_annotations(yolo(a="0\n" + line()), None).keypoint_names) == 17


def test_a_yaml_that_is_no_text_in_utf_8_is_named(yolo):
    labels = yolo(a=line())
    (labels.parent / "data.yaml").write_bytes("kpt_shape: [17, 3]".encode("utf-16"))
    with pytest.raises(DataError, match=r"UTF-8 in .*data\.yaml"):
        list(check([labels]))


def test_a_yaml_that_is_a_folder_or_a_dangling_link_says_nothing(yolo):
    labels = yolo(a=line())
    (labels.parent / "folder.yaml").mkdir()
    (labels / "link.yaml").symlink_to(labels / "nowhere")
    (labels.parent.parent / "other.yaml").mkdir()
    assert not errors(labels)


@pytest.mark.parametrize(
    "text", ["", "\n \n", "0 .5 .5 .5 .5 " + "0 0 0 " * 17], ids=["empty", "blank", "unlabelled"]
)
def test_yolo_labels_of_nobody_are_an_error(text, yolo):
    labels = yolo(a=text)
    with pytest.raises(DataError, match="no labelled person"):
        training.read_yolo(labels, labels.parent / "images", BODY)
    assert [problem.kind for problem in errors(labels)] == ["no person"]


def test_a_folder_without_label_files_is_an_error(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"expected YOLO-pose labels \(\.txt\) in the folder"):
            read_yolo(folder, None)


@pytest.mark.parametrize("case", [coco_case, results_case, yolo_case], ids=lambda case: case.__name__)
@pytest.mark.parametrize("block", range(4))
def test_malformed_files_are_read_or_refused_and_nothing_else(case, block):
    for seed in range(100 * block, 100 * (block + 1)):
        try:
            case(seed)
        except MoveNetError:  # pragma: no cover (the cases catch it)
            pytest.fail(f"seed {seed}")
        except Exception as error:
            raise AssertionError(f"seed {seed} of {case.__name__}") from error
