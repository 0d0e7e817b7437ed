"""OpenCV keeps its log lines to itself."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final

import cv2


class _Quiet:
    """Keeps OpenCV's own log lines off the user's screen while any thread decodes: what fails is raised.

    The level belongs to the process, so the last one out restores what the first one in found.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._level = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._level = cv2.utils.logging.getLogLevel()
                cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                cv2.utils.logging.setLogLevel(self._level)


QUIET: Final = _Quiet()
