"""FFmpeg's errors as messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from av.error import EOFError as FFmpegEof
from av.error import ExitError, FFmpegError, InvalidDataError
from av.error import TimeoutError as FFmpegTimeout

from movenet.errors import MediaError

DECODE_ERRORS: Final = (FFmpegError, ValueError)
"""Errors of decoding a damaged packet. PyAV 19 raises ValueError for each one after a decoder that failed to open."""


def describe_error(problem: Exception) -> str:
    """Return the cause of an FFmpeg error as a clause for a message."""
    if isinstance(problem, ExitError | FFmpegTimeout):
        return "nothing came in time"
    if isinstance(problem, InvalidDataError | FFmpegEof):
        return "it is neither a photo nor a video that can be read, or it is damaged or cut short"
    text = getattr(problem, "strerror", None) or str(problem)
    return text[:1].lower() + text[1:]


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Context in which errors of FFmpeg become MediaError with the path.

    Raises:
        MediaError: FFmpeg failed to write the file.
    """
    try:
        yield
    except FFmpegError as problem:
        raise MediaError(f"cannot write {path}: {describe_error(problem)}") from problem
