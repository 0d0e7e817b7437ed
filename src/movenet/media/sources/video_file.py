"""Reader of video files and animated GIFs and PNGs, from disk or over the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain, count
from typing import Final

import av
from av import VideoFrame
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from movenet.machine import usable_cores
from movenet.media.container import video_stream
from movenet.media.conversion import FrameConverter
from movenet.media.frame import Frame
from movenet.media.sources.base import SourceInfo
from movenet.media.sources.clock import RecordingClock
from movenet.media.sources.decoding import Decoder

DEFAULT_RATE_FPS: Final = 30.0
"""Frame rate assumed if a stream states none."""
MAX_RATE_FPS: Final = 10_000.0
"""Frame rates from here on come from damaged headers and are ignored."""

SEEK_EARLIER_S: Final = (0.0, 10.0)
"""Seconds before the time wanted at which a key frame is looked for: without an index, FFmpeg may land after it."""


class VideoReader:
    """Reads the frames of an open container."""

    def __init__(self, container: InputContainer, name: str, damage_limit: int) -> None:
        """Take ownership of the container: `close` closes it, and so does an error here.

        Raises:
            MediaError: It has no video stream, or one of an unknown codec.
        """
        self.name = name
        self._container = container
        try:
            self._stream = video_stream(container, name)
        except BaseException:
            container.close()
            raise
        # Frame threading delays the output, which does not matter for recordings.
        self._stream.thread_type = "AUTO"
        # FFmpeg's default is one thread more than cores, which costs a tenth of the decoding time.
        self._stream.codec_context.thread_count = usable_cores()
        self._damage_limit = damage_limit
        self._decoder = Decoder(container, self._stream, name, damage_limit)

    @property
    def damage(self) -> int:
        """Number of packets so far that could not be read or decoded."""
        return self._decoder.damage

    def frames(self, start_s: float = 0.0) -> Iterator[Frame]:
        """Yield every frame that can be decoded, from a key frame at or before `start_s` on.

        Raises:
            MediaError: The connection is lost.
        """
        clock = self._clock()
        converter, index = FrameConverter(self._stream.sample_aspect_ratio), count()
        for frame in self._seek(start_s, clock) if start_s > 0 else self._decoder.frames():
            yield Frame(converter(frame), clock(timestamp_s(frame)), next(index), self.name)

    def start_s(self) -> float:
        """Return the file's timestamp of the first frame, the time 0 of `frames`; reads up to that frame.

        Raises:
            MediaError: The connection is lost.
        """
        return self._find_origin(self._clock())

    def _find_origin(self, clock: RecordingClock) -> float:
        """Run the clock up to the first frame with a timestamp and return its origin in seconds; 0 without any."""
        for frame in self._decoder.frames():
            clock(timestamp_s(frame))
            if clock.origin_s is not None:
                return clock.origin_s
        return 0.0

    def _seek(self, start_s: float, clock: RecordingClock) -> Iterator[VideoFrame]:
        """Return the frames from a key frame at or before `start_s` on; all, if none is found."""
        target_s = self._find_origin(clock) + start_s
        for earlier_s in SEEK_EARLIER_S:
            frames = self._jump(target_s - earlier_s)
            first = next(frames, None)
            at_s = timestamp_s(first) if first else None
            if first and at_s is not None and at_s <= target_s:
                clock.jump(at_s)
                return chain([first], frames)
        clock.jump(target_s - start_s)
        return self._jump(target_s - start_s)

    def _jump(self, timestamp_s: float) -> Iterator[VideoFrame]:
        """Return the frames from about a timestamp on; from the current position on, if the file cannot be searched."""
        with suppress(FFmpegError):
            time_base = self._stream.time_base or Fraction(1, av.time_base)
            self._container.seek(int(timestamp_s / time_base), stream=self._stream)
        self._decoder = Decoder(
            self._container, self._stream, self.name, self._damage_limit, from_start=False
        )
        return self._decoder.frames()

    def _clock(self) -> RecordingClock:
        return RecordingClock(1 / (rate_fps(self._stream) or DEFAULT_RATE_FPS))

    def info(self, first: Frame) -> SourceInfo:
        """Return the properties that the container states; the number of frames may be an estimate."""
        stream, rate, duration_s = self._stream, rate_fps(self._stream), self._duration_s()
        guess = round(duration_s * rate) if duration_s and rate else None
        return SourceInfo(
            name=self.name,
            width=first.width,
            height=first.height,
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


def timestamp_s(frame: VideoFrame) -> float | None:
    """Return the presentation timestamp of a frame in seconds of the stream's clock, if it has one."""
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)


def rate_fps(stream: VideoStream) -> float | None:
    """Return the mean frame rate, or FFmpeg's guess; None if neither is plausible."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate < MAX_RATE_FPS:
            return float(rate)
    return None
