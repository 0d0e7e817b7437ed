"""Silencing of OpenCV and Pillow while they decode; failures are raised as exceptions instead."""

from __future__ import annotations

import ctypes
import functools
import logging
import re
import threading
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Final, cast

import cv2

Undo = Callable[[], object]


class _Silence:
    """Context that suppresses the messages of a library, usable by several threads at a time.

    These settings belong to the process: the first thread to enter sets them, the last one to leave restores them.
    """

    def __init__(self, silence: Callable[[], Undo]) -> None:
        self._silence = silence
        self._lock = threading.Lock()
        self._inside = 0
        self._undo: Undo | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._undo = self._silence()
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._undo is not None:
                self._undo()


def _silence_opencv() -> Undo:
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return lambda: cv2.utils.logging.setLogLevel(level)


def _silence_pillow() -> Undo:
    """Ignore Pillow's warnings and libtiff's errors; Pillow's log reaches only handlers set by the user."""
    filters = cast("list[object]", warnings.filters)
    ours = ("ignore", None, Warning, re.compile(r"(PIL|pillow_heif)\b"), 0)
    filters.insert(0, ours)
    logger, handler = logging.getLogger("PIL"), logging.NullHandler()
    logger.addHandler(handler)
    set_libtiff_handler = _libtiff_handler_setter()
    libtiff_handler = set_libtiff_handler(None)

    def undo() -> None:
        set_libtiff_handler(libtiff_handler)
        logger.removeHandler(handler)
        # By identity: an equal filter may be the user's.
        filters[:] = [entry for entry in filters if entry is not ours]

    return undo


@functools.cache
def _libtiff_handler_setter() -> Callable[[int | None], int | None]:
    """Return libtiff's TIFFSetErrorHandler, which returns the previous handler.

    Pillow itself sets the handler of warnings only. On Windows the function cannot be reached; then nothing is set.
    """
    from PIL import _imaging

    library = ctypes.CDLL(_imaging.__file__)
    if not hasattr(library, "TIFFSetErrorHandler"):
        return lambda handler: None
    setter = library.TIFFSetErrorHandler
    setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
    return cast("Callable[[int | None], int | None]", setter)


SILENT_OPENCV: Final = _Silence(_silence_opencv)
SILENT_PILLOW: Final = _Silence(_silence_pillow)
