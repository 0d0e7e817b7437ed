"""Folders of pictures read as a video, and single photos."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.media.photo import find_photos, read_photo
from movenet.media.sources.base import SourceInfo

NUMBERED: Final = re.compile(r"%0?\d*d")
"""The number in a pattern such as shots/%05d.png."""


class PhotoReader:
    """Reads one photo as a video of one frame."""

    damage = 0

    def __init__(self, name: str, read: Callable[[], NDArray[np.uint8]]) -> None:
        """Set the function that reads the photo: it returns (H, W, 3) uint8 RGB, or raises MediaError."""
        self.name = name
        self._read = read

    def frames(self, start_s: float = 0.0) -> Iterator[Frame]:
        """Yield the photo, whatever `start_s` is.

        Raises:
            MediaError: It cannot be read.
        """
        yield Frame(self._read(), 0.0, 0, self.name)

    def info(self, first: Frame) -> SourceInfo:
        """Return the size of the photo."""
        return SourceInfo(self.name, first.width, first.height, frame_count=1)

    def close(self) -> None:
        """Do nothing: the file is closed already."""


class FolderReader:
    """Reads pictures in natural order, at a constant frame rate."""

    def __init__(self, path: Path, rate_fps: float) -> None:
        """List the pictures of a folder, or those that match a pattern such as shots/%05d.png.

        Raises:
            MediaError: There are none, or the rate is not above 0.
        """
        if not rate_fps > 0:
            raise MediaError(f"expected a folder's pictures per second above 0, got {rate_fps}")
        self.name = str(path)
        self.damage = 0
        self._rate_fps = rate_fps
        self._paths = find_photos([path]) if path.is_dir() else list_matching(path)

    def frames(self, start_s: float = 0.0) -> Iterator[Frame]:
        """Yield the pictures from `start_s` on; an unreadable one is left out, and the others keep their times."""
        index, first = 0, math.ceil(start_s * self._rate_fps)
        for position, path in enumerate(self._paths[first:], first):
            try:
                image = read_photo(path)
            except MediaError:
                self.damage += 1
                continue
            yield Frame(image, position / self._rate_fps, index, self.name)
            index += 1

    def info(self, first: Frame) -> SourceInfo:
        """Return the size of the first picture, and the number of pictures."""
        number = len(self._paths)
        return SourceInfo(
            self.name, first.width, first.height, self._rate_fps, number, number / self._rate_fps
        )

    def close(self) -> None:
        """Do nothing: every picture's file is closed once it is read."""


def is_pattern(path: Path) -> bool:
    """Tell whether a path is a pattern for numbered pictures and not the name of a file or folder."""
    return bool(NUMBERED.search(path.name)) and path.parent.is_dir() and not path.exists()


def list_matching(pattern: Path) -> list[Path]:
    """Return the files whose names match a pattern such as shots/%05d.png, in the order of their numbers.

    Raises:
        MediaError: No file matches.
    """
    before, after = (re.escape(part) for part in NUMBERED.split(pattern.name, maxsplit=1))
    name = re.compile(f"{before}([0-9]+){after}")
    numbered = [
        (int(found[1]), path) for path in pattern.parent.iterdir() if (found := name.fullmatch(path.name))
    ]
    if not numbered:
        raise MediaError(f"no pictures match {pattern}")
    return [path for _, path in sorted(numbered)]
