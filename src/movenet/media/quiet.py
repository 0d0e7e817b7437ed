"""Libraries keep what they say to themselves: what fails is raised."""

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


class _Quiet:
    """Keeps a library's own messages off the user's screen while any thread decodes.

    Such settings belong to the process, so the last one out restores what the first one in found.
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
    """Ignore Pillow's warnings and libtiff's errors; Pillow's log goes to handlers that the user has set only."""
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
        # By identity: an equal one may be the user's.
        filters[:] = [entry for entry in filters if entry is not ours]

    return undo


@functools.cache
def _libtiff_handler_setter() -> Callable[[int | None], int | None]:
    """Return libtiff's function that sets what is called with its errors and returns what was called until then.

    Pillow sets the one for warnings alone. On Windows its libtiff cannot be reached, and there it stays as it is.
    """
    from PIL import _imaging

    library = ctypes.CDLL(_imaging.__file__)
    if not hasattr(library, "TIFFSetErrorHandler"):
        return lambda handler: None
    setter = library.TIFFSetErrorHandler
    setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
    return cast("Callable[[int | None], int | None]", setter)


QUIET: Final = _Quiet(_silence_opencv)
PILLOW_QUIET: Final = _Quiet(_silence_pillow)
