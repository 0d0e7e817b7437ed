"""Animated WebP, which FFmpeg does not read: OpenCV does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.media.pixels import over_white
from movenet.media.quiet import QUIET
from movenet.media.sources.base import SourceInfo

PART_BYTES: Final = 128 * 2**20
"""Decoded pictures held at a time; each further part costs a run through the file from its start."""
TIMELESS_MS: Final = 100
"""How long a picture is shown that gives no time, in browsers and for FFmpeg's GIFs."""


class AnimationReel:
    """The pictures of an animated WebP."""

    damage = 0

    def __init__(self, path: Path, part_bytes: int = PART_BYTES) -> None:
        """Read nothing yet."""
        self.name = str(path)
        self._part_bytes = part_bytes

    def frames(self) -> Iterator[Frame]:
        """Yield every picture, laid over white, at its own time.

        Raises:
            MediaError: The file is damaged or cut short: of such a WebP nothing can be had.
        """
        start_s, index, part = 0.0, 0, self._part(0, 1)
        while part:
            for bgra, duration_ms in part:
                image = over_white(np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA), np.uint8))
                yield Frame(image, start_s, index, self.name)
                start_s += (duration_ms or TIMELESS_MS) / 1000
                index += 1
            part = self._part(index, max(self._part_bytes // part[0][0].nbytes, 1))

    def _part(self, start: int, length: int) -> list[tuple[NDArray[np.uint8], int]]:
        with QUIET:
            _, animation = cv2.imreadanimation(self.name, start, length)
        durations = map(int, animation.durations)
        part = [
            (np.asarray(frame, np.uint8), ms) for frame, ms in zip(animation.frames, durations, strict=True)
        ]
        if not start and not part:
            raise MediaError(f"{self.name} cannot be decoded: the WebP file is damaged or cut short")
        return part

    def info(self, first: Frame) -> SourceInfo:
        """Return the size; how many pictures there are shows itself as they come."""
        height, width = first.image.shape[:2]
        return SourceInfo(self.name, width, height)

    def close(self) -> None:
        """Do nothing: the file is open only while a part of it is read."""
