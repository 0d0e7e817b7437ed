"""Animated WebP, which FFmpeg does not read: Pillow does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from movenet.media.container import MAX_FRAME_PIXELS
from movenet.media.frame import Frame
from movenet.media.picture_file import PictureFile
from movenet.media.sources.base import SourceInfo

TIMELESS_MS: Final = 100
"""How long a picture is shown that gives no time, in browsers and for FFmpeg's GIFs."""


class AnimationReel:
    """The pictures of an animated WebP."""

    damage = 0

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self.name = str(path)

    def frames(self) -> Iterator[Frame]:
        """Yield every picture, laid over white, at its own time.

        Raises:
            MediaError: The file is damaged or cut short, or its pictures are too large.
        """
        start_s = 0.0
        pictures = PictureFile.open(self.name).pictures(MAX_FRAME_PIXELS)
        for index, (image, duration_ms) in enumerate(pictures):
            yield Frame(image, start_s, index, self.name)
            start_s += (duration_ms or TIMELESS_MS) / 1000

    def info(self, first: Frame) -> SourceInfo:
        """Return the size; how many pictures there are shows itself as they come."""
        height, width = first.image.shape[:2]
        return SourceInfo(self.name, width, height)

    def close(self) -> None:
        """Do nothing: the file is not kept open."""
