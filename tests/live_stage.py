"""A live server before the dark stage of `stage`: its models see bright boxes, its clients are a few lines."""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from movenet.live import ServerSettings, SharedModels
from movenet.live.server import Server
from stage import Stage, scene

PERSON = (200, 60, 120, 240, 200)
"""x, y, width, height, brightness of the person on the stage."""


def models(stage: Stage | None = None) -> SharedModels:
    """Return a choice of one person and many, by engines that see bright boxes."""
    stage = stage or Stage()
    return SharedModels(
        {"lightning": stage.estimator(), "thunder": stage.estimator(), "many": stage.estimator(people="many")}
    )


def jpeg(image=None, quality: int = 90) -> bytes:
    """Return a picture as a JPEG file; the person on the stage if none is given."""
    image = scene(PERSON, width=640, height=480) if image is None else image
    return cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ].tobytes()


def packet(frame: int, time_s: float, picture: bytes | None = None) -> bytes:
    """Return the message that brings a picture."""
    return struct.pack("<Id", frame, time_s) + (jpeg() if picture is None else picture)


def progressive_bomb(scans: int) -> bytes:
    """Return a JPEG of a few kilobytes that a decoder goes over so many times."""
    image = np.zeros((256, 256, 3), np.uint8)
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


@contextmanager
def serving(choice: SharedModels | None = None, **settings) -> Iterator[Server]:
    """Serve on this computer until the block ends, on any free port unless told otherwise; nothing may go wrong."""
    ready = threading.Event()
    server = Server(choice or models(), ServerSettings(**{"port": 0, **settings}), lambda url: ready.set())
    thread = threading.Thread(target=server.serve_until_stopped)
    kept = _Kept()
    logging.getLogger("uvicorn.error").addHandler(kept)
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield server
    finally:
        server.should_exit = True
        thread.join(20)
        logging.getLogger("uvicorn.error").removeHandler(kept)
        assert not thread.is_alive(), "the server did not stop"
    assert kept.lines == [], kept.lines
