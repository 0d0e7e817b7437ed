"""Streams and recordings behind an address."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Final

from av.container import InputContainer

from movenet.errors import MediaError
from movenet.media.container import open_container, pictures_of
from movenet.media.file_type import STILL_BRANDS
from movenet.media.location import Address
from movenet.media.pixels import Painter
from movenet.media.sources.base import LiveSettings, Source, SourceSettings
from movenet.media.sources.decoding import Decoder
from movenet.media.sources.live import Grab, LiveSource
from movenet.media.sources.pictures import PhotoReel
from movenet.media.sources.recording import Recording
from movenet.media.sources.video_file import VideoReel, stamp_s
from movenet.media.sources.web_photo import fetch_photo

OPTIONS: Final = {
    # Over UDP, one lost datagram tears a picture; TCP also passes through firewalls.
    "rtsp": {"rtsp_transport": "tcp"},
    "rtsps": {"rtsp_transport": "tcp"},
}
PROBE: Final = {"analyzeduration": "1000000"}
"""Look at one second of a stream at most, in microseconds, to learn what it holds."""

_STAMPLESS: Final = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "m4v"})
"""Formats without time stamps, to which FFmpeg gives those of 25 pictures per second."""


def open_address(address: Address, settings: SourceSettings) -> Source:
    """Open a network address, live or recorded.

    http and https are a photo if that is what they send, and recordings if they have a length. Everything else is
    live.

    Raises:
        MediaError: Nobody answers, or what is sent holds no pictures.
    """
    if not address.is_web:
        return _live(address, settings.live, None)
    opened = _in_time(partial(_open, address, settings.live), settings.live.give_up_after_s, address)
    if _may_be_photo(opened) and (photo := fetch_photo(address, settings.live.give_up_after_s)):
        opened.close()
        return Recording(PhotoReel(photo.name, photo.read), settings.ahead)
    if opened.duration:
        return Recording(VideoReel(opened, str(address), settings.damage_limit), settings.ahead)
    return _live(address, settings.live, opened)


def _may_be_photo(opened: InputContainer) -> bool:
    """Tell whether FFmpeg took it for a picture file; HEIC and AVIF are of the family of MP4."""
    brand = opened.metadata.get("major_brand", "").encode()
    return opened.format.name.endswith("_pipe") or brand in STILL_BRANDS


def _open(address: Address, settings: LiveSettings) -> InputContainer:
    options = PROBE | OPTIONS.get(address.scheme, {}) | dict(settings.options)
    # The first is spent up to twice, on connecting and on looking at what comes.
    timeouts_s = settings.give_up_after_s / 2, settings.stall_s
    return open_container(address.url, timeouts_s=timeouts_s, options=options)


def _in_time(opening: Callable[[], InputContainer], limit_s: float, address: Address) -> InputContainer:
    """Open in a thread: looking up a name cannot be interrupted, and may take the system minutes."""
    answer: queue.Queue[InputContainer | BaseException] = queue.Queue()

    def work() -> None:
        try:
            answer.put(opening())
        except BaseException as problem:  # noqa: BLE001 (it is raised below)
            answer.put(problem)

    threading.Thread(target=work, daemon=True).start()
    try:
        opened = answer.get(timeout=limit_s)
    except queue.Empty:
        raise MediaError(f"{address} did not answer within {limit_s:g} s") from None
    if isinstance(opened, BaseException):
        raise opened
    return opened


def _live(address: Address, settings: LiveSettings, opened: InputContainer | None) -> LiveSource:
    name, spare = str(address), [opened] if opened else []

    def connect() -> Generator[Grab, None, None]:
        yield from _grabs(spare.pop() if spare else _open(address, settings), name)

    return LiveSource(name, connect, settings)


def _grabs(container: InputContainer, name: str) -> Generator[Grab, None, None]:
    with container:
        stream = pictures_of(container, name)
        # Decoding frames side by side would hold back as many as there are threads.
        stream.thread_type = "SLICE"
        stamped, painter = container.format.name not in _STAMPLESS, Painter(stream.sample_aspect_ratio)
        for frame in Decoder(container, stream, name, damage_limit=100).frames():
            yield Grab(partial(painter, frame), stamp_s(frame) if stamped else None)
