"""Metrics of runs whose errors are known: the ground truth itself, late, noisy, lost and false poses."""

import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.cli import app
from movenet.pose import MIRROR, Pose
from movenet.synthetic.camera import CameraSettings, Clip, PersonPhoto
from movenet.synthetic.one_person import cut, enter, pan
from movenet.video_evaluation import (
    Comparison,
    Row,
    single_person_comparison,
    to_plain,
    write_plot,
    write_report,
)
from movenet.video_evaluation.harness import Run
from movenet.video_evaluation.single_person import (
    COLUMNS,
    OFFLINE,
    OURS,
    REPAIRED,
    SinglePersonMethod,
    measure_all,
    repair_offline,
)
from movenet.video_evaluation.single_person_metrics import measure
from movenet.video_evaluation.single_person_run import SinglePersonRun
from stage import Stage

CAMERA = CameraSettings(width=320, height=180, seconds=3.0)
FAR = 60.0


@pytest.fixture
def person(tmp_path):
    """A photo of nothing, annotated with a person 50 px wide and 150 px tall."""
    rng = np.random.default_rng(0)
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), rng.integers(0, 255, (240, 320, 3), np.uint8))
    points = rng.uniform((135, 55), (185, 195), (17, 2))
    return PersonPhoto(path, points, (130.0, 50.0, 60.0, 150.0), 4500.0)


def make_clip(scenario, person, seed=0):
    return Clip("test", person, scenario(person, CAMERA, np.random.default_rng(seed)), CAMERA, seed)


def pose(points, score=0.9):
    return Pose(np.nan_to_num(points).astype(np.float32), np.full(17, 0.9, np.float32), score)


def perfect_run(clip):
    """Return a run whose poses are the ground truth, none where the person is not visible."""
    truths = clip.truths()
    poses = [pose(truth.keypoints) if truth.visible > 0 else None for truth in truths]
    return SinglePersonRun(truths, poses, (CAMERA.width, CAMERA.height), CAMERA.rate_hz, busy_s=0.9)


def measured(*tracks, raw=None):
    return measure(tracks, raw or tracks, min_score=0.2)


def test_the_ground_truth_has_perfect_metrics(person):
    metrics = measured(*(perfect_run(make_clip(scenario, person)) for scenario in (pan, enter, cut)))
    assert metrics.ap == pytest.approx(1)
    assert metrics.jitter == pytest.approx(0, abs=0.01)
    assert metrics.lag_s == pytest.approx(0, abs=1e-3)
    assert (metrics.find_longest_s, metrics.find_late, metrics.longest_loss_s) == (0, 0, 0)
    assert metrics.false_poses == 0
    assert metrics.frame_s == pytest.approx(0.01)


def test_exchanged_limbs_are_counted_and_repaired(person):
    points = person.keypoints.copy()
    points[13:17] = [(140, 150), (180, 150), (140, 195), (180, 195)]  # knees and ankles well apart
    clip = make_clip(pan, replace(person, keypoints=points))
    run = perfect_run(clip)
    assert run.swapped().sum() == 0
    order = [*range(13), *MIRROR[13:]]
    swapped = [
        Pose(pose.keypoints[order], pose.scores, pose.score) if at in (20, 21, 40) else pose
        for at, pose in enumerate(run.poses)
    ]
    damaged = replace(run, poses=swapped)
    assert damaged.pairs() == run.pairs() > 0
    assert damaged.swapped()[[20, 21, 40]][:, 4:].all()
    assert measured(damaged).swap_rate > 0
    raw = Run(run.truths, [[pose] for pose in swapped], run.size, run.rate_hz, 1.0)
    assert measured(SinglePersonRun.of(repair_offline(raw))).swap_rate == 0


def test_poses_a_frame_late_have_a_lag_of_a_frame(person):
    run = perfect_run(make_clip(pan, person))
    late = replace(run, poses=[run.poses[0], *run.poses[:-1]])
    assert measured(late).lag_s == pytest.approx(1 / CAMERA.rate_hz, abs=0.003)


def test_noisy_poses_have_the_jitter_of_the_noise(person):
    run = perfect_run(make_clip(pan, person))
    noise = np.random.default_rng(1).normal(0, 0.5, (len(run.poses), 17, 2))
    noisy = [pose(p.keypoints + n) for p, n in zip(run.poses, noise, strict=True)]
    size_px = np.mean([truth.size_px for truth in run.truths])
    expected = np.sqrt(12) * 0.5 / size_px * CAMERA.rate_hz**2
    assert measured(replace(run, poses=noisy)).jitter == pytest.approx(expected, rel=0.1)


def test_keypoints_of_low_score_do_not_count_for_jitter(person):
    run = perfect_run(make_clip(pan, person))
    scores = np.where(np.arange(17) == 3, 0.1, 0.9).astype(np.float32)
    jumping = [
        replace(p, keypoints=p.keypoints + np.where(np.arange(17) == 3, i % 2, 0)[:, None], scores=scores)
        for i, p in enumerate(run.poses)
    ]
    assert measured(replace(run, poses=jumping)).jitter == pytest.approx(0, abs=0.01)


def test_jitter_is_measured_where_the_unsmoothed_run_found_the_person(person):
    run = perfect_run(make_clip(pan, person))
    lost = replace(run, poses=[None if i < 45 else p for i, p in enumerate(run.poses)])
    jumping = [pose(p.keypoints + FAR * (i < 40) * (i % 2)) for i, p in enumerate(run.poses)]
    smoothed = replace(run, poses=jumping)
    assert measured(smoothed, raw=[lost]).jitter == pytest.approx(0, abs=0.01)
    assert measured(smoothed, raw=[run]).jitter > 100


@pytest.mark.parametrize("scenario", [enter, cut])
def test_the_time_to_find_counts_from_entering(scenario, person):
    run = perfect_run(make_clip(scenario, person))
    (entry,) = run.entries()
    blind = [None if entry <= i < entry + 18 else p for i, p in enumerate(run.poses)]
    metrics = measured(replace(run, poses=blind))
    assert metrics.find_median_s == metrics.find_longest_s == pytest.approx(0.6)
    assert metrics.find_late == 1
    assert metrics.longest_loss_s == pytest.approx(0.6)


def test_a_person_never_found_has_an_infinite_time_to_find(person):
    run = perfect_run(make_clip(enter, person))
    metrics = measured(replace(run, poses=[None] * len(run.poses)))
    assert metrics.find_longest_s == math.inf
    assert (metrics.ap, metrics.find_late) == (0, 1)


def test_a_clip_that_begins_with_the_person_has_no_entry(person):
    assert perfect_run(make_clip(pan, person)).entries() == []


def test_a_person_absent_for_a_moment_has_not_left(person):
    run = perfect_run(make_clip(pan, person))
    flicker = [replace(t, visible=0.3) if 40 <= i < 50 else t for i, t in enumerate(run.truths)]
    gone = [replace(t, visible=0.3) if 40 <= i < 60 else t for i, t in enumerate(run.truths)]
    assert replace(run, truths=flicker).entries() == []
    assert replace(run, truths=gone).entries() == [60]


def test_poses_of_high_score_in_an_empty_scene_are_false_positives(person):
    run = perfect_run(make_clip(cut, person))
    scored = [p or pose(np.full((17, 2), 50.0), score=0.5) for p in run.poses]
    unscored = [p or pose(np.full((17, 2), 50.0), score=0.1) for p in run.poses]
    assert measured(replace(run, poses=scored)).false_poses == 1
    assert measured(replace(run, poses=unscored)).false_poses == 0


def test_a_distant_pose_is_not_the_person(person):
    run = perfect_run(make_clip(pan, person))
    metrics = measured(replace(run, poses=[pose(p.keypoints + FAR) for p in run.poses]))
    assert metrics.ap == 0
    assert metrics.longest_loss_s == pytest.approx(CAMERA.seconds)


def test_a_person_mostly_outside_the_frame_does_not_count(person):
    run = perfect_run(make_clip(enter, person))
    wild = [
        p if truth.visible >= 0.5 else pose(np.full((17, 2), 50.0))
        for p, truth in zip(run.poses, run.truths, strict=True)
    ]
    assert measured(replace(run, poses=wild)).ap == pytest.approx(1)


def test_all_methods_get_the_same_frames_and_ours_is_smoothed_offline_too(person):
    seen = {"a": [], "b": []}

    def start(name):
        def follow(image, time_s):
            seen[name].append((image.sum(), time_s))
            return []

        return lambda: follow

    methods = {OURS: start("a"), SinglePersonMethod("other", "off"): start("b")}
    comparison = Comparison(methods, lambda runs: measure_all(runs, 0.2), COLUMNS)
    rows = comparison.compare([make_clip(pan, person), make_clip(cut, person)])
    assert [row.method for row in rows] == [*methods, OFFLINE, REPAIRED]
    assert len(seen["a"]) == 180
    assert seen["a"] == seen["b"]


def test_every_method_processes_a_frame():
    image = np.zeros((90, 160, 3), np.uint8)
    for method, start in single_person_comparison(Stage().estimator()).methods.items():
        assert len(start()(image, 0.0)) <= 1, method


@pytest.fixture
def rows(person):
    run = perfect_run(make_clip(enter, person))
    lost = replace(run, poses=[None] * len(run.poses))
    return [
        Row(OURS, measured(run)),
        Row(OFFLINE, measured(run)),
        Row(SinglePersonMethod("Google's", "off"), measured(lost)),
    ]


def test_the_table_shows_never_for_infinity_and_a_dash_for_nan(rows):
    cells = {head: text(rows[2].method, rows[2].metrics) for head, text in COLUMNS.items()}
    assert cells["at most s"] == "never"
    assert cells["jitter"] == "–"


def test_json_has_null_for_nan_and_infinity(rows):
    plain = to_plain(rows)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain[2]["find_longest_s"] is None
    assert plain[0]["ap"] == pytest.approx(1)


def test_a_report_is_a_file_of_metrics_and_a_reproducible_plot(rows, tmp_path):
    for name in ("one", "two"):
        write_report(tmp_path / name / "deep", {"rows": to_plain(rows)})
        write_plot(tmp_path / name / "deep" / "tradeoff.svg", rows)
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
    assert (report["clips"], report["seed"]) == (1, 1)
    assert report["model"] in ("lightning", "lightning-int8")  # by processor
    assert len(report["rows"]) == 9


def test_a_pose_on_the_passer_by_is_wrong(person):
    run = perfect_run(make_clip(pan, person))
    other = replace(run.truths[0], keypoints=run.truths[0].keypoints + np.float32(FAR))
    truths = [replace(truth, passer_by=other) for truth in run.truths]
    poses = [pose(other.keypoints)] * 30 + list(run.poses[30:])
    metrics = measured(replace(run, truths=truths, poses=poses))
    assert metrics.wrong == pytest.approx(30 / 90)
    assert metrics.right == pytest.approx(60 / 90)
    assert math.isnan(measured(run).wrong)
