"""Sources that wait: frames are made in order, a few ahead of whoever takes them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final, Protocol

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.media.sources.ahead import Ahead
from movenet.media.sources.base import Source, SourceInfo

AHEAD_BYTES: Final = 2**28
"""Memory for frames that wait to be taken, unless one alone needs more."""


class Reel(Protocol):
    """What a recording is made of; every kind of file brings its own."""

    name: str

    @property
    def damage(self) -> int:
        """Packets or pictures so far that could not be read and were left out."""

    def frames(self) -> Iterator[Frame]:
        """Yield every frame, once."""

    def info(self, first: Frame) -> SourceInfo:
        """Say what is known, given the first frame."""

    def close(self) -> None:
        """Free the file; frames are not asked for any more."""


class Recording(Source):
    """Frames that wait until they are asked for; a few are made ahead in the background."""

    def __init__(self, reel: Reel, ahead: int) -> None:
        """Read the first frame, and start the thread that reads the others.

        Raises:
            MediaError: There is no first frame.
        """
        self._reel = reel
        try:
            rest = reel.frames()
            first = next(rest, None)
            if first is None:
                raise MediaError(f"not one picture of {reel.name} can be decoded: it is damaged or cut short")
            super().__init__(reel.info(first))
        except BaseException:
            reel.close()
            raise
        self._frames = Ahead(_all(first, rest, reel), frames_ahead(ahead, first.image.nbytes))

    @property
    def damage(self) -> int:
        """Packets or pictures so far that could not be read and were left out."""
        return self._reel.damage

    def __next__(self) -> Frame:
        return next(self._frames)

    def close(self) -> None:
        """End the thread and close the file."""
        self._frames.close()


def frames_ahead(wanted: int, frame_bytes: int) -> int:
    """Return how many frames of a size may wait to be taken: as many as wanted if memory allows, at least one."""
    return max(min(wanted, AHEAD_BYTES // frame_bytes), 1)


def _all(first: Frame, rest: Iterator[Frame], reel: Reel) -> Generator[Frame, None, None]:
    try:
        yield first
        yield from rest
    finally:
        reel.close()
