"""The photos and videos of folders and globs, in counting order."""

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
"""Names that promise a photo: in a folder, a damaged file of such a name counts as one, so that it is not passed over.
What a file is, is decided by its content (`file_type`)."""
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
"""Names that promise a video: in a folder, a damaged file of such a name counts as one."""

ANNOTATED: Final = re.compile(r"\.pose\.[^.]+$")
"""Ends the names of annotated copies that `movenet run` writes beside other files."""


def is_listing(path: Path) -> bool:
    """Tell whether a path is a folder, or a glob such as "trip/**/*.jpg" and no file of that name."""
    return path.is_dir() or (not path.exists() and glob.has_magic(os.fspath(path)))


def list_media(path: Path) -> list[tuple[Path, FileType]]:
    """Return the photos and videos of a folder (not deeper) or a glob, each with what it holds, in counting order.

    Hidden files are left out, and annotated copies (NAME.pose.jpg) unless the glob asks for them.

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
    wanted = ".pose." in path.name
    files = [p for p in map(Path, names) if p.is_file() and (wanted or not ANNOTATED.search(p.name))]
    found = [(p, _listed_type(p)) for p in sorted(files, key=_counted)]
    return [(p, kind) for p, kind in found if kind is not FileType.UNKNOWN]


def _listed_type(path: Path) -> FileType:
    """Tell what a file of a folder holds; UNKNOWN if neither its content nor its name is that of a picture."""
    suffix = path.suffix.lower()
    try:
        # Of files named as photos only the first bytes are read: a folder may hold a hundred thousand.
        kind = file_type(path, 0 if suffix in PHOTO_SUFFIXES else JPEG_SCAN_BYTES)
    except MediaError:
        kind = FileType.UNKNOWN
    if kind is FileType.UNKNOWN and suffix in PHOTO_SUFFIXES:
        return FileType.PHOTO
    return FileType.VIDEO if kind is FileType.UNKNOWN and suffix in VIDEO_SUFFIXES else kind


def _counted(path: Path) -> list[str | int]:
    """Return a sorting key that puts img2 before img10; text and numbers alternate, so all keys compare."""
    parts = re.split("([0-9]+)", os.fspath(path))
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(parts)]
