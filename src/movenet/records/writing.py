"""Writers of records: each picture is written at once; the file gets its name when it is complete."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from movenet.atomic import PendingFile
from movenet.errors import DataError, FileError, MissingExtraError
from movenet.pose import KEYPOINTS
from movenet.records.record import Record, to_json
from movenet.records.table import Row, escape_cell, long_columns, long_rows, wide_columns, wide_rows

if TYPE_CHECKING:
    from pyarrow import Schema, Table


class FormatWriter(Protocol):
    """Writes records of one format into an open file."""

    def write(self, record: Record) -> None:
        """Append one record."""

    def finish(self) -> None:
        """Write what is buffered and the end of the file, and close it."""

    def close(self) -> None:
        """Close the file without completing it."""


def open_records(
    path: str | Path,
    *,
    keypoints: Sequence[str] = KEYPOINTS,
    image_id: Callable[[Record], int] | None = None,
) -> RecordWriter:
    """Return a writer of records; the suffix of the path decides the format.

    .jsonl: an object per picture · .csv: a row per keypoint · .wide.csv and .parquet: a row per person ·
    .json: COCO keypoint results.

    Args:
        path: The file; it appears when the writer is closed.
        keypoints: Names of the keypoints in tables.
        image_id: Gives the image id of a record in COCO results; default `number_in_name`.

    Raises:
        DataError: The suffix is none of these.
        MissingExtraError: pyarrow, which writes Parquet, is missing.
        FileError: The folder is missing or not writable.
    """
    path = Path(path)
    make = next((make for ending, make in _FORMATS.items() if path.name.lower().endswith(ending)), None)
    if make is None:
        raise DataError(f"cannot write records to {path}: expected a name ending in {' '.join(_FORMATS)}")
    pending = PendingFile(path)
    try:
        return RecordWriter(pending, make(pending.temporary, keypoints, image_id or number_in_name))
    except BaseException:
        pending.discard()
        raise


class RecordWriter:
    """Writes records one by one. Leaving its context closes the file, which then appears under its name.

    After KeyboardInterrupt (and others that are no `Exception`) the file appears with the records so far. After an
    error the new file is discarded and an earlier file of that name stays.
    """

    def __init__(self, pending: PendingFile, writer: FormatWriter) -> None:
        self._pending, self._writer = pending, writer
        self._open = True

    @property
    def path(self) -> Path:
        """Path at which the file appears."""
        return self._pending.path

    def write(self, record: Record) -> None:
        """Append the poses of one picture.

        Raises:
            DataError: The record does not fit the format, or the file is closed.
            FileError: The system cannot write it, for example because the disk is full.
        """
        if not self._open:
            raise DataError(f"cannot write to {self.path}: it is closed")
        try:
            self._writer.write(record)
        except OSError as problem:
            raise FileError(f"cannot write {self.path}: {problem.strerror or problem}") from problem

    def close(self) -> None:
        """Complete the file and give it its name; a second call does nothing.

        Raises:
            FileError: The system cannot write it, for example because the disk is full; the file is discarded.
        """
        if not self._open:
            return
        self._open = False
        try:
            self._writer.finish()
        except OSError as problem:
            self._pending.discard()
            raise FileError(f"cannot write {self.path}: {problem.strerror or problem}") from problem
        self._pending.publish()

    def discard(self) -> None:
        """Remove what was written; does nothing after `close`."""
        if self._open:
            self._open = False
            with suppress(OSError):  # on a full disk, closing fails once more
                self._writer.close()
            self._pending.discard()

    def __enter__(self) -> RecordWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, or discard it after an error."""
        if kind is not None and issubclass(kind, Exception):
            self.discard()
        else:
            self.close()


class _Text:
    """Base of the text formats: the open file."""

    def __init__(self, path: Path) -> None:
        # File names that are not UTF-8 keep their bytes.
        self.file: IO[str] = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")

    def finish(self) -> None:
        self.file.close()

    def close(self) -> None:
        self.file.close()


class _JsonLines(_Text):
    def write(self, record: Record) -> None:
        self.file.write(to_json(record) + "\n")


class _Csv(_Text):
    def __init__(self, path: Path, columns: Sequence[str], rows: Callable[[Record], list[Row]]) -> None:
        super().__init__(path)
        self._table = csv.writer(self.file)
        self._table.writerow(map(escape_cell, columns))
        self._rows = rows

    def write(self, record: Record) -> None:
        for row in self._rows(record):
            self._table.writerow([escape_cell(value) if isinstance(value, str) else value for value in row])


class _Coco(_Text):
    """A JSON list of results, one per person (cocodataset.org, results format, keypoint detection)."""

    def __init__(self, path: Path, image_id: Callable[[Record], int]) -> None:
        super().__init__(path)
        self._image_id = image_id
        self._names: dict[int, str] = {}
        self._has_results = False
        self.file.write("[")

    def write(self, record: Record) -> None:
        from movenet.annotations import to_results

        image_id = int(self._image_id(record))
        name = f"frame {record.frame} of {record.source}"
        if image_id in self._names:
            raise DataError(
                f"{name} and {self._names[image_id]} would both have the image_id {image_id}: "
                "give image_id=…, or write .jsonl"
            )
        self._names[image_id] = name
        for result in to_results(image_id, record.poses):
            line = (",\n" if self._has_results else "\n") + json.dumps(result)
            self._has_results = True  # set before writing, so that Ctrl-C in between loses no comma
            self.file.write(line)

    def finish(self) -> None:
        self.file.write("\n]\n")
        super().finish()


def number_in_name(record: Record) -> int:
    """Return the number at the end of a photo's name ("000000397133.jpg"), else the index of the frame.

    The name counts for frame 0 of a picture file only; the frames of a video have different ids.
    """
    number = re.search(r"([0-9]+)\.(bmp|gif|jpe?g|png|tiff?|webp)$", record.source, re.IGNORECASE)
    return int(number[1]) if number and record.frame == 0 else record.frame


def arrow_schema(keypoints: Sequence[str]) -> Schema:
    """Return the schema of the wide table; columns have the smallest fitting types."""
    import pyarrow as pa

    integers = {"frame": pa.int64(), "width": pa.int32(), "height": pa.int32(), "person": pa.int32()}
    kinds = {"source": pa.string(), "time_s": pa.float64(), "id": pa.int64(), **integers}
    return pa.schema([(name, kinds.get(name, pa.float32())) for name in wide_columns(keypoints)])


def arrow_table(rows: Sequence[Row], schema: Schema) -> Table:
    """Return rows as an Arrow table."""
    import pyarrow as pa

    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


class _Parquet:
    """Row groups of `GROUP_ROWS` rows."""

    GROUP_ROWS: Final = 4096

    def __init__(self, path: Path, keypoints: Sequence[str]) -> None:
        try:
            import pyarrow.parquet as pq
        except ImportError as problem:
            raise MissingExtraError("pyarrow", "parquet", "writing Parquet") from problem
        self._schema = arrow_schema(keypoints)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._keypoints = keypoints
        self._rows: list[Row] = []

    def write(self, record: Record) -> None:
        rows = wide_rows(record, self._keypoints)
        for row in rows:
            row[0] = row[0].encode("utf-8", "replace").decode()
        self._rows.extend(rows)
        if len(self._rows) >= self.GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        self._writer.write_table(arrow_table(rows, self._schema))

    def finish(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def close(self) -> None:
        self._writer.close()


_FORMATS: Final[dict[str, Callable[[Path, Sequence[str], Callable[[Record], int]], FormatWriter]]] = {
    ".jsonl": lambda path, _, __: _JsonLines(path),
    ".wide.csv": lambda path, names, _: _Csv(
        path, wide_columns(names), lambda record: wide_rows(record, names)
    ),
    ".csv": lambda path, names, _: _Csv(path, long_columns(), lambda record: long_rows(record, names)),
    ".parquet": lambda path, names, _: _Parquet(path, names),
    ".json": lambda path, _, image_id: _Coco(path, image_id),
}
