"""The photos and videos of folders and globs, in natural order (img2 before img10)."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from movenet.errors import MediaError
from movenet.media.file_type import JPEG_SCAN_BYTES, FileType, file_type

PHOTO_SUFFIXES: Final = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""Suffixes of photos. The content decides the type of a file (`file_type`); the suffix counts only in a folder, where
an unreadable file with such a suffix is listed as a photo, so that its error is reported."""
VIDEO_SUFFIXES: Final = frozenset(
    {
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    }
)
"""Suffixes of videos; used like `PHOTO_SUFFIXES`."""

ANNOTATED: Final = re.compile(r"\.pose\.[^.]+$")
"""End of the names of annotated copies (NAME.pose.jpg) written by `movenet run`."""


def is_listing(path: Path) -> bool:
    """Tell whether a path is a folder, or a glob such as "trip/**/*.jpg" that is not the name of a file."""
    return path.is_dir() or (not path.exists() and glob.has_magic(os.fspath(path)))


def list_media(path: Path) -> list[tuple[Path, FileType]]:
    """Return the photos and videos of a folder (without subfolders) or a glob with their types, in natural order.

    Hidden files are left out, and annotated copies (NAME.pose.jpg) unless the pattern contains ".pose.".

    Raises:
        MediaError: The folder cannot be read.
    """
    names: Iterable[str | Path]
    try:
        if path.is_dir():
            names = [p for p in path.iterdir() if not p.name.startswith(".")]
        else:
            names = glob.glob(os.fspath(path), recursive=True)  # noqa: PTH207 (pathlib's takes no absolute pattern)
    except OSError as problem:
        raise MediaError(f"cannot read the folder {path}: {problem.strerror}") from problem
    with_annotated = ".pose." in path.name
    files = [p for p in map(Path, names) if p.is_file() and (with_annotated or not ANNOTATED.search(p.name))]
    found = [(p, listed_type(p)) for p in sorted(files, key=_natural_key)]
    return [(p, kind) for p, kind in found if kind is not FileType.UNKNOWN]


def listed_type(path: Path) -> FileType:
    """Return the type of a file by its content, else by its suffix; UNKNOWN if neither is known."""
    suffix = path.suffix.lower()
    try:
        # Only the first bytes of photos are read: a folder may contain a hundred thousand.
        kind = file_type(path, 0 if suffix in PHOTO_SUFFIXES else JPEG_SCAN_BYTES)
    except MediaError:
        kind = FileType.UNKNOWN
    if kind is FileType.UNKNOWN and suffix in PHOTO_SUFFIXES:
        return FileType.PHOTO
    return FileType.VIDEO if kind is FileType.UNKNOWN and suffix in VIDEO_SUFFIXES else kind


def _natural_key(path: Path) -> list[str | int]:
    """Return a sort key that puts img2 before img10; text and numbers alternate, so all keys are comparable."""
    parts = re.split("([0-9]+)", os.fspath(path))
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(parts)]
