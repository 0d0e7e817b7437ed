"""Formats of laboratories: what is written is read back, and malformed files are explained."""

import csv
import json
from dataclasses import replace

import ezc3d
import numpy as np
import pandas
import pytest
from typer.testing import CliRunner

from bodies import RATE_HZ, frames, repeated, track_of
from movenet.analysis import ANGLE_NAMES, make_tracks
from movenet.analysis.lab import (
    Markers,
    make_markers,
    read_c3d,
    read_deeplabcut,
    read_mot,
    read_openpose,
    read_trc,
    write_c3d,
    write_deeplabcut,
    write_mot,
    write_openpose,
    write_trc,
)
from movenet.cli import app
from movenet.errors import DataError, FileError, MoveNetError
from movenet.pose import KEYPOINTS
from movenet.records import Record, open_records


@pytest.fixture
def track():
    made = track_of(repeated("squat", 1), start_s=1.0)
    made.right[5, 9] = 0.0
    return made


def records():
    return [
        Record("a.mp4", at, time_s, 640, 480, tuple(poses))
        for at, (time_s, poses) in enumerate(frames(repeated("squat", 1)))
    ]


def test_markers_are_metres_above_the_ground_with_y_up(track):
    markers = make_markers(track, 0.01)
    assert markers.names == KEYPOINTS
    assert markers.rate_hz == pytest.approx(RATE_HZ)
    assert np.nanmin(markers.positions_m[:, 15:17, 1]) >= 0
    nose, ankle = KEYPOINTS.index("nose"), KEYPOINTS.index("left_ankle")
    height = (track.keypoints[0, ankle, 1] - track.keypoints[0, nose, 1]) * 0.01
    assert markers.positions_m[0, nose, 1] - markers.positions_m[0, ankle, 1] == pytest.approx(height)
    assert np.isnan(markers.positions_m[5, 9]).all()


@pytest.mark.parametrize(
    ("write", "read", "name"), [(write_trc, read_trc, "a.trc"), (write_c3d, read_c3d, "a.c3d")]
)
def test_markers_are_read_back(tmp_path, track, write, read, name):
    markers = make_markers(track, 0.0042)
    write(tmp_path / name, markers)
    back = read(tmp_path / name)
    assert back.names == markers.names
    assert back.rate_hz == pytest.approx(markers.rate_hz, rel=1e-6)
    assert back.times_s == pytest.approx(markers.times_s, abs=1e-4)
    assert back.positions_m == pytest.approx(markers.positions_m, abs=1e-5, nan_ok=True)


def test_a_c3d_file_states_rate_labels_and_millimetres_to_its_own_library(tmp_path, track):
    markers = make_markers(track, 0.0042)
    write_c3d(tmp_path / "a.c3d", markers)
    point = ezc3d.c3d(str(tmp_path / "a.c3d"))["parameters"]["POINT"]
    assert tuple(point["LABELS"]["value"]) == KEYPOINTS
    assert point["RATE"]["value"][0] == pytest.approx(RATE_HZ)
    assert point["UNITS"]["value"] == ["mm"]


def test_a_trc_file_has_the_layout_that_opensim_reads(tmp_path, track):
    write_trc(tmp_path / "a.trc", make_markers(track, 0.0042))
    lines = (tmp_path / "a.trc").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t")[:3] == ["PathFileType", "4", "(X/Y/Z)"]
    assert lines[2].split("\t")[2:5] == [str(len(track)), "17", "m"]
    assert lines[3].split("\t")[:3] == ["Frame#", "Time", "nose"]
    assert lines[4].split("\t")[2:5] == ["X1", "Y1", "Z1"]
    assert {len(line.split("\t")) for line in lines[6:]} == {2 + 3 * 17}


def test_angles_are_read_back_from_mot(tmp_path, track):
    write_mot(tmp_path / "a.mot", track)
    motion = read_mot(tmp_path / "a.mot")
    assert motion.names == ANGLE_NAMES
    assert motion.times_s == pytest.approx(track.times_s, abs=1e-6)
    assert motion.degrees[:, 6] == pytest.approx(track.angle("left_knee"), abs=1e-4, nan_ok=True)


def test_pandas_reads_the_tables(tmp_path, track):
    markers = make_markers(track, 0.0042)
    write_trc(tmp_path / "a.trc", markers)
    write_mot(tmp_path / "a.mot", track)
    write_deeplabcut(tmp_path / "a.csv", [track])
    trc = pandas.read_csv(tmp_path / "a.trc", sep="\t", skiprows=5, header=None, skip_blank_lines=True)
    np.testing.assert_allclose(trc.iloc[:, 1], markers.times_s, atol=1e-6)
    np.testing.assert_allclose(trc.iloc[:, 2:], markers.positions_m.reshape(len(track), -1), atol=1e-6)
    mot = pandas.read_csv(tmp_path / "a.mot", sep="\t", skiprows=6)
    assert list(mot.columns) == ["time", *ANGLE_NAMES]
    np.testing.assert_allclose(mot["left_knee"], track.angle("left_knee"), atol=1e-4)
    dlc = pandas.read_csv(tmp_path / "a.csv", header=[0, 1, 2], index_col=0)
    np.testing.assert_allclose(dlc["movenet", "nose", "x"], track.keypoints[:, 0, 0], atol=1e-4)


@pytest.mark.parametrize("people", [1, 2])
def test_keypoints_are_read_back_from_deeplabcut(tmp_path, people):
    tracks = [replace(track_of(repeated("squat", 1) + 300 * at), id=at) for at in range(people)]
    write_deeplabcut(tmp_path / "a.csv", tracks)
    back = make_tracks(read_deeplabcut(tmp_path / "a.csv", RATE_HZ))
    assert len(back) == people
    for one, other in zip(back, tracks, strict=True):
        assert one.keypoints == pytest.approx(other.keypoints, abs=1e-3)
    rows = list(csv.reader((tmp_path / "a.csv").read_text().splitlines()))
    heads = ["scorer", *(["individuals"] if people > 1 else []), "bodyparts", "coords"]
    assert [row[0] for row in rows[: len(heads)]] == heads


def test_keypoints_are_read_back_from_openpose(tmp_path):
    made = records()
    made[3].poses[0].keypoints[4] = np.nan
    write_openpose(tmp_path / "squat", made)
    back = read_openpose(tmp_path / "squat", RATE_HZ)
    assert len(back) == len(made)
    assert back[-1].time_s == pytest.approx(made[-1].time_s)
    for one, other in zip(back, made, strict=True):
        assert one.poses[0].keypoints == pytest.approx(other.poses[0].keypoints, abs=1e-3, nan_ok=True)


@pytest.mark.parametrize(("count", "knee"), [(18, 12), (25, 13)])
def test_the_orders_of_openpose_are_understood(tmp_path, count, knee):
    values = [[at, 2 * at, 0.9] for at in range(count)]
    plain = {"people": [{"pose_keypoints_2d": [number for row in values for number in row]}]}
    (tmp_path / "x_000000000007_keypoints.json").write_text(json.dumps(plain))
    ((pose,),) = [record.poses for record in read_openpose(tmp_path, 30)]
    assert pose["left_knee"] == pytest.approx((knee, 2 * knee, 0.9))
    assert pose.id is None


def test_malformed_files_are_explained(tmp_path, track):
    (tmp_path / "x.txt").write_text("hello\nworld\n1\n2\n3\n4\n5")
    for read in (read_trc, read_mot, read_c3d, lambda path: read_deeplabcut(path, 30)):
        with pytest.raises(DataError):
            read(tmp_path / "x.txt")
        with pytest.raises(FileError):
            read(tmp_path / "none")
    with pytest.raises(FileError):
        read_openpose(tmp_path, 30)
    (tmp_path / "x_000000000007_keypoints.json").write_text('{"people": [{"pose_keypoints_2d": [1]}]}')
    with pytest.raises(DataError):
        read_openpose(tmp_path, 30)
    with pytest.raises(FileError):
        write_openpose(tmp_path, records())
    for rate in (0, -1):
        with pytest.raises(DataError):
            read_openpose(tmp_path, rate)
    with pytest.raises(DataError):
        make_markers(track, 0)
    with pytest.raises(DataError):
        Markers(("a",), 30, 0, np.zeros((3, 2, 3)))
    with pytest.raises(DataError):
        write_deeplabcut(tmp_path / "a.csv", [])


@pytest.mark.parametrize("name", ["a.trc", "a.c3d", "a.mot", "a.dlc.csv", "a.openpose"])
def test_analyze_exports_each_format(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with open_records("a.jsonl") as out:
        for record in records():
            out.write(record)
    result = CliRunner().invoke(app, ["analyze", "a.jsonl", "--export", name, "--height", "1.8"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).exists()


@pytest.mark.parametrize(("name", "message"), [("a.trc", "--height"), ("a.xyz", "ending in .trc")])
def test_analyze_refuses_exports_that_cannot_be(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["analyze", "a.jsonl", "--export", name])
    assert isinstance(result.exception, MoveNetError)
    assert message in str(result.exception)
