"""Writers of records: each picture is written as it comes, the file gets its name when it is whole."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol

from movenet.annotations import to_results
from movenet.atomic import PendingFile
from movenet.errors import DataError, FileError, MissingExtraError
from movenet.pose import KEYPOINTS
from movenet.records.record import Record, to_json
from movenet.records.table import Row, escape_cell, long_columns, long_rows, wide_columns, wide_rows


class Format(Protocol):
    """One way to put records into a file that is open."""

    def write(self, record: Record) -> None:
        """Append one record."""

    def finish(self) -> None:
        """Write what is held back and close the file."""

    def close(self) -> None:
        """Close the file as it is."""


def open_records(
    path: str | Path,
    *,
    keypoints: Sequence[str] = KEYPOINTS,
    image_id: Callable[[Record], int] | None = None,
) -> RecordWriter:
    """Return a writer for the format that the name ends in.

    .jsonl: an object per picture · .csv: a row per keypoint · .wide.csv and .parquet: a row per person ·
    .json: COCO keypoint results, whose image ids come from `image_id` (default: `number_in_name`).
    `keypoints` are the names that tables give to the keypoints of each pose.

    Raises:
        DataError: The ending is none of these.
        MissingExtraError: Parquet's package is missing.
        FileError: The folder is missing or closed to us.
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
    """Writes records one by one; as a context manager it closes, and so publishes, the file at the end.

    Stopped (Ctrl-C and other exceptions that are no `Exception`), the file is closed with what was written so
    far. After an error nothing is published and what stood under the name before stays.
    """

    def __init__(self, pending: PendingFile, form: Format) -> None:
        self._pending, self._form = pending, form
        self._open = True

    @property
    def path(self) -> Path:
        """Where the file will be."""
        return self._pending.path

    def write(self, record: Record) -> None:
        """Append the poses of one picture.

        Raises:
            DataError: The record does not fit the format, or the file is closed.
            FileError: The disk is full or the system refuses otherwise.
        """
        if not self._open:
            raise DataError(f"cannot write to {self.path}: it is closed already")
        try:
            self._form.write(record)
        except OSError as problem:
            raise FileError(f"cannot write {self.path}: {problem.strerror or problem}") from problem

    def close(self) -> None:
        """Finish the file and give it its name; nothing happens the second time.

        Raises:
            FileError: The disk is full or the system refuses otherwise; nothing is published then.
        """
        if not self._open:
            return
        self._open = False
        try:
            self._form.finish()
        except OSError as problem:
            self._pending.discard()
            raise FileError(f"cannot write {self.path}: {problem.strerror or problem}") from problem
        self._pending.publish()

    def discard(self) -> None:
        """Throw away what was written; nothing happens if the file is closed already."""
        if self._open:
            self._open = False
            with suppress(OSError):  # on a full disk, closing fails once more
                self._form.close()
            self._pending.discard()

    def __enter__(self) -> RecordWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish the file, or discard it after an error."""
        if kind is not None and issubclass(kind, Exception):
            self.discard()
        else:
            self.close()


class _Text:
    """What the formats made of text share: the open file."""

    def __init__(self, path: Path) -> None:
        # Names that are no text, as file systems allow them, go through as they are.
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
    """A list of results, one per person (cocodataset.org, results format, keypoint detection)."""

    def __init__(self, path: Path, image_id: Callable[[Record], int]) -> None:
        super().__init__(path)
        self._image_id = image_id
        self._seen: dict[int, str] = {}
        self._any = False
        self.file.write("[")

    def write(self, record: Record) -> None:
        image_id = int(self._image_id(record))
        name = f"frame {record.frame} of {record.source}"
        if image_id in self._seen:
            raise DataError(
                f"{name} and {self._seen[image_id]} would both have the image_id {image_id}: "
                "give image_id=…, or write .jsonl"
            )
        self._seen[image_id] = name
        for result in to_results(image_id, record.poses):
            line = (",\n" if self._any else "\n") + json.dumps(result)
            self._any = True  # before writing: a Ctrl-C between the two must not cost the next comma
            self.file.write(line)

    def finish(self) -> None:
        self.file.write("\n]\n")
        super().finish()


def number_in_name(record: Record) -> int:
    """Return the number that ends a photo's name ("000000397133.jpg"), else the frame's number.

    Only frame 0 of a picture file has its name's number, so that a video's frames keep theirs.
    """
    number = re.search(r"([0-9]+)\.(bmp|gif|jpe?g|png|tiff?|webp)$", record.source, re.IGNORECASE)
    return int(number[1]) if number and record.frame == 0 else record.frame


class _Parquet:
    """Rows in groups of a few thousand, as columns of the smallest type that holds them."""

    ROWS_AT_ONCE: Final = 4096

    def __init__(self, path: Path, keypoints: Sequence[str]) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as problem:
            raise MissingExtraError("pyarrow", "parquet", "writing Parquet") from problem
        whole = {"frame": pa.int64(), "width": pa.int32(), "height": pa.int32(), "person": pa.int32()}
        kinds = {"source": pa.string(), "time_s": pa.float64(), "id": pa.int64(), **whole}
        columns = wide_columns(keypoints)
        self._schema = pa.schema([(name, kinds.get(name, pa.float32())) for name in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._keypoints = keypoints
        self._rows: list[Row] = []

    def write(self, record: Record) -> None:
        rows = wide_rows(record, self._keypoints)
        for row in rows:
            row[0] = row[0].encode("utf-8", "replace").decode()
        self._rows.extend(rows)
        if len(self._rows) >= self.ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        columns = zip(zip(*self._rows, strict=True), self._schema.types, strict=True)
        arrays = [pa.array(values, kind) for values, kind in columns]
        self._rows = []
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def finish(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def close(self) -> None:
        self._writer.close()


_FORMATS: Final[dict[str, Callable[[Path, Sequence[str], Callable[[Record], int]], Format]]] = {
    ".jsonl": lambda path, _, __: _JsonLines(path),
    ".wide.csv": lambda path, names, _: _Csv(
        path, wide_columns(names), lambda record: wide_rows(record, names)
    ),
    ".csv": lambda path, names, _: _Csv(path, long_columns(), lambda record: long_rows(record, names)),
    ".parquet": lambda path, names, _: _Parquet(path, names),
    ".json": lambda path, _, image_id: _Coco(path, image_id),
}
