"""All errors that a user can fix, as one tree.

    MoveNetError                  base: one sentence, with the remedy if known
    ├── ModelError                a model is unknown, missing, damaged or of the wrong kind
    ├── EngineError               a runtime cannot run on this machine, or its input is wrong
    ├── DataError                 the content of annotations, records, settings or checkpoints is wrong
    │   └── UnknownKeypointError  a pose has no keypoint of this name; also a KeyError
    ├── FileError                 a file or folder cannot be read or written: missing, no permission, disk full
    │   └── MediaError            a picture, video or camera cannot be read, or a picture or video not be written
    └── MissingExtraError         an optional package is not installed; also an ImportError

Catch `FileError` for every error of the operating system, whatever the kind of file.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from movenet.installation import install_command


class MoveNetError(Exception):
    """Base of every error that this package raises on purpose: one sentence, with the remedy if known."""


class ModelError(MoveNetError):
    """A model is unknown, missing, damaged (wrong SHA-256) or of the wrong kind."""


class FileError(MoveNetError):
    """A file or folder cannot be read or written: it is missing, this user has no permission, or the disk is full."""


class MediaError(FileError):
    """A picture, video or camera cannot be read, or a picture or video cannot be written."""


class EngineError(MoveNetError):
    """A runtime is missing, cannot run on this machine, or its input is wrong."""


class DataError(MoveNetError):
    """The content of annotations, records, settings or checkpoints is malformed or does not fit together."""


class UnknownKeypointError(DataError, KeyError):
    """A pose has no keypoint of this name."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        """Write the message: the names that the pose has, and the one that was probably meant."""
        self.name = name
        """The name that was asked for."""
        self.names = tuple(names)
        """The names of the pose's keypoints; empty if they have none."""
        expected = (
            f"one of the keypoints {', '.join(names)}" if names else "a pose whose keypoints have names"
        )
        close = get_close_matches(str(name), names, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        super().__init__(f"expected {expected}, got '{name}'{hint}")

    def __str__(self) -> str:
        """Return the message; KeyError would put it in quotes."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[UnknownKeypointError], tuple[str, tuple[str, ...]]]:
        """Support pickling, for worker processes."""
        return type(self), (self.name, self.names)


class MissingExtraError(MoveNetError, ImportError):
    """An optional package of one of movenet's extras is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        """Write the message from the missing package, its extra, and what needs it (the subject of the sentence)."""
        self.package = package
        """The missing package or module."""
        self.extra = extra
        """Name of the extra that contains it."""
        self.command = install_command(extra)
        """The command that installs it."""
        self._purpose = purpose
        super().__init__(f"{purpose} needs the package '{package}': install it with  {self.command}")
        self.name = package

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        """Support pickling, for worker processes."""
        return type(self), (self.package, self.extra, self._purpose)
