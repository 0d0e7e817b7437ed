"""Followers that are told the truth, or something worse, are measured for what they are."""

import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.cli import app
from movenet.pose import Pose
from movenet.synthetic.camera import Clip, Filming, Subject
from movenet.synthetic.one_person import cut, enter, pan
from movenet.video_evaluation import (
    HEADS,
    Contestant,
    Row,
    Track,
    compare,
    contestants,
    measure,
    to_cells,
    to_plain,
    write_report,
)
from movenet.video_evaluation.contest import OFFLINE, OURS
from stage import Stage

FILMING = Filming(width=320, height=180, seconds=3.0)
FAR = 60.0


@pytest.fixture
def subject(tmp_path):
    """A photo of nothing, said to show a person 50 px wide and 150 px tall."""
    rng = np.random.default_rng(0)
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), rng.integers(0, 255, (240, 320, 3), np.uint8))
    points = rng.uniform((135, 55), (185, 195), (17, 2))
    return Subject(path, points, (130.0, 50.0, 60.0, 150.0), 4500.0)


def film(script, subject, seed=0):
    return Clip("test", subject, script(subject, FILMING, np.random.default_rng(seed)), FILMING, seed)


def pose(points, score=0.9):
    return Pose(np.nan_to_num(points).astype(np.float32), np.full(17, 0.9, np.float32), score)


def told(clip):
    """Return the track of one who knows the truth: nobody where nobody is in sight."""
    truths = clip.truths()
    poses = [pose(truth.keypoints) if truth.visible > 0 else None for truth in truths]
    return Track(truths, (FILMING.width, FILMING.height), FILMING.rate_hz, poses, busy_s=0.9)


def measured(*tracks, raw=None):
    return measure(tracks, raw or tracks, min_score=0.2)


def test_the_truth_is_perfect(subject):
    figures = measured(*(told(film(script, subject)) for script in (pan, enter, cut)))
    assert figures.ap == pytest.approx(1)
    assert figures.jitter == pytest.approx(0, abs=0.01)
    assert figures.lag_s == pytest.approx(0, abs=1e-3)
    assert (figures.find_longest_s, figures.find_late, figures.longest_loss_s) == (0, 0, 0)
    assert figures.false_poses == 0
    assert figures.frame_s == pytest.approx(0.01)


def test_one_who_is_a_frame_late_lags_by_a_frame(subject):
    track = told(film(pan, subject))
    late = replace(track, poses=[track.poses[0], *track.poses[:-1]])
    assert measured(late).lag_s == pytest.approx(1 / FILMING.rate_hz, abs=0.003)


def test_one_who_trembles_has_the_jitter_of_the_noise(subject):
    track = told(film(pan, subject))
    noise = np.random.default_rng(1).normal(0, 0.5, (len(track.poses), 17, 2))
    trembling = [pose(p.keypoints + n) for p, n in zip(track.poses, noise, strict=True)]
    size_px = np.mean([truth.size_px for truth in track.truths])
    expected = np.sqrt(12) * 0.5 / size_px * FILMING.rate_hz**2
    assert measured(replace(track, poses=trembling)).jitter == pytest.approx(expected, rel=0.1)


def test_keypoints_that_are_not_sure_do_not_count_as_trembling(subject):
    track = told(film(pan, subject))
    scores = np.where(np.arange(17) == 3, 0.1, 0.9).astype(np.float32)
    jumping = [
        replace(p, keypoints=p.keypoints + np.where(np.arange(17) == 3, i % 2, 0)[:, None], scores=scores)
        for i, p in enumerate(track.poses)
    ]
    assert measured(replace(track, poses=jumping)).jitter == pytest.approx(0, abs=0.01)


def test_jitter_counts_where_the_unsmoothed_track_was_right(subject):
    track = told(film(pan, subject))
    lost = replace(track, poses=[None if i < 45 else p for i, p in enumerate(track.poses)])
    jumping = [pose(p.keypoints + FAR * (i < 40) * (i % 2)) for i, p in enumerate(track.poses)]
    smoothed = replace(track, poses=jumping)
    assert measured(smoothed, raw=[lost]).jitter == pytest.approx(0, abs=0.01)
    assert measured(smoothed, raw=[track]).jitter > 100


@pytest.mark.parametrize("script", [enter, cut])
def test_the_wait_is_counted_from_coming_in(script, subject):
    track = told(film(script, subject))
    (entry,) = track.entries()
    blind = [None if entry <= i < entry + 18 else p for i, p in enumerate(track.poses)]
    figures = measured(replace(track, poses=blind))
    assert figures.find_median_s == figures.find_longest_s == pytest.approx(0.6)
    assert figures.find_late == 1
    assert figures.longest_loss_s == pytest.approx(0.6)


def test_who_is_never_found_is_waited_for_without_end(subject):
    track = told(film(enter, subject))
    figures = measured(replace(track, poses=[None] * len(track.poses)))
    assert figures.find_longest_s == math.inf
    assert (figures.ap, figures.find_late) == (0, 1)


def test_a_clip_that_begins_with_the_person_has_no_entry(subject):
    assert told(film(pan, subject)).entries() == []


def test_someone_out_of_sight_for_a_moment_has_not_left(subject):
    track = told(film(pan, subject))
    flicker = [replace(t, visible=0.3) if 40 <= i < 50 else t for i, t in enumerate(track.truths)]
    gone = [replace(t, visible=0.3) if 40 <= i < 60 else t for i, t in enumerate(track.truths)]
    assert replace(track, truths=flicker).entries() == []
    assert replace(track, truths=gone).entries() == [60]


def test_poses_in_an_empty_scene_are_false_if_they_score(subject):
    track = told(film(cut, subject))
    haunted = [p or pose(np.full((17, 2), 50.0), score=0.5) for p in track.poses]
    unsure = [p or pose(np.full((17, 2), 50.0), score=0.1) for p in track.poses]
    assert measured(replace(track, poses=haunted)).false_poses == 1
    assert measured(replace(track, poses=unsure)).false_poses == 0


def test_a_pose_far_away_is_not_the_person(subject):
    track = told(film(pan, subject))
    figures = measured(replace(track, poses=[pose(p.keypoints + FAR) for p in track.poses]))
    assert figures.ap == 0
    assert figures.longest_loss_s == pytest.approx(FILMING.seconds)


def test_someone_mostly_out_of_the_frame_counts_neither_for_nor_against(subject):
    track = told(film(enter, subject))
    wild = [
        p if truth.visible >= 0.5 else pose(np.full((17, 2), 50.0))
        for p, truth in zip(track.poses, track.truths, strict=True)
    ]
    assert measured(replace(track, poses=wild)).ap == pytest.approx(1)


def test_everybody_sees_the_same_frames_and_ours_is_smoothed_offline_too(subject):
    seen = {"a": [], "b": []}

    def start(name):
        def follow(image, time_s):
            seen[name].append((image.sum(), time_s))
            return []

        return lambda: follow

    starts = {OURS: start("a"), Contestant("other", "off"): start("b")}
    rows = compare([film(pan, subject), film(cut, subject)], starts, 0.2)
    assert [row.contestant for row in rows] == [*starts, OFFLINE]
    assert len(seen["a"]) == 180
    assert seen["a"] == seen["b"]


def test_every_contestant_takes_a_frame():
    image = np.zeros((90, 160, 3), np.uint8)
    for contestant, start in contestants(Stage().estimator()).items():
        assert len(start()(image, 0.0)) <= 1, contestant


@pytest.fixture
def rows(subject):
    track = told(film(enter, subject))
    lost = replace(track, poses=[None] * len(track.poses))
    return [
        Row(OURS, measured(track)),
        Row(OFFLINE, measured(track)),
        Row(Contestant("Google's", "off"), measured(lost)),
    ]


def test_the_table_says_never_and_where_there_was_nothing_to_measure(rows):
    cells = dict(zip(HEADS, to_cells(rows[2]), strict=True))
    assert cells["at most s"] == "never"
    assert cells["jitter"] == "–"


def test_json_holds_null_for_what_is_no_number(rows):
    plain = to_plain(rows)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain[2]["find_longest_s"] is None
    assert plain[0]["ap"] == pytest.approx(1)


def test_a_report_is_a_file_of_figures_and_a_plot_that_is_the_same_each_time(rows, tmp_path):
    for name in ("one", "two"):
        write_report(tmp_path / name / "deep", {"rows": to_plain(rows)}, rows)
    one, two = tmp_path / "one" / "deep", tmp_path / "two" / "deep"
    assert sorted(path.name for path in one.iterdir()) == ["figures.json", "tradeoff.svg"]
    assert json.loads((one / "figures.json").read_text())["rows"][0]["rule"] == "ours"
    assert "<svg" in (one / "tradeoff.svg").read_text()
    assert (one / "tradeoff.svg").read_bytes() == (two / "tradeoff.svg").read_bytes()


def test_the_command_prints_one_json_object(shared):
    coco = shared / "data" / "coco-val-dev"
    flags = ["--annotations", coco / "single.json", "--images", coco / "images", "--clips", "1", "--json"]
    result = CliRunner().invoke(app, ["eval-video", *map(str, flags)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["clips"], report["seed"], report["model"]) == (1, 1, "lightning")
    assert len(report["rows"]) == 8
