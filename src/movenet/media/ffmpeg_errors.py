"""FFmpeg's complaints turned into sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av.error import EOFError as NoMore
from av.error import ExitError, FFmpegError, InvalidDataError
from av.error import TimeoutError as TooLate

from movenet.errors import MediaError


def reason(problem: Exception) -> str:
    """Say in a clause what FFmpeg means."""
    if isinstance(problem, ExitError | TooLate):
        return "nothing came in time"
    if isinstance(problem, InvalidDataError | NoMore):
        return "it is no video that can be read, or is damaged or cut short"
    text = getattr(problem, "strerror", None) or str(problem)
    return text[:1].lower() + text[1:]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let what goes wrong inside name the file and say why.

    Raises:
        MediaError: FFmpeg failed.
    """
    try:
        yield
    except FFmpegError as problem:
        raise MediaError(f"cannot write {path}: {reason(problem)}") from problem
