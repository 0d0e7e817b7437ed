"""Packets in, frames out: past damaged places, and with interlaced fields woven into whole pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Generic, TypeVar, cast

from av import Packet, VideoFrame
from av.container import InputContainer
from av.error import BlockingIOError as NotNow
from av.error import EOFError as NoMore
from av.error import ExitError, FFmpegError
from av.filter import Graph
from av.stream import Stream
from av.video.stream import VideoStream

from movenet.errors import MediaError
from movenet.media.alpha import AlphaDecoder, has_alpha_packets
from movenet.media.ffmpeg_errors import reason

AnyStream = TypeVar("AnyStream", bound=Stream)


class Packets(Generic[AnyStream]):
    """The packets of one stream from where its container stands to its end, past damaged places."""

    def __init__(self, container: InputContainer, stream: AnyStream, name: str, damage_limit: int) -> None:
        """Read nothing yet. `damage_limit` packets in a row that cannot be read are taken for the end."""
        self.damage = 0
        """Packets so far that could not be read; at the end also those that the file lists and does not have."""
        self._container = container
        self._stream = stream
        self._name = name
        self._damage_limit = damage_limit
        # MP4 lists every packet, so that a file cut short can be told from one that ends; others list a few.
        self._listed = len(stream.index_entries)

    def __iter__(self) -> Iterator[Packet[AnyStream] | None]:
        """Yield packets, the last of them empty or None: it makes a decoder hand out what it holds back.

        Raises:
            MediaError: The connection is lost or silent.
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
                # A damaged file may look like a failing disk to FFmpeg, but a connection does not come back.
                if isinstance(problem, ExitError) or ("://" in self._name and isinstance(problem, OSError)):
                    raise MediaError(f"{self._name} broke off: {reason(problem)}") from problem
                misses += 1
                self.damage += 1
            except IndexError:
                # PyAV fails so at the end of a damaged file that grew another stream on the way.
                break
        yield None


class Decoder:
    """The pictures of one video stream."""

    def __init__(self, container: InputContainer, stream: VideoStream, name: str, damage_limit: int) -> None:
        """Read nothing yet. `damage_limit` packets in a row that cannot be read are taken for the end."""
        context = stream.codec_context
        self._context = AlphaDecoder(context) if has_alpha_packets(stream) else context
        self._packets = Packets(container, stream, name, damage_limit)
        self._undecoded = 0

    @property
    def damage(self) -> int:
        """Packets so far that could not be read or decoded."""
        return self._packets.damage + self._undecoded

    def frames(self) -> Iterator[VideoFrame]:
        """Yield whole pictures in the order they are shown.

        Raises:
            MediaError: The connection is lost or silent.
        """
        yield from deinterlaced(frame for packet in self._packets for frame in self._decode(packet))

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._context.decode(packet)
        except NoMore:
            return []
        except FFmpegError:
            self._undecoded += 1
            return []


def deinterlaced(frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    """Pass frames on; from the first interlaced one, fields are woven together by FFmpeg's yadif.

    One picture per frame, at the frame's own time. Progressive frames in between stay as they are.
    """
    weaver: _Weaver | None = None
    for frame in frames:
        if weaver and not weaver.takes(frame):
            yield from weaver.rest()
            weaver = None
        if weaver is None and frame.interlaced_frame:
            weaver = _Weaver(frame)
        if weaver is None:
            yield frame
        else:
            yield from weaver.weave(frame)
    if weaver:
        yield from weaver.rest()


class _Weaver:
    """A filter graph for frames of one size and pixel format."""

    def __init__(self, frame: VideoFrame) -> None:
        self._like = self._kind(frame)
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base or Fraction(1, 90000),
        )
        weave = self._graph.add("yadif", mode="send_frame", deint="interlaced")
        self._graph.link_nodes(source, weave, self._graph.add("buffersink")).configure()

    @staticmethod
    def _kind(frame: VideoFrame) -> tuple[int, int, str, Fraction | None]:
        return frame.width, frame.height, frame.format.name, frame.time_base

    def takes(self, frame: VideoFrame) -> bool:
        return self._kind(frame) == self._like

    def weave(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        self._graph.vpush(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (NotNow, NoMore):
                return

    def rest(self) -> Iterator[VideoFrame]:
        return self.weave(None)
