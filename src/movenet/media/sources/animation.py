"""Animated WebP, decoded with Pillow because FFmpeg cannot read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from movenet.media.container import MAX_FRAME_PIXELS
from movenet.media.frame import Frame
from movenet.media.picture_file import PictureFile
from movenet.media.sources.base import SourceInfo

DEFAULT_DURATION_MS: Final = 100
"""Duration of a picture that states none, as in browsers and in FFmpeg's GIF reader."""


class AnimationReader:
    """Reads the pictures of an animated WebP."""

    damage = 0

    def __init__(self, path: Path) -> None:
        """Set the path; the file is opened by `frames`."""
        self.name = str(path)

    def frames(self, start_s: float = 0.0) -> Iterator[Frame]:
        """Yield every picture, blended over white, with its time; `start_s` leaves none out.

        Raises:
            MediaError: The file is damaged or truncated, or its pictures are too large.
        """
        time_s = 0.0
        pictures = PictureFile.open(self.name).pictures(MAX_FRAME_PIXELS)
        for index, (image, duration_ms) in enumerate(pictures):
            yield Frame(image, time_s, index, self.name)
            time_s += (duration_ms or DEFAULT_DURATION_MS) / 1000

    def info(self, first: Frame) -> SourceInfo:
        """Return the size; the number of pictures is not known in advance."""
        return SourceInfo(self.name, first.width, first.height)

    def close(self) -> None:
        """Do nothing: the file is not kept open."""
