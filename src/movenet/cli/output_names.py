"""Paths of the annotated copies of `movenet run`, all named and checked before anything is read or written."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from movenet.cli.run_inputs import Inputs, Photo, Video
from movenet.errors import MediaError
from movenet.media.listing import PHOTO_SUFFIXES
from movenet.media.sources.pictures import NUMBERED, list_matching
from movenet.media.sources.web_photo import WebPhoto

VIDEO_OUTPUT_SUFFIXES: Final = (".mp4", ".m4v", ".mov", ".webm", ".gif")
"""Suffixes of videos that can be written; other videos become .mp4."""
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]')
"""Characters that a file name cannot have on every system."""
_MAX_STEM: Final = 100


def name_outputs(
    items: Sequence[Photo | Video], out: Path | None, photo_ending: str | None = None
) -> list[Path]:
    """Return the path of the annotated copy of each photo and video; nothing is created.

    Args:
        items: The photos and videos that get a copy.
        out: A file (a name with a suffix that is no folder) for one copy, or a folder; None names them NAME.pose.jpg
            and the like in the current folder. Copies of one name are numbered: a.mp4, a-2.mp4.
        photo_ending: Suffix of the copies of photos; None keeps their own.

    Raises:
        MediaError: One file is named for several copies, or the standard output.
    """
    if out is not None and os.fspath(out) == "-":
        raise MediaError(
            "expected a file or a folder for -o: only poses go to the standard output (--records -)"
        )
    if out is not None and out.suffix and not out.is_dir():
        if len(items) > 1:
            raise MediaError(f"expected a folder for {len(items)} annotated copies, got the file {out}")
        return [out] * len(items)
    ending = ".pose" if out is None else ""
    return _distinct(out or Path(), [(stem_of(item), ending + _suffix(item, photo_ending)) for item in items])


def check_outputs(outputs: Sequence[Path], inputs: Inputs) -> None:
    """Check that no output replaces an input or another output.

    Raises:
        MediaError: An output is an input or another output, also through a link or with other capital letters.
    """
    input_files = {identity: file for file in inputs.files() for identity in _identities(file)}
    for output in outputs:
        replaced = _existing(output) if NUMBERED.search(output.name) else [output]
        identities = (identity for target in replaced for identity in _identities(target))
        if clash := next((input_files[identity] for identity in identities if identity in input_files), None):
            raise MediaError(f"{output} is an input itself ({clash}): choose another output")
    counts = Counter(_key(output.resolve()) for output in outputs)
    if duplicate := next((output for output in outputs if counts[_key(output.resolve())] > 1), None):
        raise MediaError(f"{duplicate} is the name of two outputs: choose another")


def stem_of(item: Photo | Video) -> str:
    """Return the name of an input without folder and suffix."""
    if isinstance(item, Path):
        return item.stem
    if isinstance(item, WebPhoto):
        stem = PurePosixPath(unquote(urlsplit(item.name).path)).stem
        return _UNSAFE.sub("_", stem)[:_MAX_STEM] or "photo"
    return item.location.stem if isinstance(item.location, Path) else "camera"


def _suffix(item: Photo | Video, photo_ending: str | None) -> str:
    """Return the item's own suffix if such a file can be written, else the usual one."""
    if photo_ending is not None and not isinstance(item, Video):
        return photo_ending
    if isinstance(item, Video):
        own = item.location.suffix.lower() if isinstance(item.location, Path) else ""
        return own if own in VIDEO_OUTPUT_SUFFIXES else ".mp4"
    own = item.suffix if isinstance(item, Path) else ""
    if own.lower() == ".gif":
        return ".png"
    return own if own.lower() in PHOTO_SUFFIXES else ".jpg"


def _distinct(folder: Path, names: Iterable[tuple[str, str]]) -> list[Path]:
    """Number the second and later copies of one stem and ending."""
    distinct: dict[str, Path] = {}
    for stem, ending in names:
        numbered = (f"{stem}-{n}" for n in count(2))
        free = next(s for s in chain([stem], numbered) if _key(folder / f"{s}{ending}") not in distinct)
        distinct[_key(folder / f"{free}{ending}")] = folder / f"{free}{ending}"
    return list(distinct.values())


def _key(path: Path) -> str:
    """Return a key that is equal for two names of one file on Windows or macOS."""
    return unicodedata.normalize("NFC", os.fspath(path)).casefold()


def _existing(pattern: Path) -> list[Path]:
    try:
        return list_matching(pattern)
    except (MediaError, OSError):
        return []


def _identities(path: Path) -> Iterator[object]:
    """Yield keys that two names of one file share: the resolved path, and device and inode."""
    yield os.path.realpath(path)
    with suppress(OSError):
        status = path.stat()
        yield status.st_dev, status.st_ino
