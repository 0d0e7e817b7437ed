"""The names of the inputs of a job, one at a time: no list of all of them is held in memory."""

from __future__ import annotations

import fnmatch
import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from movenet.errors import DataError, FileError, MissingExtraError
from movenet.media.cloud import CloudObject
from movenet.media.listing import ANNOTATED, PHOTO_SUFFIXES, VIDEO_SUFFIXES, is_listing
from movenet.media.location import Address, locate

NAME_COLUMNS: Final = ("path", "url")
"""Columns of a Parquet manifest that may hold the names, in this order."""

EXPECTED: Final = "expected photos or videos, such as .jpg and .mp4"


def list_names(inputs: Iterable[str]) -> Iterator[str]:
    """Yield the path or address of every input; a folder or a glob stands for the photos and videos in it.

    In a folder or a glob the suffix of a file decides whether it is listed, and files come in the order of the file
    system. Hidden files and annotated copies (NAME.pose.jpg) are left out. No file is opened.

    Raises:
        FileError: A folder cannot be read, or nothing matches.
    """
    for name in inputs:
        location = locate(name)
        if isinstance(location, Address) and location.is_cloud and CloudObject(location).is_listing:
            yield from (found.url for found in list_objects(CloudObject(location)))
        elif isinstance(location, Path) and is_listing(location):
            yield from _listed(location)
        else:
            yield location.url if isinstance(location, Address) else name


def list_objects(place: CloudObject) -> Iterator[Address]:
    """Yield the addresses of the photos and videos in a folder of a store, or that match a glob in it.

    Raises:
        FileError: Nothing matches.
        MediaError: The store does not answer.
    """
    found = False
    for each in place.matching():
        name = str(each.address).partition("?")[0].rpartition("/")[2]
        if not name.startswith(".") and _is_media(name, with_annotated=".pose." in str(place)):
            found = True
            yield each.address
    if not found:
        raise FileError(f"nothing to read in {place}: {EXPECTED}")


def read_list(name: str) -> Iterator[str]:
    """Yield the names in a list: a text file with one per line, "-" for stdin, or a .parquet file with `NAME_COLUMNS`.

    The file may lie in a cloud. Empty lines are left out. Names that are not UTF-8 keep their bytes, as with
    `os.fsdecode`.

    Raises:
        FileError: The list is missing or cannot be read.
        DataError: A Parquet file is damaged or has neither column.
        MissingExtraError: pyarrow, which reads Parquet, is missing.
    """
    if name == "-":
        yield from _lines(map(os.fsdecode, sys.stdin.buffer))
        return
    try:
        with _open_list(name) as file:
            if name.lower().partition("?")[0].endswith(".parquet"):
                yield from _manifest(name, file)
            else:
                with io.TextIOWrapper(file, "utf-8-sig", "surrogateescape") as text:
                    yield from _lines(text)
    except OSError as problem:
        raise FileError(f"cannot read the list {name}: {problem.strerror or problem}") from problem


def _open_list(name: str) -> BinaryIO:
    location = locate(name)
    if isinstance(location, Address) and location.is_cloud:
        return CloudObject(location).open()
    return Path(name).open("rb")


def _lines(lines: Iterable[str]) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in lines if line.strip())


def _manifest(name: str, file: BinaryIO) -> Iterator[str]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as problem:
        raise MissingExtraError("pyarrow", "parquet", "reading Parquet") from problem
    try:
        table = pq.ParquetFile(file)
        column = next((each for each in NAME_COLUMNS if each in table.schema_arrow.names), None)
        if column is None:
            raise DataError(f"{name}: expected a column {' or '.join(NAME_COLUMNS)}, got none")
        for batch in table.iter_batches(columns=[column]):
            yield from (value.as_py() for value in batch.column(0) if value.is_valid)
    except pa.ArrowException as problem:
        raise DataError(f"{name}: expected a Parquet file, got a damaged or another file") from problem


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
        raise FileError(f"nothing to read in {path}: {EXPECTED}")


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
