"""Clips become a data set: which frames, which labels, what stays when it stops."""

import json
import shutil

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.annotations import from_coco_px
from movenet.cli import app
from movenet.dataset import BuildSettings, assemble, build
from movenet.dataset.building import annotate, crop_around, split
from movenet.dataset.labelling import Label, Labeller, keypoint_similarity
from movenet.dataset.novelty import NoveltyFilter, NoveltySettings, hash_picture
from movenet.dataset.selection import SelectionSettings, select, sharpness
from movenet.dataset.store import read_manifest
from movenet.errors import DataError
from movenet.media import Frame, read_photo, write_photo
from movenet.models import DATA
from movenet.pose import Pose
from stage import keypoints, scene

TALL, WIDE = (100, 40, 120, 260, 250), (300, 60, 250, 200, 250)


def label(person, rejection=None, bend=0.0):
    """A label of a bright box; `bend` moves the wrists, in widths of the box."""
    x, y, w, h, _ = person
    points = keypoints(person).astype(np.float32)
    points[9:11, 0] += bend * w
    return Label(points, np.ones(17, bool), 0.9, 0.95, (x, y, w, h), rejection)


def frame(image, time_s, index=0):
    return Frame(image, time_s, index, "clip.mp4")


@pytest.fixture
def clips(tmp_path):
    """Four folders of pictures in which a person steps aside each half second."""
    folders = []
    for number in range(4):
        folder = tmp_path / f"clip{number}"
        folder.mkdir()
        for i in range(4):
            noise = np.random.default_rng(number).integers(0, 90, (360, 640, 3), np.uint8)
            person = (60 + 90 * i + 15 * number, 60, 100, 240, 250)
            write_photo(folder / f"{i:03d}.png", np.maximum(scene(person), noise))
        folders.append(folder)
    return folders


def labels_of(image):
    """Label the bright box of a picture; the wrists go up the farther right it is."""
    columns = np.flatnonzero((image.min(axis=2) > 200).sum(axis=0) > 100)
    person = (int(columns[0]), 60, len(columns), 240, 250)
    return [label(person, bend=columns[0] / 200)]


QUICK = BuildSettings(selection=SelectionSettings(interval_s=1 / 30))


def test_of_each_stretch_the_sharpest_frame_is_taken():
    sharp = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    frames = [
        frame(cv2.GaussianBlur(sharp, (0, 0), blur), i / 10, i) for i, blur in enumerate((4, 0.5, 3, 2, 1, 5))
    ]
    chosen = select(frames, SelectionSettings(interval_s=0.3, min_change=0))
    assert [each.index for each in chosen] == [1, 4]


def test_a_frame_that_shows_the_same_again_is_left_out():
    still, other = scene(TALL), scene(WIDE)
    frames = [frame(image, i, i) for i, image in enumerate((still, still, other, still))]
    assert [each.index for each in select(frames, SelectionSettings(interval_s=1))] == [0, 2, 3]


def test_a_small_sharp_picture_is_sharper_than_a_large_blurred_one():
    image = read_photo(DATA / "astronaut.jpg")
    small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    assert sharpness(small) > 3 * sharpness(cv2.GaussianBlur(image, (0, 0), 3))


def test_a_pose_is_new_in_a_clip_only_once_wherever_it_stands_and_however_large():
    memory = NoveltyFilter(NoveltySettings())
    memory.begin_clip()
    pose = keypoints(TALL)
    assert memory.rejection(pose, 0) is None
    assert memory.rejection(2 * pose + 50, (1 << 40) - 1) == "pose seen in this clip"
    memory.begin_clip()
    assert memory.rejection(2 * pose + 50, (1 << 40) - 1) is None


def test_the_same_picture_in_another_clip_is_a_duplicate_however_compressed(tmp_path):
    image = read_photo(DATA / "astronaut.jpg")
    smaller = cv2.resize(image, (311, 290), interpolation=cv2.INTER_AREA)
    memory = NoveltyFilter(NoveltySettings())
    assert memory.rejection(keypoints(TALL), hash_picture(image)) is None
    memory.begin_clip()
    assert memory.rejection(keypoints(TALL), hash_picture(smaller)) == "near-duplicate picture"
    assert memory.rejection(keypoints(TALL), hash_picture(image[:, ::-1])) is None


def test_clips_are_split_by_their_names_alone():
    clips = [f"clip{i}.mp4" for i in range(10)]
    parts = dict(zip(clips, split(clips, 0.3), strict=True))
    assert sorted(parts.values()).count("val") == 3
    assert dict(zip(clips[::-1], split([f"else/{clip}" for clip in clips[::-1]], 0.3), strict=True)) == parts
    assert split(["one.mp4"], 0.5) == ["train"]


def test_a_label_lies_where_the_person_is_in_the_picture_cut_out():
    image, person = scene(TALL, width=900, height=700), label(TALL)
    crop = crop_around(person, image, BuildSettings(longest_px=200))
    entry = annotate(person, crop, 7)
    assert max(crop.out_width, crop.out_height) == 200
    points = np.reshape(entry["keypoints"], (17, 3))
    np.testing.assert_allclose(crop.to_image(from_coco_px(points[:, :2]))[5:], keypoints(TALL)[5:], atol=0.05)
    x, y, w, h = entry["bbox"]
    bright = np.argwhere(crop.cut(image).max(axis=2) > 125)
    np.testing.assert_allclose(
        [y, x, y + h - 1, x + w - 1], [*bright.min(axis=0), *bright.max(axis=0)], atol=1
    )


def test_who_is_in_doubt_is_a_crowd_region_without_keypoints():
    person, other = label(TALL), label(WIDE, rejection="small")
    crop = crop_around(person, scene(TALL, WIDE), BuildSettings(crop_factor=4))
    entry = annotate(other, crop, 1)
    assert (entry["iscrowd"], entry["num_keypoints"], sum(entry["keypoints"])) == (1, 0, 0)


def test_keypoints_on_which_two_looks_differ_are_no_labels():
    first = Pose(keypoints(TALL).astype(np.float32), np.ones(17, np.float32), 1.0, TALL[:4])
    moved = first.keypoints.copy()
    moved[9] += 60
    alike = keypoint_similarity(first, Pose(moved, first.scores, 1.0))
    assert alike[9] < 0.01
    assert np.delete(alike, 9).min() == 1


def test_the_larger_model_labels_the_astronaut():
    (found,) = [
        person for person in Labeller()(read_photo(DATA / "astronaut.jpg")) if person.rejection is None
    ]
    assert found.labelled[[0, 5, 6]].all()
    assert not found.labelled[[15, 16]].any()
    np.testing.assert_allclose(found.keypoints[0], (222, 118), atol=12)


def test_a_data_set_is_a_coco_list_of_pictures_that_are_there(clips, tmp_path):
    built = build(clips, tmp_path / "set", labels_of, QUICK)
    lists = {part: json.loads((tmp_path / "set" / f"{part}.json").read_text()) for part in ("train", "val")}
    assert {part: len(of["images"]) for part, of in lists.items()} == built.counted.pictures
    assert built.counted.pictures["val"] >= 1
    for of in lists.values():
        assert of["categories"][0]["keypoints"][0] == "nose"
        assert [person["id"] for person in of["annotations"]] == [*range(1, len(of["annotations"]) + 1)]
        for image in of["images"]:
            shape = read_photo(tmp_path / "set" / "images" / image["file_name"]).shape
            assert shape[1::-1] == (image["width"], image["height"])


def test_no_clip_is_in_both_parts(clips, tmp_path):
    build(clips, tmp_path / "set", labels_of, QUICK)
    parts = {}
    for entry in read_manifest(tmp_path / "set"):
        parts.setdefault(entry["image"]["clip"], set()).add(entry["part"])
    assert {len(part) for part in parts.values()} == {1}


def test_the_same_clips_give_the_same_bytes(clips, tmp_path):
    for name in ("a", "b"):
        build(clips, tmp_path / name, labels_of, QUICK)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 8
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path


def test_stopped_half_way_it_is_a_data_set_of_the_clips_so_far(clips, tmp_path):
    looked = []

    def label_some(image):
        looked.append(1)
        if len(looked) > 6:
            raise KeyboardInterrupt
        return labels_of(image)

    built = build(clips, tmp_path / "set", label_some, QUICK)
    assert built.stopped
    names = {entry["image"]["file_name"] for entry in read_manifest(tmp_path / "set")}
    assert sum(built.counted.pictures.values()) == len(names) > 0
    assert json.loads((tmp_path / "set" / "dataset.json").read_text())["stopped_early"]


def test_a_line_cut_short_by_a_crash_is_left_out_when_the_lists_are_made_again(clips, tmp_path):
    build(clips, tmp_path / "set", labels_of, QUICK)
    journal = tmp_path / "set" / "manifest.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]) + lines[-1][:50])
    assert sum(assemble(tmp_path / "set").pictures.values()) == len(lines) - 1


def test_a_clip_that_cannot_be_read_is_named_and_the_others_are_done(clips, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    built = build([tmp_path / "broken.mp4", clips[0]], tmp_path / "set", labels_of, QUICK)
    assert list(built.failed) == [str(tmp_path / "broken.mp4")]
    assert sum(built.counted.pictures.values()) > 0


def test_a_password_in_the_address_of_a_clip_is_written_nowhere(clips, tmp_path):
    address = "http://ann:s3cret@127.0.0.1:1/film.mp4"
    built = build([*clips, address], tmp_path / "mine", labels_of)
    assert list(built.failed) == [address.replace("s3cret", "***")]
    written = [path for path in (tmp_path / "mine").rglob("*") if path.is_file()]
    assert not any("s3cret" in path.name or b"s3cret" in path.read_bytes() for path in written)


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_clips_that_cannot_be_read_leave_an_earlier_data_set_as_it_was(clips, tmp_path):
    folder = tmp_path / "set"
    build(clips, folder, labels_of, QUICK)
    before = files_of(folder)
    built = build([tmp_path / "nosuch.mp4"], folder, labels_of, QUICK)
    assert built.kept
    assert list(built.failed) == [str(tmp_path / "nosuch.mp4")]
    assert files_of(folder) == before


def test_clips_that_show_nobody_leave_an_earlier_data_set_as_it_was(clips, tmp_path):
    folder = tmp_path / "set"
    build(clips, folder, labels_of, QUICK)
    before = files_of(folder)
    assert build(clips, folder, lambda image: [], QUICK).kept
    assert files_of(folder) == before


@pytest.mark.parametrize("stop", [RuntimeError, SystemExit])
def test_a_build_that_crashes_leaves_an_earlier_data_set_as_it_was(stop, clips, tmp_path):
    folder, seen = tmp_path / "set", []

    def label_two(image):
        seen.append(1)
        if len(seen) > 2:
            raise stop
        return labels_of(image)

    build(clips, folder, labels_of, QUICK)
    before = files_of(folder)
    with pytest.raises(stop):
        build(clips, folder, label_two, QUICK)
    after = files_of(folder)
    assert before.items() <= after.items()
    assert sum(assemble(folder / ".building").pictures.values()) > 0
    build(clips, folder, labels_of, QUICK)
    assert files_of(folder) == before


def test_an_earlier_data_set_is_replaced_whole_and_other_files_stay(clips, tmp_path):
    folder = tmp_path / "set"
    build(clips, folder, labels_of, QUICK)
    (folder / "notes.txt").write_text("mine")
    build(clips[:1], folder, labels_of, QUICK)
    build(clips[:1], tmp_path / "fresh", labels_of, QUICK)
    assert files_of(folder) == files_of(tmp_path / "fresh") | {"notes.txt": b"mine"}


def test_a_replacement_cut_short_between_two_files_is_undone_by_the_next_build(clips, tmp_path):
    folder = tmp_path / "set"
    build(clips, folder, labels_of, QUICK)
    before = files_of(folder)
    (folder / ".earlier").mkdir()
    for name in ("manifest.jsonl", "images"):
        (folder / name).rename(folder / ".earlier" / name)
    (folder / "manifest.jsonl").write_text("")
    assert build([tmp_path / "nosuch.mp4"], folder, labels_of, QUICK).kept
    assert files_of(folder) == before


def test_a_typo_on_the_command_line_costs_no_data_set(clips, tmp_path):
    folder = tmp_path / "mine"
    build(clips, folder, labels_of, QUICK)
    before = files_of(folder)
    ran = CliRunner().invoke(app, ["dataset", "build", str(tmp_path / "nosuch.mp4"), "-o", str(folder)])
    assert ran.exit_code == 1
    assert files_of(folder) == before


def test_a_folder_of_something_else_is_not_touched(clips, tmp_path):
    with pytest.raises(DataError, match="choose a new folder"):
        build(clips, tmp_path, labels_of, QUICK)
    assert len(list(clips[0].iterdir())) == 4


def test_rejected_pictures_are_left_out_now_and_when_it_is_built_again(clips, tmp_path):
    folder, decisions = tmp_path / "set", tmp_path / "decisions.json"
    before = build(clips, folder, labels_of, QUICK).counted
    name = next(read_manifest(folder))["image"]["file_name"]
    decisions.write_text(json.dumps({"decisions": {name: "reject"}}))
    after = assemble(folder, decisions)
    assert (after.rejected, sum(after.pictures.values())) == (1, sum(before.pictures.values()) - 1)
    assert name not in (folder / "train.json").read_text() + (folder / "val.json").read_text()
    assert build(clips, folder, labels_of, QUICK).counted == after


def test_decisions_need_a_data_set(tmp_path):
    with pytest.raises(DataError, match="expected a data set made by 'movenet dataset build'"):
        assemble(tmp_path / "none")


def test_decisions_about_other_pictures_are_refused(clips, tmp_path):
    build(clips[:1], tmp_path / "set", labels_of, QUICK)
    decisions = tmp_path / "decisions.json"
    decisions.write_text('{"decisions": {"stranger.jpg": "reject"}}')
    with pytest.raises(DataError, match=r"stranger\.jpg"):
        assemble(tmp_path / "set", decisions)
    decisions.write_text('{"decisions": {"stranger.jpg": "maybe"}}')
    with pytest.raises(DataError, match="maybe"):
        assemble(tmp_path / "set", decisions)


def test_one_frame_at_a_time_is_held(tmp_path):
    alive = []

    class Held(np.ndarray):
        def __del__(self):
            alive.remove(id(self))

    def frames():
        for i in range(40):
            image = np.full((36, 64, 3), 6 * i, np.uint8).view(Held)
            alive.append(id(image))
            assert len(alive) <= 4
            yield frame(image, i / 2, i)
            del image

    assert sum(1 for _ in select(frames(), SelectionSettings())) > 30


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The package's clip, twice under other names, as a data set."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(DATA / "sample.mp4", folder / "again.mp4")
    settings = BuildSettings(selection=SelectionSettings(interval_s=2.0))
    return build([DATA / "sample.mp4", folder / "again.mp4"], folder / "set", Labeller(), settings), folder


def test_the_clip_of_the_package_gives_people_and_its_copy_nothing_new(sample):
    built, folder = sample
    clips = [entry["image"]["clip"] for entry in read_manifest(folder / "set")]
    assert len(clips) >= 2
    assert {*clips} == {"sample.mp4"}
    assert built.left_out["near-duplicate picture"] >= len(clips)
