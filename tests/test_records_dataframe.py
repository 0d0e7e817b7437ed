"""Poses as data frames."""

import sys

import numpy as np
import pytest

from movenet.errors import DataError, MissingExtraError
from movenet.media import Frame
from movenet.pose import KEYPOINTS, Pose
from movenet.records import Record, to_dataframe

pandas = pytest.importorskip("pandas")


@pytest.fixture
def pose():
    keypoints = np.arange(34, dtype=np.float32).reshape(17, 2)
    return Pose(keypoints, np.linspace(0, 1, 17, dtype=np.float32), 0.5, box=(10, 20, 30, 40), id=3)


@pytest.fixture
def results(pose):
    frames = [Frame(np.zeros((48, 64, 3), np.uint8), i / 10, i, "dance.mp4") for i in range(3)]
    return list(zip(frames, ([pose], [], [pose, pose]), strict=True))


def test_a_row_for_each_person_and_one_for_a_frame_without_any(results):
    table = to_dataframe(iter(results))
    assert isinstance(table, pandas.DataFrame)
    assert table["frame"].tolist() == [0, 1, 2, 2]
    assert table["time_s"].tolist() == [0.0, 0.1, 0.2, 0.2]
    assert table["left_eye_y"].isna().tolist() == [False, True, False, False]
    assert table["left_eye_x"][0] == 2
    assert set(table.dtypes.drop("source").astype(str)) == {"int64", "float64"}


def test_a_row_for_each_keypoint(results):
    table = to_dataframe(results, "long")
    assert len(table) == 17 + 1 + 2 * 17
    assert table["keypoint"][:17].tolist() == list(KEYPOINTS)


def test_records_are_taken_as_well(pose):
    table = to_dataframe([Record("a.jpg", 0, 0.0, 64, 48, (pose,))])
    assert table.iloc[0][["source", "width", "height", "id"]].tolist() == ["a.jpg", 64, 48, 3]


def test_polars_makes_the_same_table(results):
    pytest.importorskip("polars")
    table = to_dataframe(results, library="polars")
    assert table.columns == to_dataframe(results).columns.tolist()


def test_no_results_are_an_empty_table():
    table = to_dataframe([])
    assert len(table) == 0
    assert "nose_x" in table.columns


def test_what_is_no_result_is_refused(pose):
    with pytest.raises(DataError, match="pairs of a frame and its poses, got Pose"):
        to_dataframe([pose])
    with pytest.raises(DataError, match="got 'tall', 'pandas'"):
        to_dataframe([], "tall")


def test_a_missing_library_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        to_dataframe([], library="polars")
