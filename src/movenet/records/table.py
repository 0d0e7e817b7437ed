"""Records as rows of a table, wide (a row per person) or long (a row per keypoint), and back.

A picture with nobody in it gets one row without a person, so that no frame is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import DataError
from movenet.pose import Pose
from movenet.records.record import Record, to_plain

PICTURE: Final = ("source", "frame", "time_s", "width", "height")
BOX: Final = ("box_x", "box_y", "box_width", "box_height")

Row = list[Any]
"""One value per column; None where there is nothing to say."""
Located = tuple[str, Mapping[str, Any]]
"""Where a row stands, for error sentences, and its values by column; empty or None where nothing is said."""


def wide_columns(keypoints: Sequence[str]) -> list[str]:
    """Return the columns of the wide table: the person's, then x, y and score of each keypoint by name."""
    places = [f"{name}_{what}" for name in keypoints for what in ("x", "y", "score")]
    return [*PICTURE, "person", "id", "score", *BOX, *places]


def long_columns() -> list[str]:
    """Return the columns of the long table: the person's, then one keypoint's."""
    return [*PICTURE, "person", "id", "person_score", *BOX, "keypoint", "x", "y", "score"]


def wide_rows(record: Record, keypoints: Sequence[str]) -> list[Row]:
    """Return one row per person, in the order of `wide_columns`.

    Raises:
        DataError: A pose has another number of keypoints than there are names.
    """
    people = _people(record, keypoints)
    return [[*person, *(v for point in points for v in point)] for person, points in people] or [
        _blank(record, wide_columns(keypoints))
    ]


def long_rows(record: Record, keypoints: Sequence[str]) -> list[Row]:
    """Return one row per keypoint of each person, in the order of `long_columns`.

    Raises:
        DataError: A pose has another number of keypoints than there are names.
    """
    return [
        [*person, name, *point]
        for person, points in _people(record, keypoints)
        for name, point in zip(keypoints, points, strict=True)
    ] or [_blank(record, long_columns())]


def _people(record: Record, keypoints: Sequence[str]) -> Iterator[tuple[Row, list[Row]]]:
    """Yield each person's first columns, up to the box, and their keypoints."""
    plain = to_plain(record)
    for index, pose in enumerate(plain["poses"]):
        if len(pose["keypoints"]) != len(keypoints):
            raise DataError(
                f"expected {len(keypoints)} keypoints as named, got a pose of {len(pose['keypoints'])}: "
                "give their names as keypoints=…, or write .jsonl"
            )
        picture = [plain[name] for name in PICTURE]
        yield [*picture, index, pose["id"], pose["score"], *(pose["box"] or [None] * 4)], pose["keypoints"]


def _blank(record: Record, columns: Sequence[str]) -> Row:
    plain = to_plain(record)
    return [plain.get(name) if name in PICTURE else None for name in columns]


def from_wide(rows: Iterable[Located], columns: Sequence[str]) -> Iterator[Record]:
    """Yield the records whose people stand in `rows`, one after the other.

    Raises:
        DataError: A column is missing, or a value is no number.
    """
    names = [column[:-2] for column in columns if column.endswith("_x") and column != "box_x"]
    for group in _grouped(rows, PICTURE):
        yield _record(group, [_pose(row, "score", *_places(row, names)) for row in _filled(group)])


def from_long(rows: Iterable[Located]) -> Iterator[Record]:
    """Yield the records whose keypoints stand in `rows`, one after the other.

    Raises:
        DataError: A column is missing, or a value is no number.
    """
    for group in _grouped(rows, PICTURE):
        people = _grouped(_filled(group), ("person",))
        yield _record(group, [_pose(person[0], "person_score", *_points(person)) for person in people])


def _grouped(rows: Iterable[Located], columns: Sequence[str]) -> Iterator[list[Located]]:
    """Yield runs of rows that agree in `columns`."""
    for _, run in groupby(rows, key=lambda row: [_value(row, column) for column in columns]):
        yield list(run)


def _filled(rows: Iterable[Located]) -> list[Located]:
    return [row for row in rows if _value(row, "person") not in (None, "")]


def _record(rows: Sequence[Located], poses: Iterable[Pose]) -> Record:
    row = rows[0]
    return Record(
        source=str(_value(row, "source")),
        frame=_whole(row, "frame"),
        time_s=_given(row, "time_s"),
        width=_whole(row, "width"),
        height=_whole(row, "height"),
        poses=tuple(poses),
    )


def _pose(row: Located, score: str, keypoints: NDArray[np.float32], scores: NDArray[np.float32]) -> Pose:
    box = tuple(_number(row, column) for column in BOX)
    number = _value(row, "id")
    return Pose(
        keypoints=keypoints,
        scores=scores,
        score=_number(row, score),
        box=None if np.isnan(box).all() else (box[0], box[1], box[2], box[3]),
        id=None if number in (None, "") else _whole(row, "id"),
    )


def _places(row: Located, names: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return keypoints (K, 2) and scores (K,) of a wide row."""
    table = np.array([[_number(row, f"{name}_{what}") for what in ("x", "y", "score")] for name in names])
    return table[:, :2].astype(np.float32), table[:, 2].astype(np.float32)


def _points(rows: Sequence[Located]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return keypoints (K, 2) and scores (K,) of one person's long rows."""
    table = np.array([[_number(row, what) for what in ("x", "y", "score")] for row in rows])
    return table[:, :2].astype(np.float32), table[:, 2].astype(np.float32)


def _number(row: Located, column: str) -> float:
    """Return the value as a number, NaN where nothing is said."""
    value = _value(row, column)
    if value in (None, ""):
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError) as problem:
        raise DataError(f"{row[0]}: expected a number as {column}, got {value!r}") from problem


def _given(row: Located, column: str) -> float:
    """Return the value as a number, which must be there and finite."""
    number = _number(row, column)
    if not math.isfinite(number):
        raise DataError(f"{row[0]}: expected a number as {column}, got {_value(row, column)!r}")
    return number


def _whole(row: Located, column: str) -> int:
    return int(_given(row, column))


def _value(row: Located, column: str) -> Any:
    try:
        return row[1][column]
    except KeyError as problem:
        raise DataError(f"{row[0]}: expected the column {column}, got none") from problem
