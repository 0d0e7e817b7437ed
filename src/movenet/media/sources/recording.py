"""Recordings: sources whose frames wait for the consumer and are decoded a few in advance."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from itertools import count
from typing import Final, Protocol

from movenet.errors import MediaError
from movenet.media.frame import Frame
from movenet.media.sources.base import Source, SourceInfo, SourceSettings
from movenet.media.sources.prefetch import Prefetcher

MAX_PREFETCH_BYTES: Final = 2**28
"""Maximum memory of decoded frames that wait to be taken; one frame may exceed it."""


class FrameReader(Protocol):
    """Reads the frames of a recording; there is one class for each kind of file."""

    name: str

    @property
    def damage(self) -> int:
        """Number of packets or pictures so far that could not be read and were left out."""

    def frames(self, start_s: float) -> Iterator[Frame]:
        """Yield all frames from `start_s` on, in seconds; earlier ones may come, too. Called once."""

    def info(self, first: Frame) -> SourceInfo:
        """Return the properties of the source, given its first frame."""

    def close(self) -> None:
        """Close the file; no frame is read afterwards."""


class Recording(Source):
    """A source whose frames wait until they are taken; a few are decoded in the background in advance."""

    def __init__(self, reader: FrameReader, settings: SourceSettings) -> None:
        """Read the first frame, and start the thread that reads the others.

        Raises:
            MediaError: No frame can be decoded, or none from `start_s` to `end_s`.
        """
        self._reader = reader
        try:
            rest = _between(reader.frames(settings.start_s), settings)
            first = next(rest, None)
            if first is None:
                raise MediaError(_reason(reader.name, settings))
            super().__init__(reader.info(first))
        except BaseException:
            reader.close()
            raise
        self._frames = Prefetcher(
            _all(first, rest, reader), prefetch_count(settings.prefetch, first.native.nbytes)
        )

    @property
    def damage(self) -> int:
        """Number of packets or pictures so far that could not be read and were left out."""
        return self._reader.damage

    def __next__(self) -> Frame:
        return next(self._frames)

    def close(self) -> None:
        """End the thread and close the file."""
        self._frames.close()


def prefetch_count(wanted: int, frame_bytes: int) -> int:
    """Return the number of frames to decode in advance: `wanted`, limited by `MAX_PREFETCH_BYTES`, at least 1."""
    return max(min(wanted, MAX_PREFETCH_BYTES // frame_bytes), 1)


def _between(frames: Iterator[Frame], settings: SourceSettings) -> Iterator[Frame]:
    """Yield the frames from `start_s` to `end_s`, numbered from 0."""
    index = count()
    for frame in frames:
        if frame.time_s >= settings.end_s:
            return
        if frame.time_s >= settings.start_s:
            frame.index = next(index)
            yield frame


def _reason(name: str, settings: SourceSettings) -> str:
    """Return why there is no frame."""
    if settings.start_s > 0 or settings.end_s < math.inf:
        end = "on" if settings.end_s == math.inf else f"to {settings.end_s:g} s"
        return f"{name} has no picture from {settings.start_s:g} s {end}"
    return f"not one picture of {name} can be decoded: it is damaged or cut short"


def _all(first: Frame, rest: Iterator[Frame], reader: FrameReader) -> Generator[Frame, None, None]:
    try:
        yield first
        yield from rest
    finally:
        reader.close()
