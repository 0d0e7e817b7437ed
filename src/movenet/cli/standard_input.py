"""A photo or a video on the standard input: `cat photo.jpg | movenet run -`."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from movenet.errors import MediaError
from movenet.media.file_type import FileType, file_type
from movenet.media.sources.web_photo import WebPhoto

if TYPE_CHECKING:
    from movenet.cli.run_inputs import Photo, Video

NAME = "stdin"
"""The source in records, and the stem of the annotated copy."""


def read_standard_input() -> Photo | Video:
    """Read the whole standard input, and return the photo or the video in it.

    A video is kept in a temporary file, which is removed at exit: most formats need to be read at several places.

    Raises:
        MediaError: There is a terminal, or nothing, at the standard input.
    """
    from movenet.cli.run_inputs import Video

    if sys.stdin.isatty():
        raise MediaError(
            "expected a photo or a video on the standard input, such as: cat photo.jpg | movenet run -"
        )
    path = Path(_folder().name) / NAME
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    if not path.stat().st_size:
        raise MediaError("expected a photo or a video on the standard input, got nothing")
    kind = file_type(path)
    return WebPhoto(NAME, path.read_bytes()) if kind is FileType.PHOTO else Video(path, kind, NAME)


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="movenet-")
