"""Tracking metrics of runs whose errors are known: missed people, id switches and shared ids."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.cli import app
from movenet.errors import DataError
from movenet.pose import Pose
from movenet.synthetic.camera import FrameTruth
from movenet.video_evaluation import Row, Run, to_plain
from movenet.video_evaluation.multi_person import COLUMNS, MultiPersonMethod
from movenet.video_evaluation.multi_person_metrics import measure_ids
from movenet.video_evaluation.tfjs_tracker import TfjsTracker
from stage import PLACES, Stage, scene

SIZE = (640, 360)


def truth(x, visible=1.0):
    points = (np.array([x, 50]) + PLACES * (80, 200)).astype(np.float32)
    return FrameTruth(points, visible, (x, 50.0, 80.0, 200.0), 8000.0)


def true_pose(x, track_id):
    return Pose(truth(x).keypoints, np.ones(17, np.float32), 1.0, id=track_id)


def run(ids, xs=(100, 400), visible=1.0):
    """Return a run that finds people at `xs` exactly, with the ids of each frame; None is not found."""
    truths = [[truth(x, visible) for x in xs] for _ in ids]
    poses = [
        [true_pose(x, track_id) for x, track_id in zip(xs, frame, strict=True) if track_id] for frame in ids
    ]
    return Run(truths, poses, SIZE, 30.0, 1.0)


def test_people_always_found_under_one_id_have_perfect_metrics():
    metrics = measure_ids([run([(1, 2)] * 20), run([(2, 1)] * 20)])
    assert (metrics.hota, metrics.mota, metrics.idf1) == pytest.approx((1, 1, 1))
    assert (metrics.switches, metrics.shared_ids, metrics.ids_per_person) == (0, 0, 1)


def test_two_people_who_exchange_ids_share_both():
    metrics = measure_ids([run([(1, 2)] * 10 + [(2, 1)] * 10)])
    assert (metrics.switches, metrics.shared_ids) == (2, 2)
    assert metrics.idf1 == pytest.approx(0.5)
    assert metrics.mota == pytest.approx(1 - 2 / 40)
    # AssA: of each pair's 20 + 20 − 10 frames 10 are right; all are true_pose.
    assert metrics.hota == pytest.approx(math.sqrt(10 / 30), rel=1e-6)


def test_a_new_id_for_the_same_person_is_an_id_switch_and_not_shared():
    metrics = measure_ids([run([(1, 2)] * 10 + [(3, 2)] * 10)])
    assert (metrics.switches, metrics.shared_ids, metrics.ids_per_person) == (1, 0, 1.5)


def test_a_person_without_a_pose_is_missed():
    assert measure_ids([run([(1, None)] * 10)]).mota == pytest.approx(0.5)


def test_a_mostly_hidden_person_does_not_count():
    seen, hidden = run([(1, 2)] * 10), run([(1, 2)] * 10, visible=0.2)
    assert measure_ids([seen, hidden]).hota == pytest.approx(measure_ids([seen]).hota)


def test_a_pose_of_no_person_is_a_false_positive():
    found_all = run([(1, 2)] * 10)
    ghost = [[*poses, true_pose(250, 9)] for poses in found_all.poses]
    assert measure_ids([replace(found_all, poses=ghost)]).mota == pytest.approx(0.5)


def test_poses_without_ids_are_refused():
    found_all = run([(1, 2)])
    nameless = [[replace(pose, id=None) for pose in poses] for poses in found_all.poses]
    with pytest.raises(DataError, match="ids"):
        measure_ids([replace(found_all, poses=nameless)])


def test_a_row_has_a_text_for_each_column_and_is_json():
    row = Row(MultiPersonMethod("ours"), measure_ids([run([(1, 2)] * 5)]))
    assert all(text(row.method, row.metrics) for text in COLUMNS.values())
    assert json.loads(json.dumps(to_plain([row])))[0]["way"] == "ours"


def test_tfjs_keeps_the_id_of_a_person_who_moves_a_little_and_changes_it_after_a_jump():
    tracker = TfjsTracker(Stage().estimator(people="many"))
    seen = [tracker(scene((x, 60, 90, 240, 230)), i / 30)[0].id for i, x in enumerate((100, 104, 108, 400))]
    assert seen == [1, 1, 1, 2]


def test_the_command_measures_tracking(shared):
    coco = shared / "data" / "coco-train-small"
    flags = ["--annotations", coco / "train.json", "--images", coco / "images", "--clips", "1", "--json"]
    flags += ["--people", "many", "--preset", "fast"]
    result = CliRunner().invoke(app, ["eval-video", *map(str, flags)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [row["way"] for row in report["rows"]] == ["tfjs's ids", "ours, off", "ours, causal"]
    assert report["rows"][1]["shared_ids"] == 0
