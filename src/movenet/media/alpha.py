"""Transparency of VP8 and VP9, which FFmpeg's decoders of these codecs leave out.

In WebM and Matroska it is a second video: its packets come with those of the colours, its luma is the opacity
(https://wiki.webmproject.org/alpha-channel). libvpx would decode both, but knows no limit to the size of a frame.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, cast

import numpy as np
from av import CodecContext, Packet, VideoFrame
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.plane import VideoPlane
from av.video.stream import VideoStream
from numpy.typing import NDArray

CODECS: Final = frozenset({"vp8", "vp9"})
SIDE_DATA: Final = "matroska_block_additional"
HEADER_BYTES: Final = 8
"""BlockAddID, big-endian, before the packet itself."""
WAITING: Final = 64
"""Alpha frames kept until their colours are decoded; a damaged file may hold some that have none."""


def has_alpha_packets(stream: VideoStream) -> bool:
    """Tell whether a stream says that its packets come with those of an alpha channel."""
    flags = {key.lower(): value for key, value in stream.metadata.items()}
    return flags.get("alpha_mode") == "1" and stream.codec_context.name in CODECS


class AlphaDecoder:
    """Decodes colours and alpha of one stream."""

    def __init__(self, colours: VideoCodecContext) -> None:
        """Prepare a decoder for alpha beside the one for colours, with the same options."""
        self._colours = colours
        self._alpha = cast("VideoCodecContext", CodecContext.create(colours.name, "r"))
        self._alpha.options = colours.options
        # Without frames decoded side by side, alpha is never later than its colours.
        self._alpha.thread_count = 1
        self._waiting: dict[int | None, VideoFrame] = {}

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Return the frames that are complete with this packet, in yuva420p where they have alpha.

        Raises:
            FFmpegError: The colours are damaged. Damaged alpha counts as opaque.
        """
        if packet is not None and packet.has_sidedata(SIDE_DATA):
            with suppress(FFmpegError):
                self._decode_alpha(packet)
        return [self._joined(frame) for frame in self._colours.decode(packet)]

    def _decode_alpha(self, packet: Packet[VideoStream]) -> None:
        alpha = Packet(bytes(packet.get_sidedata(SIDE_DATA))[HEADER_BYTES:])
        alpha.pts = packet.pts
        for frame in self._alpha.decode(alpha):
            self._waiting[frame.pts] = frame
        while len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]

    def _joined(self, colours: VideoFrame) -> VideoFrame:
        alpha = self._waiting.pop(colours.pts, None)
        if alpha is None or _kind(alpha) != _kind(colours) or colours.format.name != "yuv420p":
            return colours
        joined = VideoFrame(colours.width, colours.height, "yuva420p")
        for target, source in zip(joined.planes, (*colours.planes, alpha.planes[0]), strict=True):
            _pixels(target)[:] = _pixels(source)
        joined.pts, joined.time_base = colours.pts, colours.time_base
        joined.colorspace, joined.color_range = colours.colorspace, colours.color_range
        return joined


def _kind(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _pixels(plane: VideoPlane) -> NDArray[np.uint8]:
    """Return a view of a plane of bytes as (H, W)."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
