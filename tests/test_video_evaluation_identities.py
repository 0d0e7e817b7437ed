"""Ids are measured as they should be: whom nobody finds, who changes names, and names that two share."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from movenet.cli import app
from movenet.errors import DataError
from movenet.pose import Pose
from movenet.synthetic.camera import Truth
from movenet.video_evaluation.crowds import HEADS, Row, to_cells, to_plain
from movenet.video_evaluation.identities import Cast, identify
from movenet.video_evaluation.tfjs_tracker import TfjsTracker
from stage import PLACES, Stage, scene

SIZE = (640, 360)


def truth(x, visible=1.0):
    points = (np.array([x, 50]) + PLACES * (80, 200)).astype(np.float32)
    return Truth(points, visible, (x, 50.0, 80.0, 200.0), 8000.0)


def found(x, who):
    return Pose(truth(x).keypoints, np.ones(17, np.float32), 1.0, id=who)


def cast(ids, xs=(100, 400), visible=1.0):
    """Return a film of people at `xs`, found exactly, under the ids of each frame; None where not found."""
    truths = [[truth(x, visible) for x in xs] for _ in ids]
    poses = [[found(x, who) for x, who in zip(xs, frame, strict=True) if who] for frame in ids]
    return Cast(truths, poses, SIZE, 30.0, 1.0)


def test_who_is_always_found_under_one_id_has_all_measures_full():
    figures = identify([cast([(1, 2)] * 20), cast([(2, 1)] * 20)])
    assert (figures.hota, figures.mota, figures.idf1) == pytest.approx((1, 1, 1))
    assert (figures.switches, figures.shared_ids, figures.ids_per_person) == (0, 0, 1)


def test_two_who_exchange_ids_halfway_share_both():
    figures = identify([cast([(1, 2)] * 10 + [(2, 1)] * 10)])
    assert (figures.switches, figures.shared_ids) == (2, 2)
    assert figures.idf1 == pytest.approx(0.5)
    assert figures.mota == pytest.approx(1 - 2 / 40)
    # AssA: of each pair's 20 + 20 − 10 frames 10 are right; all are found.
    assert figures.hota == pytest.approx(math.sqrt(10 / 30), rel=1e-6)


def test_a_new_id_for_the_same_person_is_a_switch_and_shared_by_nobody():
    figures = identify([cast([(1, 2)] * 10 + [(3, 2)] * 10)])
    assert (figures.switches, figures.shared_ids, figures.ids_per_person) == (1, 0, 1.5)


def test_whom_nobody_finds_is_missed():
    assert identify([cast([(1, None)] * 10)]).mota == pytest.approx(0.5)


def test_who_is_hardly_to_be_seen_counts_neither_way():
    seen, hidden = cast([(1, 2)] * 10), cast([(1, 2)] * 10, visible=0.2)
    assert identify([seen, hidden]).hota == pytest.approx(identify([seen]).hota)


def test_a_pose_of_nobody_is_false():
    film = cast([(1, 2)] * 10)
    ghost = [[*poses, found(250, 9)] for poses in film.poses]
    assert identify([replace(film, poses=ghost)]).mota == pytest.approx(0.5)


def test_poses_without_ids_are_refused():
    film = cast([(1, 2)])
    nameless = [[replace(pose, id=None) for pose in poses] for poses in film.poses]
    with pytest.raises(DataError, match="ids"):
        identify([replace(film, poses=nameless)])


def test_a_row_has_a_cell_for_each_head_and_is_json():
    row = Row("ours", identify([cast([(1, 2)] * 5)]))
    assert len(to_cells(row)) == len(HEADS)
    assert json.loads(json.dumps(to_plain([row])))[0]["way"] == "ours"


def test_tfjs_s_ids_go_with_people_who_move_a_little_and_change_when_they_jump():
    tracker = TfjsTracker(Stage().estimator(people="many"))
    seen = [tracker(scene((x, 60, 90, 240, 230)), i / 30)[0].id for i, x in enumerate((100, 104, 108, 400))]
    assert seen == [1, 1, 1, 2]


def test_the_command_measures_who_is_who(shared):
    coco = shared / "data" / "coco-train-small"
    flags = ["--annotations", coco / "train.json", "--images", coco / "images", "--clips", "1", "--json"]
    flags += ["--people", "many", "--preset", "fast"]
    result = CliRunner().invoke(app, ["eval-video", *map(str, flags)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [row["way"] for row in report["rows"]] == ["tfjs's ids", "ours, off", "ours, causal"]
    assert report["rows"][1]["shared_ids"] == 0
