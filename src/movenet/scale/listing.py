"""The names of the inputs of a job, one at a time: no list of all of them is held in memory."""

from __future__ import annotations

import fnmatch
import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from movenet.errors import DataError, FileError, MissingExtraError
from movenet.media.listing import ANNOTATED, PHOTO_SUFFIXES, VIDEO_SUFFIXES, is_listing
from movenet.media.location import Address, locate

NAME_COLUMNS: Final = ("path", "url")
"""Columns of a Parquet manifest that may hold the names, in this order."""


def list_names(inputs: Iterable[str]) -> Iterator[str]:
    """Yield the path or address of every input; a folder or a glob stands for the photos and videos in it.

    In a folder or a glob the suffix of a file decides whether it is listed, and files come in the order of the file
    system. Hidden files and annotated copies (NAME.pose.jpg) are left out. No file is opened.

    Raises:
        FileError: A folder cannot be read, or nothing matches.
    """
    for name in inputs:
        location = locate(name)
        if isinstance(location, Path) and is_listing(location):
            yield from _listed(location)
        else:
            yield location.url if isinstance(location, Address) else name


def read_list(name: str) -> Iterator[str]:
    """Yield the names in a list: a text file with one a line, "-" for stdin, or a .parquet file with `NAME_COLUMNS`.

    Empty lines are left out. Names that are not UTF-8 keep their bytes, as with `os.fsdecode`.

    Raises:
        FileError: The list is missing or cannot be read.
        DataError: A Parquet file is damaged or has neither column.
        MissingExtraError: pyarrow, which reads Parquet, is missing.
    """
    if name == "-":
        yield from _lines(map(os.fsdecode, sys.stdin.buffer))
    elif name.lower().endswith(".parquet"):
        yield from _manifest(Path(name))
    else:
        try:
            with Path(name).open(encoding="utf-8-sig", errors="surrogateescape") as file:
                yield from _lines(file)
        except OSError as problem:
            raise FileError(f"cannot read the list {name}: {problem.strerror or problem}") from problem


def _lines(lines: Iterable[str]) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in lines if line.strip())


def _manifest(path: Path) -> Iterator[str]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as problem:
        raise MissingExtraError("pyarrow", "parquet", "reading Parquet") from problem
    try:
        with pq.ParquetFile(path) as file:
            column = next((name for name in NAME_COLUMNS if name in file.schema_arrow.names), None)
            if column is None:
                raise DataError(f"{path}: expected a column {' or '.join(NAME_COLUMNS)}, got none")
            for batch in file.iter_batches(columns=[column]):
                yield from (value.as_py() for value in batch.column(0) if value.is_valid)
    except OSError as problem:
        raise FileError(f"cannot read the list {path}: {problem}") from problem
    except pa.ArrowException as problem:
        raise DataError(f"{path}: expected a Parquet file, got a damaged or another file") from problem


def _listed(path: Path) -> Iterator[str]:
    found = False
    try:
        for file in _files(path):
            if _is_media(file, with_annotated=".pose." in path.name):
                found = True
                yield file
    except OSError as problem:
        raise FileError(f"cannot read the folder {path}: {problem.strerror}") from problem
    if not found:
        raise FileError(f"nothing to read in {path}: expected photos or videos, such as .jpg and .mp4")


def _files(path: Path) -> Iterator[str]:
    """Yield the files of a folder or a glob; of one folder without a list of all its files."""
    folder, pattern = (path, "*") if path.is_dir() else (path.parent, path.name)
    if glob.has_magic(os.fspath(folder)) or pattern == "**":
        files = glob.iglob(os.fspath(path), recursive=True)  # noqa: PTH207 (pathlib's takes no absolute pattern)
        yield from (file for file in files if os.path.isfile(file))  # noqa: PTH113 (faster than Path)
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            is_hidden = entry.name.startswith(".") and not pattern.startswith(".")
            if not is_hidden and fnmatch.fnmatch(entry.name, pattern) and entry.is_file():
                yield os.fspath(folder / entry.name)


def _is_media(name: str, *, with_annotated: bool) -> bool:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 (faster than Path)
    return suffix in PHOTO_SUFFIXES | VIDEO_SUFFIXES and (with_annotated or not ANNOTATED.search(name))
