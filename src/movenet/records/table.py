"""Records as rows of a table, wide (a row per person) or long (a row per keypoint), and back.

A picture without people has one row without a person, so that every frame is in the table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import DataError
from movenet.pose import Pose
from movenet.records.record import MAX_NUMBER, Record, to_int, to_plain

PICTURE: Final = ("source", "frame", "time_s", "width", "height")
BOX: Final = ("box_x", "box_y", "box_width", "box_height")

Row = list[Any]
"""One value per column; None for an empty cell."""
LocatedRow = tuple[str, Mapping[str, Any]]
"""Position of a row, for error messages, and its values by column; "" or None for an empty cell."""


def wide_columns(keypoints: Sequence[str]) -> list[str]:
    """Return the columns of the wide table: picture and person, then x, y and score of each keypoint by name."""
    points = [f"{name}_{what}" for name in keypoints for what in ("x", "y", "score")]
    return [*PICTURE, "person", "id", "score", *BOX, *points]


def long_columns() -> list[str]:
    """Return the columns of the long table: picture and person, then one keypoint."""
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
    """Yield the columns of each person up to the box, and the rows x, y, score of the keypoints."""
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


def from_wide(rows: Iterable[LocatedRow], columns: Sequence[str]) -> Iterator[Record]:
    """Yield the records of wide rows, of which those of one picture are consecutive.

    Raises:
        DataError: A column is missing, or a value is no number.
    """
    names = [column[:-2] for column in columns if column.endswith("_x") and column != "box_x"]
    for group in _grouped(rows, PICTURE):
        yield _record(
            group, [_pose(row, "score", *_wide_keypoints(row, names)) for row in _with_person(group)]
        )


def from_long(rows: Iterable[LocatedRow]) -> Iterator[Record]:
    """Yield the records of long rows, of which those of one person are consecutive.

    Raises:
        DataError: A column is missing, or a value is no number.
    """
    for group in _grouped(rows, PICTURE):
        people = _grouped(_with_person(group), ("person",))
        yield _record(
            group, [_pose(person[0], "person_score", *_long_keypoints(person)) for person in people]
        )


_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""Start of a cell that a spreadsheet takes for a formula, also after `escape_cell`."""
_SURROGATES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Surrogates, which UTF-8 cannot encode, without those from dc80 to dcff, which stand for bytes of a file name."""


def escape_cell(text: str) -> str:
    """Return a text as a CSV cell; one that a spreadsheet would take for a formula gets an apostrophe in front.

    Source: OWASP, "CSV Injection". `unescape_cell` is the inverse.
    """
    text = _SURROGATES.sub("?", text)
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(cell: str) -> str:
    """Return the text of a cell that `escape_cell` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _grouped(rows: Iterable[LocatedRow], columns: Sequence[str]) -> Iterator[list[LocatedRow]]:
    """Yield runs of consecutive rows with equal values in `columns`."""
    for _, run in groupby(rows, key=lambda row: [_value(row, column) for column in columns]):
        yield list(run)


def _with_person(rows: Iterable[LocatedRow]) -> list[LocatedRow]:
    return [row for row in rows if _value(row, "person") not in (None, "")]


def _record(rows: Sequence[LocatedRow], poses: Iterable[Pose]) -> Record:
    row = rows[0]
    return Record(
        source=_text(row, "source"),
        frame=_whole(row, "frame"),
        time_s=_finite_number(row, "time_s"),
        width=_whole(row, "width"),
        height=_whole(row, "height"),
        poses=tuple(poses),
    )


def _pose(row: LocatedRow, score: str, keypoints: NDArray[np.float32], scores: NDArray[np.float32]) -> Pose:
    box = tuple(_number(row, column) for column in BOX)
    number = _value(row, "id")
    return Pose(
        keypoints=keypoints,
        scores=scores,
        score=_number(row, score),
        box=None if np.isnan(box).all() else (box[0], box[1], box[2], box[3]),
        id=None if number in (None, "") else _whole(row, "id"),
    )


def _wide_keypoints(row: LocatedRow, names: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return keypoints (K, 2) and scores (K,) of a wide row."""
    if not names:
        raise DataError(
            f"{row[0]}: expected columns of keypoints such as nose_x, nose_y, nose_score, got none"
        )
    table = np.array([[_number(row, f"{name}_{what}") for what in ("x", "y", "score")] for name in names])
    return table[:, :2].astype(np.float32), table[:, 2].astype(np.float32)


def _long_keypoints(rows: Sequence[LocatedRow]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return keypoints (K, 2) and scores (K,) of one person's long rows."""
    table = np.array([[_number(row, what) for what in ("x", "y", "score")] for row in rows])
    return table[:, :2].astype(np.float32), table[:, 2].astype(np.float32)


def _number(row: LocatedRow, column: str) -> float:
    """Return the value as a number; an empty cell is NaN."""
    value = _value(row, column)
    if value in (None, ""):
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as problem:
        raise DataError(f"{row[0]}: expected a number as {column}, got {_brief(value)}") from problem
    if abs(number) > MAX_NUMBER:
        raise DataError(f"{row[0]}: expected a number within float32 as {column}, got {_brief(value)}")
    return number


def _finite_number(row: LocatedRow, column: str) -> float:
    """Return the value as a number, which must be finite."""
    number = _number(row, column)
    if not math.isfinite(number):
        raise DataError(f"{row[0]}: expected a number as {column}, got {_brief(_value(row, column))}")
    return number


def _whole(row: LocatedRow, column: str) -> int:
    value = _value(row, column)
    try:
        return to_int(_parsed(value) if isinstance(value, str) else value)
    except (ValueError, OverflowError) as problem:
        raise DataError(f"{row[0]}: expected a whole number as {column}, got {_brief(value)}") from problem


def _parsed(text: str) -> int | float:
    """Return the number in a text; integers beyond the 53 bits of a float stay exact."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _text(row: LocatedRow, column: str) -> str:
    value = _value(row, column)
    if not isinstance(value, str):
        raise DataError(f"{row[0]}: expected text as {column}, got {_brief(value)}")
    return value


def _brief(value: Any) -> str:
    return repr(value)[:40]


def _value(row: LocatedRow, column: str) -> Any:
    try:
        return row[1][column]
    except KeyError as problem:
        raise DataError(f"{row[0]}: expected the column {column}, got none") from problem
