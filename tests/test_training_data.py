"""Labels of any format become samples that depend on nothing but the seed and their number."""

import json
import logging

import numpy as np
import pytest
import torch

from figures import DOTS, annotation, picture, write_json, write_set
from movenet.annotations import Person, write_coco
from movenet.errors import DataError, MediaError
from movenet.media import write_photo
from movenet.pose import Pose
from movenet.skeleton import BODY
from movenet.training.augment import NO_AUGMENTATION, Augmentation
from movenet.training.dataset import MAX_PEOPLE, Samples, Source
from movenet.training.inputs import only, read_unlabelled
from movenet.training.labels import read_coco, read_yolo
from movenet.training.relabel import Completion, complete, merge

IMAGE = {"id": 0, "file_name": "0.png", "width": 80, "height": 64}
POINTS = [(20, 20), (50, 30), (40, 50)]
MIRROR = DOTS.mirror


@pytest.fixture
def one_picture(tmp_path):
    """A folder with one picture; returns a function that labels it and reads the labels."""
    write_set(tmp_path, count=1)

    def read(*annotations, **image):
        return read_coco(
            write_json(tmp_path / "l.json", [IMAGE | image], annotations), tmp_path / "images", DOTS
        )

    return read


def samples_of(labels, **options):
    how = options.pop("how", NO_AUGMENTATION)
    return Samples([TrainingSet(labels, **options)], 64, how, seed=3)


def dot_centre(image, channel):
    """Return x, y of a dot in a square, by its colour."""
    others = [c for c in range(3) if c != channel]
    bright = (image[..., channel].astype(int) - image[..., others].max(axis=-1)).clip(100) - 100
    y, x = np.indices(bright.shape) + 0.5
    return np.array([(x * bright).sum(), (y * bright).sum()]) / bright.sum()


def test_labels_move_from_cocos_pixels_to_ours(one_picture):
    person = one_picture(annotation(0, 1, POINTS)).images[0].people[0]
    np.testing.assert_allclose(person.keypoints, POINTS, atol=1e-5)


def test_a_keypoint_labelled_outside_the_picture_is_not_learned_and_is_counted(one_picture):
    labels = one_picture(annotation(0, 1, [(20, 20), (200, 30), (40, 50)]))
    assert labels.images[0].people[0].labelled.tolist() == [True, False, True]
    assert labels.dropped == 1


@pytest.mark.parametrize(
    "useless", [{"iscrowd": 1}, {"bbox": [5, 5, 0, 20]}, {"keypoints": [0] * 9}], ids=str
)
def test_crowds_and_people_who_teach_nothing_are_unknown_regions(useless, one_picture):
    labels = one_picture(annotation(0, 1, POINTS), annotation(0, 2, POINTS, **useless))
    assert len(labels.images[0].learnable) == len(labels.images[0].ignore_regions) == len(labels.shown) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"keypoints": [float("nan")] * 9}, "finite numbers .* as keypoints"),
        ({"keypoints": [1, 2, 2]}, "9 numbers as keypoints .*, got 3"),
        ({"bbox": [1, 2, 3]}, "4 numbers as bbox .*, got 3"),
        ({"bbox": [0, 0, float("inf"), 9]}, "finite numbers .* as bbox"),
    ],
    ids=str,
)
def test_labels_that_are_malformed_are_refused(wrong, said, one_picture):
    with pytest.raises(DataError, match=rf"l\.json, annotation 1: expected {said}"):
        one_picture(annotation(0, 1, POINTS, **wrong))


def test_a_missing_picture_is_named(one_picture):
    with pytest.raises(DataError, match=r"1 of 1 pictures are missing, such as .*gone\.png"):
        one_picture(annotation(0, 1, POINTS), file_name="gone.png")


def test_a_list_of_nobody_is_refused(one_picture):
    with pytest.raises(DataError, match="labels nobody"):
        one_picture()


def test_yolo_labels_are_the_same_people(tmp_path):
    write_set(tmp_path, count=1)
    (tmp_path / "labels").mkdir()
    keypoints = " ".join(f"{x / 80} {y / 64} 2" for x, y in POINTS)
    (tmp_path / "labels" / "0.txt").write_text(f"0 0.5 0.5 0.5 0.25 {keypoints}\n\n")
    person = read_yolo(tmp_path / "labels", tmp_path / "images", DOTS).images[0].people[0]
    np.testing.assert_allclose(person.keypoints, POINTS, atol=1e-4)
    assert person.box == (20, 24, 40, 16)


@pytest.mark.parametrize("line", ["0 .5 .5 .5 .5 1 2", "0 .5 .5 .5 .5 " + "nan " * 9, "a person"], ids=str)
def test_a_malformed_line_of_yolo_labels_is_named(line, tmp_path):
    write_set(tmp_path, count=1)
    (tmp_path / "0.txt").write_text(line)
    with pytest.raises(DataError, match=r"0\.txt line 1: expected .*numbers.* as class, box and 3 keypoints"):
        read_yolo(tmp_path, tmp_path / "images", DOTS)


@pytest.mark.parametrize(
    "how",
    [
        NO_AUGMENTATION,
        AugmentationSettings(turns=1, turn_deg=180, mirror=0, colour=0, blur=0, occlusion=0),
        AugmentationSettings(mirror=1, colour=0, blur=0, occlusion=0),
    ],
    ids=["plain", "turned", "mirrored"],
)
def test_the_labels_stay_on_what_they_label_however_it_is_shown(how, tmp_path):
    data = samples_of(read_coco(write_set(tmp_path), tmp_path / "images", DOTS), how=how)
    mirrored = how.mirror == 1
    for number in range(6):
        shown = data[number]
        for k in range(3):
            x, y = shown.places[0, k].flip(0).numpy() * 64 - 0.17
            if 6 < x < 58 and 6 < y < 58:
                colour = DOTS.mirror[k] if mirrored else k
                assert np.abs(dot_centre(shown.image.numpy(), colour) - (x, y)).max() < 0.5


def test_a_sample_is_the_same_whenever_it_is_asked_for(tmp_path):
    labels = read_coco(write_set(tmp_path), tmp_path / "images", DOTS)
    first, second = (samples_of(labels, how=AugmentationSettings()) for _ in range(2))
    _ = first[2], first[20]
    for ours, theirs in zip(first[9], second[9], strict=True):
        assert torch.equal(ours, theirs)


def test_an_epoch_shows_everybody_as_often_as_asked_in_an_order_of_its_own(tmp_path):
    data = samples_of(read_coco(write_set(tmp_path), tmp_path / "images", DOTS), repeat=1.5)
    assert data.epoch == 9
    epochs = [[data._find(number)[1].path.name for number in range(9 * e, 9 * e + 9)] for e in range(2)]
    assert all(set(names) == {f"{i}.png" for i in range(6)} for names in epochs)
    assert epochs[0] != epochs[1]


def test_a_corrupt_picture_teaches_nothing_and_training_goes_on(tmp_path, caplog):
    labels = read_coco(write_set(tmp_path, count=1), tmp_path / "images", DOTS)
    (tmp_path / "images" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with caplog.at_level(logging.WARNING):
        shown = samples_of(labels)[0]
    assert "sample 0 teaches nothing" in caplog.text
    assert shown.unknown.all()
    assert not shown.labelled.any()


def test_unless_everybody_is_labelled_all_outside_the_box_is_unknown(one_picture):
    points = [(30, 20), (34, 40), (38, 30)]
    labels = one_picture(annotation(0, 1, points))
    assert not samples_of(labels, everybody=True)[0].unknown.any()
    unknown = samples_of(labels, everybody=False)[0].unknown
    assert unknown[:, 0].all()
    assert not unknown[8, 8]


def test_of_a_crowd_the_nearest_are_taught_and_the_rest_unknown(one_picture):
    people = [annotation(0, n, np.array(POINTS) * 0.2 + 8 * n) for n in range(1, MAX_PEOPLE + 2)]
    shown = samples_of(
        one_picture(*people),
        how=AugmentationSettings(
            factor=8, **dict.fromkeys(("scale", "shift", "turns", "mirror", "colour", "blur", "occlusion"), 0)
        ),
    )[0]
    assert shown.labelled.all(dim=-1).sum() == MAX_PEOPLE
    assert shown.unknown.any()


def test_somebody_none_of_whose_keypoints_are_in_view_is_unknown(one_picture):
    near, far = [(10, 10), (12, 14), (20, 12)], [(70, 60), (72, 62), (78, 60)]
    labels = one_picture(annotation(0, 1, near), annotation(0, 2, far, bbox=[12, 12, 60, 48]))
    data = samples_of(labels)
    shown = data[next(n for n in range(2) if data._find(n)[2][0] < 5)]
    assert shown.labelled.any(dim=-1).sum() == 1
    assert shown.unknown.any()


@pytest.mark.parametrize("absent", [False, True])
def test_whether_a_keypoint_without_a_label_is_unknown_or_absent_is_said(absent, one_picture):
    labels = one_picture(annotation(0, 1, [(20, 20), (200, 200), (40, 50)]))
    assert bool(samples_of(labels, absent=absent)[0].bodies.any()) is not absent


def test_unlabelled_pictures_are_shown_whole_and_unknown(tmp_path):
    write_set(tmp_path, count=2)
    shown = samples_of(read_unlabelled(tmp_path / "images", DOTS))[1]
    assert shown.unknown.any()
    assert not shown.labelled.any()


def test_a_teacher_sees_the_same_view_in_its_own_size_and_true_colours(tmp_path):
    labels = read_coco(write_set(tmp_path), tmp_path / "images", DOTS)
    how = AugmentationSettings(scale=0.2, turns=1, mirror=1, colour=0, blur=0, occlusion=0)
    shown = Samples([TrainingSet(labels)], 64, how, seed=1, teacher_side=128)[0]
    assert shown.clear.shape == (128, 128, 3)
    small = shown.clear.reshape(64, 2, 64, 2, 3).float().mean(dim=(1, 3))
    assert (small - shown.image.float()).abs().mean() < 12


def person(points=POINTS, labelled=(True, True, False)):
    return Person(np.array(points, np.float32), 2 * np.array(labelled), (10.0, 10.0, 50.0, 50.0), 2500.0)


def answer(points, scores=(0.9, 0.9, 0.9)):
    return Pose(np.array(points, np.float32), np.array(scores, np.float32), 0.9)


def test_a_model_fills_in_what_nobody_labelled():
    done = merge(person(), answer([(21, 20), (50, 31), (44, 44)]), MIRROR, RelabelSettings("m"), (80, 64))
    assert done.labelled.all()
    np.testing.assert_array_equal(done.keypoints, [(20, 20), (50, 30), (44, 44)])


@pytest.mark.parametrize(
    "keypoint", [((44, 44), 0.1), ((44, 80), 0.9)], ids=["unsure", "outside the picture"]
)
def test_a_model_fills_in_nothing_unsure_or_outside(keypoint):
    place, score = keypoint
    done = merge(
        person(), answer([(20, 20), (50, 30), place], (0.9, 0.9, score)), MIRROR, RelabelSettings("m"), (80, 64)
    )
    assert done.labelled.tolist() == [True, True, False]


def test_a_label_that_a_sure_model_contradicts_is_dropped_if_asked_for():
    twisted = person([(20, 20), (50, 30), (10, 60)], (True, True, True))
    far = answer([(20, 20), (50, 30), (40, 50)])
    assert merge(twisted, far, MIRROR, RelabelSettings("m"), (80, 64)).labelled.all()
    assert merge(twisted, far, MIRROR, RelabelSettings("m", doubt=0.2), (80, 64)).labelled.tolist() == [
        True,
        True,
        False,
    ]


def test_labels_that_the_model_all_but_agrees_with_are_put_where_it_sees_them_if_asked_for():
    seen = answer([(22, 20), (50, 37), (44, 44)])
    done = merge(person(), seen, MIRROR, RelabelSettings("m", agree=0.1), (80, 64))
    np.testing.assert_array_equal(done.keypoints, [(22, 20), (50, 30), (44, 44)])


def test_sides_that_the_model_sees_the_other_way_round_are_changed_if_asked_for():
    rng = np.random.default_rng(0)
    points = rng.uniform(12, 48, (17, 2)).astype(np.float32)
    swapped = Person(points[list(BODY.mirror)], np.full(17, 2), (10.0, 10.0, 50.0, 50.0), 2500.0)
    seen = Pose(points, np.full(17, 0.9, np.float32), 0.9)
    for sides, expected in ((False, swapped.keypoints), (True, points)):
        done = merge(swapped, seen, BODY.mirror, RelabelSettings("m", sides=sides), (80, 64))
        np.testing.assert_array_equal(done.keypoints, expected)


def test_only_some_pictures_are_taken_if_asked_for(tmp_path):
    labels = read_coco(write_set(tmp_path, count=3), tmp_path / "images", DOTS)
    name = labels.images[1].path.name
    part = only(name, labels)
    assert [picture.path.name for picture in part.images] == [name]
    assert {i for i, _ in part.shown} == {0}
    with pytest.raises(DataError, match="labels nobody in pictures named other"):
        only("other*", labels)


def test_a_model_that_saw_somebody_else_adds_nothing():
    stranger = answer([(60, 50), (10, 60), (70, 10)])
    assert merge(person(), stranger, MIRROR, RelabelSettings("m"), (80, 64)).labelled.tolist() == [
        True,
        True,
        False,
    ]


def test_completed_labels_survive_the_way_through_a_file(shared, tmp_path):
    folder = shared / "data" / "sports"
    whole = json.loads((folder / "train.json").read_text())
    few = {image["id"] for image in whole["images"][:3]}
    kept = [image for image in whole["images"] if image["id"] in few]
    people = [a for a in whole["annotations"] if a["image_id"] in few]
    labels = read_coco(write_json(tmp_path / "few.json", kept, people), folder / "images", BODY)
    done = complete(labels, RelabelSettings("lightning"))
    added = sum(int(p.people[0].labelled[:5].sum()) for p in done.images)
    assert added >= 3
    write_coco(tmp_path / "done.json", done.images, BODY)
    again = read_coco(tmp_path / "done.json", folder / "images", BODY)
    for ours, theirs in zip(done.images, again.images, strict=True):
        np.testing.assert_array_equal(ours.people[0].labelled, theirs.people[0].labelled)
        where = ours.people[0].labelled
        np.testing.assert_allclose(
            ours.people[0].keypoints[where], theirs.people[0].keypoints[where], atol=0.01
        )


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(MediaError):
        read_unlabelled(tmp_path, DOTS)


def test_changing_colours_leaves_the_place_of_things(tmp_path):
    image, _ = picture(np.random.default_rng(0), 64, 64)
    write_photo(tmp_path / "p.png", image)
    from movenet.training.augment import repaint

    painted = repaint(image, np.random.default_rng(1), AugmentationSettings(colour=0.3, blur=0, occlusion=0))
    assert painted.shape == image.shape
    assert painted.dtype == np.uint8
    assert np.corrcoef(painted.ravel(), image.ravel())[0, 1] > 0.8
