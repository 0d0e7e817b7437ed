"""Live streams, recordings and photos at network addresses."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Final

from av.container import InputContainer

from movenet.errors import MediaError
from movenet.media.container import open_container, video_stream
from movenet.media.conversion import FrameConverter
from movenet.media.file_type import STILL_BRANDS
from movenet.media.location import Address
from movenet.media.sources.base import LiveSettings, Source, SourceSettings
from movenet.media.sources.decoding import Decoder
from movenet.media.sources.download import fetch_photo
from movenet.media.sources.live import LiveSource, ReceivedFrame
from movenet.media.sources.pictures import PhotoReader
from movenet.media.sources.recording import Recording
from movenet.media.sources.video_file import VideoReader, timestamp_s

OPTIONS: Final = {
    # Over UDP a lost datagram damages a picture; TCP also passes through firewalls.
    "rtsp": {"rtsp_transport": "tcp"},
    "rtsps": {"rtsp_transport": "tcp"},
}
PROBE: Final = {"analyzeduration": "1000000"}
"""FFmpeg analyses at most so many microseconds of a stream to detect its codecs."""

_WITHOUT_TIMESTAMPS: Final = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "m4v"})
"""Formats without timestamps, for which FFmpeg makes up those of 25 frames per second."""


def open_address(address: Address, settings: SourceSettings) -> Source:
    """Open a network address, live or recorded.

    http and https serve a photo, a recording (if it has a duration) or a live stream. All other addresses are live.

    Raises:
        MediaError: The server does not answer, or sends no pictures.
    """
    if not address.is_web:
        return _live(address, settings.live, None)
    opened = _with_timeout(partial(_open, address, settings.live), settings.live.give_up_after_s, address)
    if _may_be_photo(opened) and (photo := fetch_photo(address, settings.live.give_up_after_s)):
        opened.close()
        return Recording(PhotoReader(photo.name, photo.read), settings)
    if opened.duration:
        return Recording(VideoReader(opened, str(address), settings.damage_limit), settings)
    return _live(address, settings.live, opened)


def _may_be_photo(opened: InputContainer) -> bool:
    """Tell whether FFmpeg detected a picture file; HEIC and AVIF are detected as MP4 with a brand."""
    brand = opened.metadata.get("major_brand", "").encode()
    return opened.format.name.endswith("_pipe") or brand in STILL_BRANDS


def _open(address: Address, settings: LiveSettings) -> InputContainer:
    options = PROBE | OPTIONS.get(address.scheme, {}) | dict(settings.options)
    # The first timeout applies twice: to connecting and to the analysis of the stream.
    timeouts_s = settings.give_up_after_s / 2, settings.stall_s
    return open_container(address.url, timeouts_s=timeouts_s, options=options)


def _with_timeout(opening: Callable[[], InputContainer], limit_s: float, address: Address) -> InputContainer:
    """Open in a thread with a timeout: a DNS lookup cannot be interrupted and may take minutes."""
    result: queue.Queue[InputContainer | BaseException] = queue.Queue()

    def work() -> None:
        try:
            result.put(opening())
        except BaseException as problem:  # noqa: BLE001 (it is raised below)
            result.put(problem)

    threading.Thread(target=work, daemon=True).start()
    try:
        opened = result.get(timeout=limit_s)
    except queue.Empty:
        raise MediaError(f"{address} did not answer within {limit_s:g} s") from None
    if isinstance(opened, BaseException):
        raise opened
    return opened


def _live(address: Address, settings: LiveSettings, opened: InputContainer | None) -> LiveSource:
    name, spare = str(address), [opened] if opened else []

    def connect() -> Generator[ReceivedFrame, None, None]:
        yield from _received_frames(spare.pop() if spare else _open(address, settings), name)

    return LiveSource(name, connect, settings)


def _received_frames(container: InputContainer, name: str) -> Generator[ReceivedFrame, None, None]:
    with container:
        stream = video_stream(container, name)
        # Frame threading would delay by as many frames as there are threads.
        stream.thread_type = "SLICE"
        has_timestamps = container.format.name not in _WITHOUT_TIMESTAMPS
        converter = FrameConverter(stream.sample_aspect_ratio)
        for frame in Decoder(container, stream, name, damage_limit=100).frames():
            yield ReceivedFrame(partial(converter, frame), timestamp_s(frame) if has_timestamps else None)
