"""Labels of any format become samples that depend only on the seed and their number."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from figures import DOTS, annotation, picture, write_json, write_set
from movenet.annotations import Person, write_coco
from movenet.engine import ScriptedEngine
from movenet.errors import DataError, MediaError
from movenet.media import write_photo
from movenet.models import MODELS
from movenet.pose import Pose
from movenet.skeleton import BODY
from movenet.training.augment import NO_AUGMENTATION, AugmentationSettings, augment_colours
from movenet.training.dataset import MAX_PEOPLE, Samples, TrainingSet
from movenet.training.inputs import read_unlabelled, select_images
from movenet.training.labels import read_coco, read_yolo
from movenet.training.relabel import relabel, relabel_person
from movenet.training.settings import RelabelSettings

IMAGE = {"id": 0, "file_name": "0.png", "width": 80, "height": 64}
POINTS = [(20, 20), (50, 30), (40, 50)]
MIRROR = DOTS.mirror
PLAIN_COLOURS = {"colour": 0, "degradation_probability": 0, "occlusion_probability": 0}


@pytest.fixture
def one_image(tmp_path):
    """A folder with one image; returns a function that labels it and reads the labels."""
    write_set(tmp_path, count=1)

    def read(*annotations, **image):
        return read_coco(
            write_json(tmp_path / "l.json", [IMAGE | image], annotations), tmp_path / "images", DOTS
        )

    return read


def samples_of(labels, **options):
    augmentation = options.pop("augmentation", NO_AUGMENTATION)
    return Samples([TrainingSet(labels, **options)], 64, augmentation, seed=3)


def dot_centre(image, channel):
    """Return x, y of a dot in a square, by its colour."""
    others = [c for c in range(3) if c != channel]
    bright = (image[..., channel].astype(int) - image[..., others].max(axis=-1)).clip(100) - 100
    y, x = np.indices(bright.shape) + 0.5
    return np.array([(x * bright).sum(), (y * bright).sum()]) / bright.sum()


def test_keypoints_of_coco_become_pixels_of_the_image(one_image):
    person = one_image(annotation(0, 1, POINTS)).images[0].people[0]
    np.testing.assert_allclose(person.keypoints, POINTS, atol=1e-5)


def test_a_keypoint_labelled_outside_the_image_is_dropped_and_counted(one_image):
    labels = one_image(annotation(0, 1, [(20, 20), (200, 30), (40, 50)]))
    assert labels.images[0].people[0].labelled.tolist() == [True, False, True]
    assert labels.dropped == 1


@pytest.mark.parametrize(
    "useless", [{"iscrowd": 1}, {"bbox": [5, 5, 0, 20]}, {"keypoints": [0] * 9}], ids=str
)
def test_crowds_and_people_without_usable_labels_are_ignore_regions(useless, one_image):
    labels = one_image(annotation(0, 1, POINTS), annotation(0, 2, POINTS, **useless))
    assert len(labels.images[0].learnable) == len(labels.images[0].ignore_regions) == len(labels.people) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"keypoints": [float("nan")] * 9}, "finite numbers .* as keypoints"),
        ({"keypoints": [1, 2, 2]}, "9 numbers as keypoints .*, got 3"),
        ({"bbox": [1, 2, 3]}, "4 numbers as bbox .*, got 3"),
        ({"bbox": [0, 0, float("inf"), 9]}, "finite numbers .* as bbox"),
    ],
    ids=str,
)
def test_malformed_labels_are_refused(wrong, message, one_image):
    with pytest.raises(DataError, match=rf"l\.json, annotation 1: expected {message}"):
        one_image(annotation(0, 1, POINTS, **wrong))


def test_a_missing_image_is_named(one_image):
    with pytest.raises(DataError, match=r"1 of 1 pictures are missing, such as .*gone\.png"):
        one_image(annotation(0, 1, POINTS), file_name="gone.png")


def test_labels_without_a_person_are_refused(one_image):
    with pytest.raises(DataError, match="no labelled person"):
        one_image()


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
    "augmentation",
    [
        NO_AUGMENTATION,
        AugmentationSettings(rotation_probability=1, rotation_deg=180, mirror_probability=0, **PLAIN_COLOURS),
        AugmentationSettings(mirror_probability=1, **PLAIN_COLOURS),
    ],
    ids=["plain", "rotated", "mirrored"],
)
def test_keypoints_stay_in_place_under_augmentation(augmentation, tmp_path):
    data = samples_of(read_coco(write_set(tmp_path), tmp_path / "images", DOTS), augmentation=augmentation)
    mirrored = augmentation.mirror_probability == 1
    for number in range(6):
        sample = data[number]
        for k in range(3):
            x, y = sample.keypoints[0, k].flip(0).numpy() * 64 - 0.17
            if 6 < x < 58 and 6 < y < 58:
                colour = DOTS.mirror[k] if mirrored else k
                assert np.abs(dot_centre(sample.image.numpy(), colour) - (x, y)).max() < 0.5


def test_a_sample_does_not_depend_on_the_samples_read_before(tmp_path):
    labels = read_coco(write_set(tmp_path), tmp_path / "images", DOTS)
    first, second = (samples_of(labels, augmentation=AugmentationSettings()) for _ in range(2))
    _ = first[2], first[20]
    for ours, theirs in zip(first[9], second[9], strict=True):
        assert torch.equal(ours, theirs)


def test_an_epoch_has_each_person_repeat_times_in_its_own_order(tmp_path):
    data = samples_of(read_coco(write_set(tmp_path), tmp_path / "images", DOTS), repeat=1.5)
    assert data.epoch_size == 9
    epochs = [[data._find(number)[1].path.name for number in range(9 * e, 9 * e + 9)] for e in range(2)]
    assert all(set(names) == {f"{i}.png" for i in range(6)} for names in epochs)
    assert epochs[0] != epochs[1]


def test_a_corrupt_image_is_ignored_with_a_warning(tmp_path, caplog):
    labels = read_coco(write_set(tmp_path, count=1), tmp_path / "images", DOTS)
    (tmp_path / "images" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with caplog.at_level(logging.WARNING):
        sample = samples_of(labels)[0]
    assert "sample 0 is ignored" in caplog.text
    assert sample.ignored.all()
    assert not sample.labelled.any()


def test_unless_all_people_are_labelled_the_area_outside_the_box_is_ignored(one_image):
    points = [(30, 20), (34, 40), (38, 30)]
    labels = one_image(annotation(0, 1, points))
    assert not samples_of(labels, all_people_labelled=True)[0].ignored.any()
    ignored = samples_of(labels, all_people_labelled=False)[0].ignored
    assert ignored[:, 0].all()
    assert not ignored[8, 8]


def test_only_the_people_nearest_to_the_centre_are_trained_and_the_others_ignored(one_image):
    people = [annotation(0, n, np.array(POINTS) * 0.2 + 8 * n) for n in range(1, MAX_PEOPLE + 2)]
    sample = samples_of(
        one_image(*people),
        augmentation=replace(NO_AUGMENTATION, crop_factor=8, sharpening_probability=0.1),
    )[0]
    assert sample.labelled.all(dim=-1).sum() == MAX_PEOPLE
    assert sample.ignored.any()


def test_a_person_without_a_keypoint_in_view_is_ignored(one_image):
    near, far = [(10, 10), (12, 14), (20, 12)], [(70, 60), (72, 62), (78, 60)]
    labels = one_image(annotation(0, 1, near), annotation(0, 2, far, bbox=[12, 12, 60, 48]))
    data = samples_of(labels)
    sample = data[next(n for n in range(2) if data._find(n)[2][0] < 5)]
    assert sample.labelled.any(dim=-1).sum() == 1
    assert sample.ignored.any()


@pytest.mark.parametrize("absent", [False, True])
def test_a_keypoint_without_a_label_is_unknown_or_absent_as_set(absent, one_image):
    labels = one_image(annotation(0, 1, [(20, 20), (200, 200), (40, 50)]))
    assert bool(samples_of(labels, missing_is_absent=absent)[0].person_masks.any()) is not absent


def test_unlabelled_images_are_sampled_whole_and_ignored(tmp_path):
    write_set(tmp_path, count=2)
    sample = samples_of(read_unlabelled(tmp_path / "images", DOTS))[1]
    assert sample.ignored.any()
    assert not sample.labelled.any()


def test_the_teacher_gets_the_same_view_in_its_own_size_and_unchanged_colours(tmp_path):
    labels = read_coco(write_set(tmp_path), tmp_path / "images", DOTS)
    augmentation = AugmentationSettings(
        scale=0.2, rotation_probability=1, mirror_probability=1, **PLAIN_COLOURS
    )
    sample = Samples([TrainingSet(labels)], 64, augmentation, seed=1, teacher_side=128)[0]
    assert sample.teacher_image.shape == (128, 128, 3)
    small = sample.teacher_image.reshape(64, 2, 64, 2, 3).float().mean(dim=(1, 3))
    assert (small - sample.image.float()).abs().mean() < 12


def person(points=POINTS, labelled=(True, True, False)):
    return Person(np.array(points, np.float32), 2 * np.array(labelled), (10.0, 10.0, 50.0, 50.0), 2500.0)


def pose(points, scores=(0.9, 0.9, 0.9)):
    return Pose(np.array(points, np.float32), np.array(scores, np.float32), 0.9)


def test_a_model_fills_in_missing_labels():
    done = relabel_person(
        person(), pose([(21, 20), (50, 31), (44, 44)]), MIRROR, RelabelSettings("m"), (80, 64)
    )
    assert done.labelled.all()
    np.testing.assert_array_equal(done.keypoints, [(20, 20), (50, 30), (44, 44)])


@pytest.mark.parametrize(
    "keypoint", [((44, 44), 0.1), ((44, 80), 0.9)], ids=["low score", "outside the image"]
)
def test_a_model_fills_in_no_keypoint_of_low_score_or_outside_the_image(keypoint):
    place, score = keypoint
    done = relabel_person(
        person(), pose([(20, 20), (50, 30), place], (0.9, 0.9, score)), MIRROR, RelabelSettings("m"), (80, 64)
    )
    assert done.labelled.tolist() == [True, True, False]


def test_a_label_far_from_a_confident_keypoint_is_dropped_with_drop_beyond():
    twisted = person([(20, 20), (50, 30), (10, 60)], (True, True, True))
    far = pose([(20, 20), (50, 30), (40, 50)])
    assert relabel_person(twisted, far, MIRROR, RelabelSettings("m"), (80, 64)).labelled.all()
    assert relabel_person(
        twisted, far, MIRROR, RelabelSettings("m", drop_beyond=0.2), (80, 64)
    ).labelled.tolist() == [
        True,
        True,
        False,
    ]


def test_a_label_near_the_models_keypoint_is_moved_onto_it_with_replace_within():
    estimated = pose([(22, 20), (50, 37), (44, 44)])
    done = relabel_person(person(), estimated, MIRROR, RelabelSettings("m", replace_within=0.1), (80, 64))
    np.testing.assert_array_equal(done.keypoints, [(22, 20), (50, 30), (44, 44)])


def test_exchanged_sides_are_corrected_with_swap_sides():
    rng = np.random.default_rng(0)
    points = rng.uniform(12, 48, (17, 2)).astype(np.float32)
    swapped = Person(points[list(BODY.mirror)], np.full(17, 2), (10.0, 10.0, 50.0, 50.0), 2500.0)
    estimated = Pose(points, np.full(17, 0.9, np.float32), 0.9)
    for swap_sides, expected in ((False, swapped.keypoints), (True, points)):
        done = relabel_person(
            swapped, estimated, BODY.mirror, RelabelSettings("m", swap_sides=swap_sides), (80, 64)
        )
        np.testing.assert_array_equal(done.keypoints, expected)


def test_only_images_that_match_the_pattern_are_used(tmp_path):
    labels = read_coco(write_set(tmp_path, count=3), tmp_path / "images", DOTS)
    name = labels.images[1].path.name
    part = select_images(labels, name)
    assert [image.path.name for image in part.images] == [name]
    assert {i for i, _ in part.people} == {0}
    with pytest.raises(DataError, match="no labelled person in images named other"):
        select_images(labels, "other*")


def test_keypoints_that_seem_to_be_of_another_person_are_not_used():
    other = pose([(60, 50), (10, 60), (70, 10)])
    assert relabel_person(person(), other, MIRROR, RelabelSettings("m"), (80, 64)).labelled.tolist() == [
        True,
        True,
        False,
    ]


def test_a_model_of_another_skeleton_relabels_without_the_mirrored_run(one_image):
    labels, count = one_image(annotation(0, 1, POINTS)), len(POINTS)
    channels = {"center": 1, "heatmap": count, "regress": 2 * count, "offset": 2 * count}

    def heads(squares):
        return {name: np.full((len(squares), c, 16, 16), -9, np.float32) for name, c in channels.items()}

    model = ScriptedEngine(replace(MODELS["lightning"], keypoints=count, side=64), heads)
    (image,) = relabel(labels, RelabelSettings(model)).images
    np.testing.assert_array_equal(image.people[0].keypoints, labels.images[0].people[0].keypoints)


def test_relabelled_data_is_the_same_after_writing_and_reading(shared, tmp_path):
    folder = shared / "data" / "sports"
    whole = json.loads((folder / "train.json").read_text())
    few = {image["id"] for image in whole["images"][:3]}
    kept = [image for image in whole["images"] if image["id"] in few]
    people = [a for a in whole["annotations"] if a["image_id"] in few]
    labels = read_coco(write_json(tmp_path / "few.json", kept, people), folder / "images", BODY)
    done = relabel(labels, RelabelSettings("lightning"))
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


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(MediaError):
        read_unlabelled(tmp_path, DOTS)


def test_colour_augmentation_does_not_move_the_content(tmp_path):
    image, _ = picture(np.random.default_rng(0), 64, 64)
    write_photo(tmp_path / "p.png", image)
    augmented = augment_colours(
        image,
        np.random.default_rng(1),
        AugmentationSettings(colour=0.3, degradation_probability=0, occlusion_probability=0),
    )
    assert augmented.shape == image.shape
    assert augmented.dtype == np.uint8
    assert np.corrcoef(augmented.ravel(), image.ravel())[0, 1] > 0.8
