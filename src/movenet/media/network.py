"""Streams and recordings behind an address."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from av.container import InputContainer

from movenet.errors import MediaError
from movenet.media.container import open_container, pictures_of, without_password
from movenet.media.decoding import Decoder
from movenet.media.live import Grab, LiveSource
from movenet.media.pixels import Painter
from movenet.media.recording import Recording
from movenet.media.source import LiveSettings, Source, SourceSettings
from movenet.media.video_file import VideoReel, stamp_s

OPTIONS: Final = {
    # Over UDP, one lost datagram tears a picture; TCP also passes through firewalls.
    "rtsp": {"rtsp_transport": "tcp"},
    "rtsps": {"rtsp_transport": "tcp"},
}
PROBE: Final = {"analyzeduration": "1000000"}
"""Look at one second of a stream at most, in microseconds, to learn what it holds."""

_STAMPLESS: Final = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "m4v"})
"""Formats without time stamps, to which FFmpeg gives those of 25 pictures per second."""


def open_address(address: str, settings: SourceSettings) -> Source:
    """Open a network address, live or recorded.

    http and https are recordings if they have a length. Everything else is live.

    Raises:
        MediaError: Nobody answers, or what is sent holds no pictures.
    """
    if _scheme(address) not in ("http", "https"):
        return _live(address, settings.live, None)
    opened = _in_time(partial(_open, address, settings.live), settings.live.give_up_after_s, address)
    if opened.duration:
        return Recording(VideoReel(opened, without_password(address), settings.damage_limit), settings.ahead)
    return _live(address, settings.live, opened)


def _scheme(address: str) -> str:
    return urlsplit(address).scheme.lower()


def _open(address: str, settings: LiveSettings) -> InputContainer:
    options = PROBE | OPTIONS.get(_scheme(address), {}) | dict(settings.options)
    # The first is spent up to twice, on connecting and on looking at what comes.
    timeouts_s = settings.give_up_after_s / 2, settings.stall_s
    return open_container(address, timeouts_s=timeouts_s, options=options)


def _in_time(opening: Callable[[], InputContainer], limit_s: float, address: str) -> InputContainer:
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
        raise MediaError(f"{without_password(address)} did not answer within {limit_s:g} s") from None
    if isinstance(opened, BaseException):
        raise opened
    return opened


def _live(address: str, settings: LiveSettings, opened: InputContainer | None) -> LiveSource:
    name, spare = without_password(address), [opened] if opened else []

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
