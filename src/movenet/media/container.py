"""Opening what FFmpeg can read, and saying in one sentence why it cannot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from movenet.errors import MediaError
from movenet.media.ffmpeg_errors import reason
from movenet.media.location import without_password

MAX_FRAME_PIXELS: Final = 67_108_864
"""The largest frame that is decoded, twice 8K; a damaged header may ask for anything."""

_NO_PICTURES: Final = frozenset({"tty", "bin", "adf", "idf", "xbin"})
"""Text that FFmpeg would paint as a picture of a terminal."""


def open_container(
    address: str,
    *,
    demuxer: str | None = None,
    timeouts_s: tuple[float, float] | None = None,
    options: Mapping[str, str] | None = None,
) -> InputContainer:
    """Open a file or address for reading; `timeouts_s` bound the opening and each wait for more to read.

    A name that exists in the file system is a file, whatever FFmpeg would make of its colons. `demuxer` is FFmpeg's
    name of the format; None lets it find out.

    Raises:
        MediaError: It cannot be opened, or is nothing that holds pictures.
    """
    limits = {"max_pixels": str(MAX_FRAME_PIXELS)} | dict(options or {})
    is_file = os.path.exists(address)  # noqa: PTH110 (Path.exists raises for odd names)
    place = os.path.abspath(address) if is_file else address  # noqa: PTH100 (a path, as FFmpeg takes it)
    try:
        container = av.open(
            place, format=demuxer, options=limits, timeout=timeouts_s, metadata_errors="replace"
        )
    except (FFmpegError, ValueError) as problem:
        # FFmpeg's error quotes the address with its password, which a traceback would print.
        cause = problem if is_file else None
        raise MediaError(f"cannot open {without_password(address)}: {reason(problem)}") from cause
    if container.format.name in _NO_PICTURES:
        container.close()
        raise MediaError(f"{without_password(address)} is text: expected a video")
    return container


def pictures_of(container: InputContainer, name: str) -> VideoStream:
    """Return the container's main video stream.

    Raises:
        MediaError: There is sound only, or nothing.
    """
    stream = cast("VideoStream | None", container.streams.best("video"))
    # A song's cover is a video stream too.
    if stream is None or stream.disposition & Disposition.attached_pic:
        holds = "only sound" if container.streams.audio else "no video"
        raise MediaError(f"{name} holds {holds}: expected a video")
    if stream.codec_context is None:
        raise MediaError(
            f"{name} is coded in a way that this FFmpeg does not know: convert it to H.264 first"
        )
    stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
    return stream
