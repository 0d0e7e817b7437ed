"""Videos written as numbered pictures in a folder."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import TemporaryFolder
from movenet.errors import MediaError
from movenet.media.photo import write_photo
from movenet.media.picture_like import as_rgb
from movenet.media.sources.pictures import NUMBERED
from movenet.planar import Picture

NAME: Final = "%06d.png"
"""Pattern of the names if the path is a folder."""


def is_sequence(path: Path) -> bool:
    """Tell whether a path names a folder of pictures (no suffix) or a pattern for their names."""
    return not path.suffix or path.is_dir() or bool(NUMBERED.search(path.name))


class ImageSequenceSink:
    """Writes numbered pictures into a hidden folder; all of them appear at the end."""

    def __init__(self, path: Path) -> None:
        """Create the temporary folder.

        Raises:
            MediaError: The parent folder is missing or not writable, or a file has the name of the folder.
        """
        if not NUMBERED.search(path.name):
            path = path / NAME
        # A link is resolved, so that the pictures go to its target.
        self._folder = Path(os.path.realpath(path.parent))
        self._pattern = path.name
        self._written = 0
        beside = self._folder if self._folder.is_dir() else self._folder.parent
        if self._folder.exists() and not self._folder.is_dir():
            raise MediaError(f"cannot write {path}: {self._folder} is a file, not a folder")
        self._place = TemporaryFolder(beside / self._pattern, MediaError)

    def prepare(self, image: Picture) -> NDArray[np.uint8]:
        """Return a copy of the frame."""
        return as_rgb(image).copy()

    def put(self, prepared: NDArray[np.uint8], time_s: float, duration_s: float) -> None:
        """Write the frame under the next number; time and duration are not stored."""
        name = NUMBERED.sub(lambda place: place[0] % self._written, self._pattern, count=1)
        try:
            write_photo(self._place.folder / name, prepared)
        except MediaError as problem:
            message = str(problem).replace(str(self._place.folder), str(self._folder))
            raise MediaError(message) from problem
        self._written += 1

    def finish(self, cancelled: threading.Event) -> None:
        """Move the pictures to their folder, where they replace pictures of the same names."""
        if not self._folder.exists():
            self._place.folder.replace(self._folder)
            return
        for picture in sorted(self._place.folder.iterdir()):
            picture.replace(self._folder / picture.name)

    def discard(self) -> None:
        """Remove the temporary folder."""
        self._place.clear()
