import json

import numpy as np
import pytest

from movenet.errors import DataError
from movenet.synthetic.camera import CameraSettings, Clip, PersonPhoto
from movenet.synthetic.one_person import SCENARIOS, cut, enter, make_clips, pan, shake, zoom

CAMERA = CameraSettings()


@pytest.fixture
def person(tmp_path):
    """A standing person, 100 px wide and 300 px tall, without a photo: truths need none."""
    points = np.random.default_rng(0).uniform((210, 110), (290, 390), (17, 2))
    return PersonPhoto(tmp_path / "none.jpg", points, (200.0, 100.0, 100.0, 300.0), 15000.0)


def play(scenario, person, seed=0, camera=CAMERA):
    return Clip("test", person, scenario(person, camera, np.random.default_rng(seed)), camera, seed).truths()


def middles(truths):
    """Return (T, 2): the middle of the person's box in each frame; NaN where nobody is."""
    return np.array([(t.box[0] + t.box[2] / 2, t.box[1] + t.box[3] / 2) for t in truths])


@pytest.mark.parametrize("kind", SCENARIOS)
@pytest.mark.parametrize("seed", range(5))
def test_every_clip_has_all_its_frames(kind, seed, person):
    assert len(play(SCENARIOS[kind], person, seed)) == 120


@pytest.mark.parametrize("kind", SCENARIOS)
@pytest.mark.parametrize("frames", [3, 4, 5])
def test_the_shortest_clips_work(kind, frames, person):
    assert len(play(SCENARIOS[kind], person, camera=CameraSettings(seconds=frames / 30))) == frames


@pytest.mark.parametrize("scenario", [pan, zoom, shake])
@pytest.mark.parametrize("seed", range(5))
def test_the_person_stays_in_the_picture(scenario, seed, person):
    assert min(truth.visible for truth in play(scenario, person, seed)) > 0.9


@pytest.mark.parametrize("scenario", [pan, enter])
@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_faster_than_about_a_body_width_per_second(scenario, seed, person):
    still_hand = CameraSettings(hand_shake=0.0)
    truths = play(scenario, person, seed, still_hand)
    width_px = 100 * truths[-1].size_px / np.ptp(person.keypoints, axis=0).max()
    speed = np.abs(np.diff(middles(truths)[:, 0])) * 30 / width_px
    assert 0.3 < speed.max() < 1.25


@pytest.mark.parametrize("seed", range(5))
def test_a_zoom_changes_the_size_by_a_third_to_two_thirds(seed, person):
    sizes = [truth.size_px for truth in play(zoom, person, seed)]
    assert 1.32 < max(sizes) / min(sizes) < 1.68


def test_shake_has_five_times_the_usual_hand_shake(person):
    spread = middles(play(shake, person)).std(axis=0)
    assert spread == pytest.approx(5 * 0.003 * 360 * np.ones(2), rel=0.2)


@pytest.mark.parametrize("seed", range(8))
def test_a_person_who_enters_is_outside_at_first_and_inside_at_the_end(seed, person):
    truths = play(enter, person, seed)
    assert truths[0].visible == 0
    assert truths[-1].visible > 0.9


def test_people_enter_from_both_sides(person):
    assert {bool(middles(play(enter, person, seed))[0, 0] < 0) for seed in range(8)} == {True, False}


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_empties_the_scene_and_brings_the_person_back_at_the_other_side(seed, person):
    truths = play(cut, person, seed)
    visible = np.array([truth.visible > 0 for truth in truths])
    assert visible[:42].all()
    assert not visible[42:72].any()
    assert visible[72:].all()
    x = middles(truths)[:, 0] - 320
    assert x[0] * x[-1] < 0


def annotation(image_id, **changes):
    keypoints = np.column_stack([np.arange(17) * 10 + 100, np.arange(17) * 15 + 60, np.full(17, 2)])
    return {
        "id": image_id,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": keypoints.ravel().tolist(),
        "bbox": [90, 50, 200, 280],
        "area": 20000,
    } | changes


def write(tmp_path, *annotations):
    ids = sorted({a["image_id"] for a in annotations})
    coco = {"images": [{"id": i, "file_name": f"{i}.jpg"} for i in ids], "annotations": annotations}
    (tmp_path / "list.json").write_text(json.dumps(coco))
    return tmp_path / "list.json"


def test_clips_take_the_scenarios_in_turn_and_each_photo_once(tmp_path):
    clips = make_clips(write(tmp_path, *(annotation(i) for i in range(8))), tmp_path, 7, seed=1)
    assert [clip.name.split("-")[0] for clip in clips] == [*SCENARIOS, *list(SCENARIOS)[:2]]
    assert len({clip.person.path for clip in clips}) == 7


def test_photos_that_do_not_qualify_are_left_out(tmp_path):
    few = [0] * 30 + [100, 100, 2] * 7
    headless = [100, 100, 2] * 5 + [0] * 36
    file = write(
        tmp_path,
        annotation(1),
        annotation(2),
        annotation(2, id=22),
        annotation(3, bbox=[0, 0, 40, 60]),
        annotation(4, keypoints=few),
        annotation(5, keypoints=headless),
        annotation(6, iscrowd=1),
    )
    assert [clip.person.path.name for clip in make_clips(file, tmp_path, 1, seed=0)] == ["1.jpg"]
    with pytest.raises(DataError, match="expected 2 photos"):
        make_clips(file, tmp_path, 2, seed=0)


def test_another_seed_gives_other_clips(tmp_path):
    file = write(tmp_path, annotation(1))
    one, same, other = (make_clips(file, tmp_path, 1, seed)[0].truths()[9].box for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("content", ["no json", "[]", '{"images": [{}], "annotations": []}'])
def test_a_file_that_is_no_annotation_file_is_a_clear_error(tmp_path, content):
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(DataError, match=r"list\.json"):
        make_clips(tmp_path / "list.json", tmp_path, 1, seed=0)


def test_clips_of_real_photos_can_be_rendered(shared):
    coco = shared / "data" / "coco-val-dev"
    clips = make_clips(coco / "single.json", coco / "images", 2, seed=3, camera=CameraSettings(seconds=0.1))
    for clip in clips:
        for (image, _), truth in zip(clip.frames(), clip.truths(), strict=True):
            assert image.shape == (360, 640, 3)
            assert image.std() > 10
            assert truth.visible > 0.9
