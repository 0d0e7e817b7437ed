"""A folder of records files, each complete or absent, which together tell what is done.

    out/
      job.json              the settings: a run that resumes with others is refused
      part-000000.parquet   the records of whole files; also the ledger: a file is done if a part has its source
      part-000001.parquet
      failed.jsonl          {"source", "error"} of each file that could not be read in the last run
      movenet.lock          held by the process that writes; not in clouds

A part appears in one step when it is complete (`movenet.atomic`), so there is no second place to keep in step with it:
after kill -9 at any moment the parts are right, and what was in the unfinished part is done again.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from fnmatch import fnmatch
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, Literal

from movenet.atomic import PendingFile, atomic_write
from movenet.errors import DataError, FileError, MissingExtraError
from movenet.pose import KEYPOINTS
from movenet.records import Record, RecordWriter, open_records
from movenet.scale.name_set import NameSet
from movenet.scale.storage import Storage, open_storage

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
        folder: str | Path,
        settings: Mapping[str, Any],
        *,
        resume: bool = False,
        part_records: int = PART_RECORDS,
        part_s: float = PART_S,
    ) -> None:
        """Create the folder, or read what is done in it.

        Args:
            folder: a path, or an address in a cloud such as s3://bucket/out.
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
        self.storage, self._suffix = open_storage(folder), f".{settings['format']}"
        self._part_records, self._part_s = part_records, part_s
        self.keypoints: Sequence[str] = KEYPOINTS
        """Names of the keypoints in Parquet."""
        self._part: RecordWriter | None = None
        self._count, self._until_s = 0, 0.0
        with ExitStack() as stack:
            stack.enter_context(self.storage.claim())
            names = self.storage.names()
            self._check_settings(settings, is_begun="job.json" in names, resume=resume)
            self._parts = [each for each in names if fnmatch(each, f"part-[0-9]*{self._suffix}")]
            self.done = self._read_done()
            """The sources whose records are in complete parts."""
            self._failed = PendingFile(self.storage.staging / "failed.jsonl")
            stack.callback(self._failed.discard)
            self._failures = self._failed.temporary.open("w", encoding="ascii")
            stack.callback(_close, self._failures)
            self._number = 1 + max(
                (int(Path(each).stem.removeprefix("part-")) for each in self._parts), default=-1
            )
            self._open = stack.pop_all()

    def _check_settings(self, settings: Mapping[str, Any], *, is_begun: bool, resume: bool) -> None:
        folder = self.storage
        if not is_begun:
            self.write_text("job.json", json.dumps(settings, indent=1) + "\n")
            return
        if not resume:
            raise DataError(f"{folder} holds the records of a job: add --resume, or choose another folder")
        try:
            with folder.open("job.json") as file:
                known = json.loads(file.read())
            changed = [f"{key} {known.get(key)}" for key in settings if known.get(key) != settings[key]]
        except (ValueError, AttributeError) as problem:
            raise DataError(
                f"job.json in {folder} is damaged ({problem}): choose another folder"
            ) from problem
        if changed:
            raise DataError(f"{folder} was begun with {', '.join(changed)}: resume with the same settings")

    def _read_done(self) -> NameSet:
        done = NameSet()
        for name in self._parts:
            for source in read_sources(self.storage, name):
                done.add(source)
        return done

    def write_text(self, name: str, text: str) -> None:
        """Write a file in one step.

        Raises:
            FileError: The system cannot write.
        """
        with atomic_write(self.storage.staging / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        self.storage.publish(name)

    def add(self, records: Sequence[Record]) -> None:
        """Add all records of one file.

        Raises:
            DataError: The source is not UTF-8 and the format is Parquet.
            FileError: The system cannot write, for example because the disk is full.
        """
        if self._suffix == ".parquet":
            _check_text(records[0].source)
        if self._part is None:
            self._name = f"part-{self._number:06d}{self._suffix}"
            self._part = open_records(self.storage.staging / self._name, keypoints=self.keypoints)
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
            self.storage.publish(self._name)

    def _finish(self) -> None:
        self._finish_part()
        try:
            self._failures.close()
            if self._failed.temporary.stat().st_size:
                self._failed.publish()
                self.storage.publish("failed.jsonl")
            else:
                self.storage.remove("failed.jsonl")
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


def read_sources(folder: Storage, name: str) -> Iterator[str]:
    """Yield the sources of the records in a part; consecutive records may repeat them.

    Raises:
        DataError: The part is damaged.
        MissingExtraError: pyarrow, which reads Parquet, is missing.
    """
    try:
        with folder.open(name) as file:
            if name.endswith(".parquet"):
                yield from _parquet_sources(file)
            else:
                with io.TextIOWrapper(file, "ascii") as lines:
                    yield from (json.loads(line)["source"] for line in lines)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DataError(
            f"{name} in {folder} is damaged ({problem}): remove it, and its files are done again"
        ) from problem


def _parquet_sources(file: BinaryIO) -> Iterator[str]:
    try:
        import pyarrow.parquet as pq
    except ImportError as problem:
        raise MissingExtraError("pyarrow", "parquet", "reading Parquet") from problem
    for batch in pq.ParquetFile(file).iter_batches(columns=["source"]):
        yield from batch.column(0).unique().to_pylist()


def _check_text(source: str) -> None:
    try:
        source.encode()
    except UnicodeEncodeError:
        raise DataError(f"{source!r} is not UTF-8, as Parquet needs: use --records-format jsonl") from None
