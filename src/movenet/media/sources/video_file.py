"""Recordings: video files and animated GIFs, from the disk or over the network."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

import av
from av import VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from movenet.machine import usable_cores
from movenet.media.container import pictures_of
from movenet.media.frame import Frame
from movenet.media.pixels import Painter
from movenet.media.sources.base import SourceInfo
from movenet.media.sources.decoding import Decoder
from movenet.media.sources.timeline import RecordedTime

USUAL_RATE_FPS: Final = 30.0
"""Assumed where a stream does not tell its rate."""
IMPOSSIBLE_RATE_FPS: Final = 10_000.0
"""Damaged headers claim such rates."""


class VideoReel:
    """The pictures of an open container."""

    def __init__(self, container: InputContainer, name: str, damage_limit: int) -> None:
        """Take over the container: it is closed with the reel, or here if it holds no pictures.

        Raises:
            MediaError: It holds only sound, or is coded in an unknown way.
        """
        self.name = name
        self._container = container
        try:
            self._stream = pictures_of(container, name)
        except BaseException:
            container.close()
            raise
        # Frames are decoded side by side: it costs a delay that recordings do not mind.
        self._stream.thread_type = "AUTO"
        # FFmpeg's own choice is one thread more: they would only take turns, at a tenth of the decoder's time.
        self._stream.codec_context.thread_count = usable_cores()
        self._decoder = Decoder(container, self._stream, name, damage_limit)

    @property
    def damage(self) -> int:
        """Packets so far that could not be read or decoded."""
        return self._decoder.damage

    def frames(self) -> Iterator[Frame]:
        """Yield every frame that can be decoded.

        Raises:
            MediaError: The connection is lost.
        """
        clock = self._clock()
        painter, index = Painter(self._stream.sample_aspect_ratio), count()
        for frame in self._decoder.frames():
            yield Frame(painter(frame), clock(stamp_s(frame)), next(index), self.name)

    def start_s(self) -> float:
        """Return the file's own time of the first picture, at which `frames` begins to count; reads up to it.

        Raises:
            MediaError: The connection is lost.
        """
        clock = self._clock()
        for frame in self._decoder.frames():
            clock(stamp_s(frame))
            if clock.origin_s is not None:
                return clock.origin_s
        return 0.0

    def _clock(self) -> RecordedTime:
        return RecordedTime(1 / (rate_fps(self._stream) or USUAL_RATE_FPS))

    def info(self, first: Frame) -> SourceInfo:
        """Return what the container says; lengths are estimates where it says nothing."""
        stream, rate, duration_s = self._stream, rate_fps(self._stream), self._duration_s()
        height, width = first.image.shape[:2]
        guess = round(duration_s * rate) if duration_s and rate else None
        return SourceInfo(
            name=self.name,
            width=width,
            height=height,
            rate_fps=rate,
            frame_count=stream.frames or guess,
            duration_s=duration_s,
        )

    def _duration_s(self) -> float | None:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def close(self) -> None:
        """Close the container."""
        self._container.close()


def stamp_s(frame: VideoFrame) -> float | None:
    """Return when the stream's own clock wants the frame shown, if it says."""
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)


def rate_fps(stream: VideoStream) -> float | None:
    """Return the average rate, or FFmpeg's guess; None if neither can be."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate < IMPOSSIBLE_RATE_FPS:
            return float(rate)
    return None
