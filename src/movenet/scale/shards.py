"""A folder of records files, each complete or absent, which together tell what is done.

    out/
      job.json              the settings: a run that resumes with others is refused
      part-000000.parquet   the records of whole files; also the ledger: a file is done if a part has its source
      part-000001.parquet
      failed.jsonl          {"source", "error"} of each file that could not be read in the last run
      movenet.lock          held by the process that writes

A part appears in one step when it is complete (`movenet.atomic`), so there is no second place to keep in step with it:
after kill -9 at any moment the parts are right, and what was in the unfinished part is done again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from movenet.atomic import PendingFile, atomic_write, exclusive_folder
from movenet.errors import DataError, FileError, MissingExtraError
from movenet.pose import KEYPOINTS
from movenet.records import Record, RecordWriter, open_records
from movenet.scale.name_set import NameSet

if TYPE_CHECKING:
    from typing import Self

RecordsFormat = Literal["parquet", "jsonl"]
"""Format of the parts."""

PART_RECORDS: Final = 20_000
"""A part with at least so many records is complete."""
PART_S: Final = 60.0
"""A part is complete after so many seconds: what a kill can cost."""


class RecordsFolder:
    """Writes the records of files into the parts of a folder. Leaving its context completes the last part.

    After Ctrl-C the last part appears with the files so far; after an error it is discarded.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        *,
        resume: bool = False,
        part_records: int = PART_RECORDS,
        part_s: float = PART_S,
    ) -> None:
        """Create the folder, or read what is done in it.

        Args:
            folder: the folder.
            settings: "format" (`RecordsFormat`) and all else that the records depend on, ready for JSON.
            resume: whether the folder may hold the parts of an earlier run.
            part_records: a part with at least so many records is complete.
            part_s: a part is complete after so many seconds.

        Raises:
            FileError: The folder cannot be written, or another process writes in it.
            DataError: It holds records and `resume` is not set, they were made with other settings, or a part is
                damaged.
            MissingExtraError: pyarrow, which writes Parquet, is missing.
        """
        self.folder, self._suffix = folder, f".{settings['format']}"
        self._part_records, self._part_s = part_records, part_s
        self.keypoints: Sequence[str] = KEYPOINTS
        """Names of the keypoints in Parquet."""
        self._part: RecordWriter | None = None
        self._count, self._until_s = 0, 0.0
        self._open = ExitStack()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise FileError(f"cannot create the folder {folder}: {problem.strerror}") from problem
        with ExitStack() as stack:
            stack.enter_context(exclusive_folder(folder))
            self._check_settings(settings, resume=resume)
            self.done = self._read_done()
            """The sources whose records are in complete parts."""
            self._failed = PendingFile(folder / "failed.jsonl")
            stack.callback(self._failed.discard)
            self._failures = self._failed.temporary.open("w", encoding="ascii")
            stack.callback(_close, self._failures)
            self._number = self._next_number()
            self._open = stack.pop_all()

    def _check_settings(self, settings: Mapping[str, Any], *, resume: bool) -> None:
        file = self.folder / "job.json"
        if not file.exists():
            with atomic_write(file) as temporary:
                temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
            return
        if not resume:
            raise DataError(
                f"{self.folder} holds the records of a job: add --resume, or choose another folder"
            )
        try:
            known = json.loads(file.read_bytes())
            changed = [f"{key} {known.get(key)}" for key in settings if known.get(key) != settings[key]]
        except (ValueError, AttributeError) as problem:
            raise DataError(f"{file} is damaged ({problem}): choose another folder") from problem
        if changed:
            raise DataError(
                f"{self.folder} was begun with {', '.join(changed)}: resume with the same settings"
            )

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob(f"part-[0-9]*{self._suffix}"))

    def _read_done(self) -> NameSet:
        done = NameSet()
        for path in self._parts():
            for source in read_sources(path):
                done.add(source)
        return done

    def _next_number(self) -> int:
        return 1 + max((int(path.stem.removeprefix("part-")) for path in self._parts()), default=-1)

    def add(self, records: Sequence[Record]) -> None:
        """Add all records of one file.

        Raises:
            DataError: The source is not UTF-8 and the format is Parquet.
            FileError: The system cannot write, for example because the disk is full.
        """
        if self._suffix == ".parquet":
            _check_text(records[0].source)
        if self._part is None:
            path = self.folder / f"part-{self._number:06d}{self._suffix}"
            self._part = open_records(path, keypoints=self.keypoints)
            self._number += 1
            self._count, self._until_s = 0, time.monotonic() + self._part_s
        for record in records:
            self._part.write(record)
        self._count += len(records)
        if self._count >= self._part_records or time.monotonic() > self._until_s:
            self._finish_part()

    def add_failed(self, source: str, error: str) -> None:
        """Add a file that has no records.

        Raises:
            FileError: The system cannot write.
        """
        try:
            self._failures.write(json.dumps({"source": source, "error": error}) + "\n")
        except OSError as problem:
            raise FileError(f"cannot write {self._failed.path}: {problem.strerror}") from problem

    def _finish_part(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.close()

    def _finish(self) -> None:
        self._finish_part()
        try:
            self._failures.close()
            if self._failed.temporary.stat().st_size:
                self._failed.publish()
            else:
                self._failed.path.unlink(missing_ok=True)
        except OSError as problem:
            raise FileError(f"cannot write {self._failed.path}: {problem.strerror}") from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._open:
            if kind is None or not issubclass(kind, Exception):
                self._finish()
            elif self._part is not None:
                self._part.discard()


def _close(file: IO[str]) -> None:
    with suppress(OSError):  # on a full disk, closing fails once more
        file.close()


def read_sources(path: Path) -> Iterator[str]:
    """Yield the sources of the records in a part; consecutive records may repeat them.

    Raises:
        DataError: The part is damaged.
    """
    try:
        if path.suffix == ".parquet":
            yield from _parquet_sources(path)
        else:
            with path.open(encoding="ascii") as file:
                yield from (json.loads(line)["source"] for line in file)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DataError(
            f"{path} is damaged ({problem}): remove it, and its files are done again"
        ) from problem


def _parquet_sources(path: Path) -> Iterator[str]:
    try:
        import pyarrow.parquet as pq
    except ImportError as problem:
        raise MissingExtraError("pyarrow", "parquet", "reading Parquet") from problem
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["source"]):
            yield from batch.column(0).unique().to_pylist()


def _check_text(source: str) -> None:
    try:
        source.encode()
    except UnicodeEncodeError:
        raise DataError(f"{source!r} is not UTF-8, as Parquet needs: use --records-format jsonl") from None
