"""`--records -`: the poses as CSV on the standard output, a row per keypoint."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from types import TracebackType

from movenet.cli.output import print_line
from movenet.pose import KEYPOINTS
from movenet.records import Record
from movenet.records.table import escape_cell, long_columns, long_rows


class CsvPrinter:
    """Prints the rows of each record at once. It has the methods of a `RecordWriter` that a run needs."""

    def __init__(self, keypoints: Sequence[str] = KEYPOINTS) -> None:
        """Print the heads of the columns.

        Raises:
            OutputError: stdout is closed or full.
        """
        self._keypoints = keypoints
        self._print(long_columns())

    def write(self, record: Record) -> None:
        """Print the poses of one picture.

        Raises:
            OutputError: stdout is closed or full.
        """
        for row in long_rows(record, self._keypoints):
            self._print(row)

    def discard(self) -> None:
        """Do nothing: what was printed stays."""

    def __enter__(self) -> CsvPrinter:
        """Return the printer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: every row is printed already."""

    def _print(self, row: Iterable[object]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(
            [escape_cell(value) if isinstance(value, str) else value for value in row]
        )
        print_line(line.getvalue())
