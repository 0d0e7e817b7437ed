"""Alpha channel of VP8 and VP9, which FFmpeg's own decoders ignore.

WebM and Matroska store alpha as a second video whose packets are attached to those of the colours; its luma is the
opacity (https://wiki.webmproject.org/alpha-channel). libvpx would decode both, but cannot limit the frame size.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, cast

from av import CodecContext, Packet, VideoFrame
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from movenet.media.ffmpeg_errors import DECODE_ERRORS
from movenet.media.planes import pixels

CODECS: Final = frozenset({"vp8", "vp9"})
SIDE_DATA: Final = "matroska_block_additional"
HEADER_BYTES: Final = 8
"""Size of BlockAddID (big-endian), which precedes the alpha packet."""
MAX_WAITING: Final = 64
"""Maximum number of alpha frames kept until their colours are decoded; in damaged files some have no colours."""


def has_alpha_packets(stream: VideoStream) -> bool:
    """Tell whether the packets of a stream carry an alpha channel, by its metadata."""
    flags = {key.lower(): value for key, value in stream.metadata.items()}
    return flags.get("alpha_mode") == "1" and stream.codec_context.name in CODECS


class AlphaDecoder:
    """Decodes the colours and the alpha channel of one stream."""

    def __init__(self, colours: VideoCodecContext) -> None:
        """Open a second decoder for alpha, with the options of the one for colours."""
        self._colours = colours
        self._alpha = cast("VideoCodecContext", CodecContext.create(colours.name, "r"))
        self._alpha.options = colours.options
        # Without frame threading, alpha is never later than its colours.
        self._alpha.thread_count = 1
        self._waiting: dict[int | None, VideoFrame] = {}

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Return the frames that this packet completes, as yuva420p if they have alpha; None flushes the decoder.

        Damaged alpha counts as opaque.

        Raises:
            FFmpegError: The colours are damaged.
        """
        if packet is not None and packet.has_sidedata(SIDE_DATA):
            with suppress(*DECODE_ERRORS):
                self._decode_alpha(packet)
        return [self._joined(frame) for frame in self._colours.decode(packet)]

    def _decode_alpha(self, packet: Packet[VideoStream]) -> None:
        alpha = Packet(bytes(packet.get_sidedata(SIDE_DATA))[HEADER_BYTES:])
        alpha.pts = packet.pts
        for frame in self._alpha.decode(alpha):
            self._waiting[frame.pts] = frame
        while len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]

    def _joined(self, colours: VideoFrame) -> VideoFrame:
        alpha = self._waiting.pop(colours.pts, None)
        if alpha is None or _layout(alpha) != _layout(colours) or colours.format.name != "yuv420p":
            return colours
        joined = VideoFrame(colours.width, colours.height, "yuva420p")
        for target, source in zip(joined.planes, (*colours.planes, alpha.planes[0]), strict=True):
            pixels(target)[:] = pixels(source)
        joined.pts, joined.time_base = colours.pts, colours.time_base
        joined.colorspace, joined.color_range = colours.colorspace, colours.color_range
        return joined


def _layout(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
