"""Decoding of packets to frames: damaged packets are skipped, interlaced video is deinterlaced."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Generic, TypeVar, cast

from av import Packet, VideoFrame
from av.container import InputContainer
from av.error import BlockingIOError as FFmpegAgain
from av.error import EOFError as FFmpegEof
from av.error import ExitError, FFmpegError
from av.filter import Graph
from av.stream import Stream
from av.video.stream import VideoStream

from movenet.errors import MediaError
from movenet.media.alpha import AlphaDecoder, has_alpha_packets
from movenet.media.ffmpeg_errors import DECODE_ERRORS, describe_error

AnyStream = TypeVar("AnyStream", bound=Stream)


def _reason(problem: FFmpegError, name: str) -> str:
    """Return why a file or stream broke off, with a remedy for recordings on servers that send whole files only."""
    remedy = "; if its server cannot send parts of a file, download it first"
    is_download = name.startswith("http") and problem.errno == errno.EIO
    return describe_error(problem) + (remedy if is_download else "")


class Packets(Generic[AnyStream]):
    """Iterable of the packets of one stream, from the container's position to its end; damaged ones are skipped."""

    def __init__(
        self,
        container: InputContainer,
        stream: AnyStream,
        name: str,
        damage_limit: int,
        *,
        from_start: bool = True,
    ) -> None:
        """Set the stream; `damage_limit` unreadable packets in a row count as its end.

        `from_start` tells whether the container is at its start.
        """
        self.damage = 0
        """Number of unreadable packets so far; at the end including those that the index lists but the file lacks."""
        self._container = container
        self._stream = stream
        self._name = name
        self._damage_limit = damage_limit
        # The index of MP4 lists every packet, which reveals a truncated file; other formats list only a few.
        self._listed = len(stream.index_entries) if from_start else 0

    def __iter__(self) -> Iterator[Packet[AnyStream] | None]:
        """Yield the packets; the last one is empty or None and flushes a decoder.

        Raises:
            MediaError: The connection is lost, or nothing arrives in time.
        """
        misses, read = 0, 0
        while misses < self._damage_limit:
            try:
                for packet in self._container.demux(self._stream):
                    misses, read = 0, read + bool(packet.size)
                    yield cast("Packet[AnyStream]", packet)
                self.damage += max(self._listed - read - self.damage, 0)
                return
            except FFmpegError as problem:
                # In a damaged file an I/O error may be local and reading can continue; a lost connection cannot.
                if isinstance(problem, ExitError) or ("://" in self._name and isinstance(problem, OSError)):
                    raise MediaError(f"{self._name} broke off: {_reason(problem, self._name)}") from problem
                misses += 1
                self.damage += 1
            except IndexError:
                # Raised by PyAV at the end of a damaged file in which another stream appeared.
                break
        yield None


class Decoder:
    """Decodes one video stream."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        name: str,
        damage_limit: int,
        *,
        from_start: bool = True,
    ) -> None:
        """Set the stream; `damage_limit` unreadable packets in a row count as its end.

        `from_start` tells whether the container is at its start.
        """
        context = stream.codec_context
        self._context = AlphaDecoder(context) if has_alpha_packets(stream) else context
        self._packets = Packets(container, stream, name, damage_limit, from_start=from_start)
        self._undecoded = 0

    @property
    def damage(self) -> int:
        """Number of packets so far that could not be read or decoded."""
        return self._packets.damage + self._undecoded

    def frames(self) -> Iterator[VideoFrame]:
        """Yield deinterlaced frames in presentation order.

        Raises:
            MediaError: The connection is lost, or nothing arrives in time.
        """
        yield from deinterlace(frame for packet in self._packets for frame in self._decode(packet))

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._context.decode(packet)
        except FFmpegEof:
            return []
        except DECODE_ERRORS:
            self._undecoded += 1
            return []


def deinterlace(frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    """Yield the frames, deinterlaced by FFmpeg's filter yadif from the first interlaced one on.

    The filter returns one frame per frame, at the same time, and leaves progressive frames unchanged.
    """
    deinterlacer: _Deinterlacer | None = None
    for frame in frames:
        if deinterlacer and not deinterlacer.takes(frame):
            yield from deinterlacer.flush()
            deinterlacer = None
        if deinterlacer is None and frame.interlaced_frame:
            deinterlacer = _Deinterlacer(frame)
        if deinterlacer is None:
            yield frame
        else:
            yield from deinterlacer.process(frame)
    if deinterlacer:
        yield from deinterlacer.flush()


class _Deinterlacer:
    """Filter graph of yadif for frames of one size and pixel format."""

    def __init__(self, frame: VideoFrame) -> None:
        self._like = self._layout(frame)
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base or Fraction(1, 90000),
        )
        yadif = self._graph.add("yadif", mode="send_frame", deint="interlaced")
        self._graph.link_nodes(source, yadif, self._graph.add("buffersink")).configure()

    @staticmethod
    def _layout(frame: VideoFrame) -> tuple[int, int, str, Fraction | None]:
        return frame.width, frame.height, frame.format.name, frame.time_base

    def takes(self, frame: VideoFrame) -> bool:
        return self._layout(frame) == self._like

    def process(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        self._graph.vpush(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (FFmpegAgain, FFmpegEof):
                return

    def flush(self) -> Iterator[VideoFrame]:
        return self.process(None)
