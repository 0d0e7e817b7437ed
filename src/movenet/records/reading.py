"""Readers of records, one per format that is written; they yield one picture at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from movenet.errors import DataError, FileError, MissingExtraError
from movenet.pose import Pose
from movenet.records.record import Record, from_json, to_array, to_float, to_int
from movenet.records.table import from_long, from_wide, unescape_cell


def read_records(path: str | Path) -> Iterator[Record]:
    """Yield the records of a file that `open_records` wrote, one at a time; a COCO file is loaded as a whole.

    COCO results state neither size nor time: width, height and time are 0, source and frame are the image id.

    Raises:
        DataError: The suffix is unknown (raised at once), or a line is malformed (raised when reached; the message
            states its number).
        FileError: The file is missing (raised at once) or cannot be read.
        MissingExtraError: pyarrow, which reads Parquet, is missing.
    """
    path = Path(path)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise DataError(f"cannot read records from {path}: expected a name ending in {' '.join(_READERS)}")
    if not path.is_file():
        raise FileError(f"no records at {path}: there is no such file")
    return _convert_errors(read(path), path)


def _convert_errors(records: Iterator[Record], path: Path) -> Iterator[Record]:
    """Yield the records; errors of the system and of the csv module become FileError and DataError."""
    try:
        yield from records
    except OSError as problem:
        raise FileError(f"cannot read records from {path}: {problem.strerror or problem}") from problem
    except csv.Error as problem:
        raise DataError(f"cannot read records from {path}: {problem}") from problem


def _open(path: Path) -> IO[str]:
    """Open UTF-8 text with or without a byte order mark; other bytes become surrogates, as with `os.fsdecode`."""
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _json_lines(path: Path) -> Iterator[Record]:
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield from_json(line, f"{path}, line {number}")


def _csv(path: Path) -> Iterator[Record]:
    with _open(path) as file:
        table = csv.DictReader(file)
        columns = list(table.fieldnames or ())
        if not columns:
            raise DataError(f"{path}: expected a table with a line of column names, got an empty file")
        rows = ((f"{path}, line {table.line_num}", _unescaped(row)) for row in table)
        yield from from_long(rows) if "keypoint" in columns else from_wide(rows, columns)


def _unescaped(row: dict[str, Any]) -> dict[str, Any]:
    """Undo `escape_cell` in a row of CSV, in place, and return the row."""
    if row.get("source"):
        row["source"] = unescape_cell(row["source"])
    return row


def _parquet(path: Path) -> Iterator[Record]:
    try:
        import pyarrow.parquet as pq
    except ImportError as problem:
        raise MissingExtraError("pyarrow", "parquet", "reading Parquet") from problem
    with _parquet_errors(path):
        file = pq.ParquetFile(path)
    with file:
        rows = enumerate(_parquet_rows(file, path), start=1)
        yield from from_wide(((f"{path}, row {n}", row) for n, row in rows), file.schema_arrow.names)


def _parquet_rows(file: Any, path: Path) -> Iterator[dict[str, Any]]:
    with _parquet_errors(path):
        for batch in file.iter_batches(batch_size=4096):
            yield from batch.to_pylist()


@contextmanager
def _parquet_errors(path: Path) -> Iterator[None]:
    """Context in which errors of pyarrow, and of text that is not UTF-8, become DataError."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, ValueError) as problem:
        raise DataError(
            f"{path}: expected a Parquet file, got a damaged or another file ({problem})"
        ) from problem


def _coco(path: Path) -> Iterator[Record]:
    try:
        results = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise DataError(f"{path}: expected a JSON list of COCO results, got no JSON ({problem})") from problem
    if not isinstance(results, list):
        raise DataError(f"{path}: expected a JSON list of COCO results, got one {type(results).__name__}")
    images: dict[int, list[Pose]] = {}
    for place, result in enumerate(results, start=1):
        image_id, pose = _coco_pose(result, f"{path}, result {place}")
        images.setdefault(image_id, []).append(pose)
    for image_id, poses in images.items():
        yield Record(str(image_id), image_id, 0.0, 0, 0, tuple(poses))


def _coco_pose(result: Any, where: str) -> tuple[int, Pose]:
    from movenet.annotations import from_coco_px

    try:
        keypoints = to_array(result["keypoints"]).astype(np.float32).reshape(-1, 3)
        missing = (keypoints == 0).all(axis=1)
        points = np.where(missing[:, None], np.nan, from_coco_px(keypoints[:, :2])).astype(np.float32)
        track_id = result.get("track_id")
        pose = Pose(
            points,
            keypoints[:, 2].copy(),
            to_float(result["score"]),
            id=None if track_id is None else to_int(track_id),
        )
        return to_int(result["image_id"]), pose
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        raise DataError(
            f"{where}: expected image_id, keypoints and score, got missing or other values ({problem})"
        ) from problem


_READERS: Final[dict[str, Callable[[Path], Iterator[Record]]]] = {
    ".jsonl": _json_lines,
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _coco,
}
