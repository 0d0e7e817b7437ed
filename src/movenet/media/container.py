"""Opening of files and addresses with FFmpeg; failures become MediaError."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, BinaryIO, Final, cast

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from movenet.errors import MediaError
from movenet.media.ffmpeg_errors import describe_error
from movenet.media.location import without_password

MAX_FRAME_PIXELS: Final = 67_108_864
"""Largest frame that is decoded: twice 8K. Damaged headers may state any size."""

_NO_PICTURES: Final = frozenset({"tty", "bin", "adf", "idf", "xbin"})
"""Text formats that FFmpeg renders as pictures of a terminal."""
_METADATA: Final[dict[str, Any]] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)
"""PyAV 17 and 18 refuse a file whose metadata is not UTF-8 unless they may replace characters; later ones accept it."""


def open_container(
    address: str,
    *,
    file: BinaryIO | None = None,
    demuxer: str | None = None,
    timeouts_s: tuple[float, float] | None = None,
    options: Mapping[str, str] | None = None,
) -> InputContainer:
    """Open a file or address for reading.

    Args:
        address: A name that exists in the file system is a file, even if FFmpeg would parse it as an address.
        file: Read in place of the address, which then is only its name.
        demuxer: FFmpeg's name of the format; None lets FFmpeg detect it.
        timeouts_s: Timeouts in seconds of opening and of each read.
        options: FFmpeg's options.

    Raises:
        MediaError: It cannot be opened, or is text.
    """
    limits = {"max_pixels": str(MAX_FRAME_PIXELS)} | dict(options or {})
    is_file = file is None and os.path.exists(address)  # noqa: PTH110 (Path.exists raises for odd names)
    place = os.path.abspath(address) if is_file else address  # noqa: PTH100 (a path, as FFmpeg takes it)
    try:
        container: InputContainer = av.open(
            file or place,
            mode="r",
            format=demuxer,
            options=limits,
            timeout=timeouts_s,
            **_METADATA,
        )
    except (FFmpegError, ValueError) as problem:
        # FFmpeg's error contains the address with its password, which a traceback would print.
        cause = problem if is_file else None
        raise MediaError(f"cannot open {without_password(address)}: {describe_error(problem)}") from cause
    if container.format.name in _NO_PICTURES:
        container.close()
        raise MediaError(f"{without_password(address)} is text: expected a video")
    return container


def is_decodable(stream: VideoStream | AudioStream) -> bool:
    """Tell whether this FFmpeg has a decoder; without one the context is None, or since PyAV 19 one without a codec."""
    context = cast("CodecContext | None", stream.codec_context)
    return context is not None and context.is_decoder


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """Return the container's main video stream.

    Raises:
        MediaError: The container has no video stream, or one of an unknown codec.
    """
    stream = cast("VideoStream | None", container.streams.best("video"))
    # The cover of a song is a video stream, too.
    if stream is None or stream.disposition & Disposition.attached_pic:
        holds = "only audio" if container.streams.audio else "no video"
        raise MediaError(f"{name} holds {holds}: expected a video")
    if not is_decodable(stream):
        raise MediaError(
            f"{name} has a video codec that this FFmpeg does not know: convert it to H.264 first"
        )
    stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
    return stream
