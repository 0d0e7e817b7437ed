"""Poses as a data frame of pandas or polars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, Literal, Protocol, get_args

import numpy as np

from movenet.errors import DataError, MissingExtraError
from movenet.pose import KEYPOINTS, Pose
from movenet.records.record import Record
from movenet.records.table import long_columns, long_rows, wide_columns, wide_rows

Library = Literal["pandas", "polars"]
Shape = Literal["wide", "long"]


class _Frame(Protocol):
    """The fields of `movenet.Frame` that a record holds."""

    source: str
    index: int
    time_s: float

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def to_dataframe(
    results: Iterable[Record | tuple[_Frame, Sequence[Pose]]],
    shape: Shape = "wide",
    library: Library = "pandas",
    keypoints: Sequence[str] = KEYPOINTS,
) -> Any:
    """Return poses as a data frame, `pandas.DataFrame` or `polars.DataFrame`.

    The columns are those of the CSV files: source, frame, time_s (seconds), width, height (pixels), person, id, score,
    box_x, box_y, box_width, box_height, and x, y, score of each keypoint. A picture without people has one row without
    a person. The frames are not kept, so a long video needs memory for its numbers only.

    Args:
        results: records (`read_records`), or pairs of a frame and its poses (`watch`).
        shape: "wide" has a row per person (nose_x, nose_y, nose_score, …), "long" a row per keypoint.
        library: the library of the data frame, which must be installed.
        keypoints: names of the keypoints, for custom skeletons.

    Raises:
        DataError: a result, the shape or the library is unknown, or a pose has other keypoints.
        MissingExtraError: the library is not installed.
    """
    if shape not in get_args(Shape) or library not in get_args(Library):
        raise DataError(
            f"expected shape 'wide' or 'long' and library 'pandas' or 'polars', got {shape!r}, {library!r}"
        )
    try:
        module = import_module(library)
    except ImportError as problem:
        raise MissingExtraError(library, library, "to_dataframe") from problem
    to_rows = wide_rows if shape == "wide" else long_rows
    columns = wide_columns(keypoints) if shape == "wide" else long_columns()
    rows = [row for result in results for row in to_rows(_record(result), keypoints)]
    table = {name: _typed(name, [row[at] for row in rows]) for at, name in enumerate(columns)}
    return module.DataFrame(table)


def _record(result: object) -> Record:
    if isinstance(result, Record):
        return result
    if isinstance(result, tuple) and len(result) == 2 and hasattr(result[0], "time_s"):
        frame, poses = result
        return Record(frame.source, frame.index, frame.time_s, frame.width, frame.height, tuple(poses))
    raise DataError(f"expected records, or pairs of a frame and its poses, got {type(result).__name__}")


def _typed(name: str, values: list[Any]) -> Any:
    """Return texts as a list, numbers as an array: whole where nothing is missing, else float64 with NaN."""
    if name in ("source", "keypoint"):
        return values
    if name in ("frame", "width", "height"):
        return np.array(values, np.int64)
    return np.array([np.nan if value is None else value for value in values], np.float64)
