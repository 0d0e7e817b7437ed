"""Everything that can go wrong in a way the user can mend, as one small tree.

    MoveNetError                 base: one sentence for a person, with the remedy if known
    ├── ModelError               a model is unknown, missing, damaged or not what was asked for
    ├── EngineError              a runtime cannot run on this machine, or was fed something it does not take
    ├── DataError                the content of annotations, records, settings or checkpoints is wrong
    ├── FileError                a file or folder cannot be read or written: missing, closed to us, the disk is full
    │   └── MediaError           a picture, video or camera cannot be read, or a picture or video not be written
    └── MissingExtraError        an optional package is not installed; also an ImportError

Catch `FileError` for whatever the system refuses, whichever kind of file it is.
"""

from __future__ import annotations


class MoveNetError(Exception):
    """Base of every error this package raises on purpose: one sentence for a person, with the remedy if known."""


class ModelError(MoveNetError):
    """A model is unknown, missing, damaged (wrong SHA-256) or not what was asked for."""


class FileError(MoveNetError):
    """A file or folder cannot be read or written: it is missing, closed to this user, or the disk is full."""


class MediaError(FileError):
    """A picture, video or camera cannot be read, or a picture or video cannot be written."""


class EngineError(MoveNetError):
    """A runtime is missing, cannot run on this machine, or was fed something it does not take."""


class DataError(MoveNetError):
    """The content of annotations, records, settings or checkpoints is malformed or does not fit together."""


class MissingExtraError(MoveNetError, ImportError):
    """A package is not installed that comes with one of movenet's extras."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        """Take what is missing, the extra that brings it, and what needs it (the beginning of the sentence)."""
        self.package = package
        """The missing package or module."""
        self.extra = extra
        """Name of the extra that brings it."""
        self.command = f"pip install 'movenet[{extra}]'"
        """What to type to install it."""
        self._purpose = purpose
        super().__init__(f"{purpose} needs the package '{package}': install it with  {self.command}")
        self.name = package

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        """Let the error pass from one process to another."""
        return type(self), (self.package, self.extra, self._purpose)
