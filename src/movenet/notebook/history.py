"""The records of the newest frames, as a sequence and as a table; the oldest are dropped beyond a limit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from movenet.errors import DataError
from movenet.pose import KEYPOINTS
from movenet.records import Record, open_records
from movenet.records.table import wide_columns, wide_rows


class History(Sequence[Record]):
    """The records of the newest frames, oldest first. Can be read from any thread while frames are added."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` records.

        Raises:
            DataError: if the limit is below 0.
        """
        if limit < 0:
            raise DataError(f"expected a history of 0 frames or more, got {limit}")
        self._records: deque[Record] = deque(maxlen=limit)
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """Largest number of records that are kept."""
        return self._records.maxlen or 0

    def append(self, record: Record) -> None:
        """Add the newest record; drop the oldest if there are more than `limit`."""
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        """Drop all records."""
        with self._lock:
            self._records.clear()

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        """Return a record, or a list of them."""
        return self._copy()[index]

    def __iter__(self) -> Iterator[Record]:
        """Iterate over a copy of the records at the time of the call."""
        return iter(self._copy())

    def __repr__(self) -> str:
        return f"<History of {len(self)} frames, at most {self.limit}>"

    def to_table(self) -> dict[str, list[Any]]:
        """Return column name → values, with a row per person; a frame without people has one row.

        The columns are those of `.wide.csv`: source, frame, time_s, width, height, person, id, score, the box, and
        x, y and score of each keypoint; None where a value is missing. `pandas.DataFrame(table)`,
        `polars.DataFrame(table)` and `pyarrow.table(table)` accept it directly.
        """
        rows = [row for record in self._copy() for row in wide_rows(record, KEYPOINTS)]
        names = wide_columns(KEYPOINTS)
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        return {name: list(column) for name, column in zip(names, columns, strict=True)}

    def save(self, path: str | Path) -> None:
        """Write the records to a .jsonl, .csv, .wide.csv, .parquet or .json file; see `movenet.open_records`.

        Raises:
            DataError: if the name has another suffix, or Parquet's package is missing.
            MediaError: if the file cannot be written.
        """
        with open_records(path) as out:
            for record in self._copy():
                out.write(record)

    def _copy(self) -> list[Record]:
        with self._lock:
            return list(self._records)
