"""A live server before the dark stage of `stage`: its models see bright boxes, its clients are a few lines."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np

import fuzz_messages
from movenet.live import ServerSettings, SharedModels
from movenet.live.log_limit import LOGGERS
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
    return fuzz_messages.packet(frame, time_s, jpeg() if picture is None else picture)


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


@contextmanager
def kept_log() -> Iterator[list[str]]:
    """Collect what a server logs; an entry with a traceback is one string."""
    kept = _Kept()
    for name in LOGGERS:
        logging.getLogger(name).addHandler(kept)
    try:
        yield kept.lines
    finally:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(kept)


@contextmanager
def serving(choice: SharedModels | None = None, *, may_log: str = "$.", **settings) -> Iterator[Server]:
    """Serve on this computer until the block ends, on any free port unless told otherwise.

    Nothing may be logged but what fits the pattern `may_log`.
    """
    ready = threading.Event()
    server = Server(choice or models(), ServerSettings(**{"port": 0, **settings}), lambda _: ready.set())
    thread = threading.Thread(target=server.serve_until_stopped)
    with kept_log() as lines:
        thread.start()
        try:
            assert ready.wait(120), "the server did not start"
            yield server
        finally:
            server.should_exit = True
            thread.join(120)
            assert not thread.is_alive(), "the server did not stop"
    assert [line for line in lines if not re.fullmatch(may_log, line)] == []


def happens(condition: Callable[[], object], limit_s: float = 120) -> bool:
    """Tell whether something comes true in time."""
    deadline_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True
