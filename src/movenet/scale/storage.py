"""Where the files of a job lie: a folder of this computer, or one in the store of a cloud."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from movenet.atomic import exclusive_folder
from movenet.errors import FileError
from movenet.media.cloud import CloudObject
from movenet.media.location import Address, locate


class Storage(Protocol):
    """A folder whose files are each complete or absent."""

    @property
    def staging(self) -> Path:
        """The local folder in which a file is written, in one step, before `publish`."""

    def __str__(self) -> str: ...

    def claim(self) -> AbstractContextManager[None]:
        """Context in which the folder exists and is written."""

    def names(self) -> list[str]:
        """Return the names of its files."""

    def open(self, name: str) -> BinaryIO:
        """Open one of its files for reading."""

    def publish(self, name: str) -> None:
        """Take a complete file from `staging`."""

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""


class LocalFolder:
    """A folder of this computer. One process at a time can write in it."""

    def __init__(self, folder: Path) -> None:
        self.staging = folder

    def __str__(self) -> str:
        return str(self.staging)

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Create the folder and keep other processes out of it.

        Raises:
            FileError: It cannot be created, or another process writes in it.
        """
        try:
            self.staging.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise FileError(f"cannot create the folder {self}: {problem.strerror}") from problem
        with exclusive_folder(self.staging):
            yield

    def names(self) -> list[str]:
        """Return the names of its files."""
        return sorted(path.name for path in self.staging.iterdir() if path.is_file())

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading. Raises OSError."""
        return (self.staging / name).open("rb")

    def publish(self, name: str) -> None:
        """Do nothing: files are written where they stay."""

    def remove(self, name: str) -> None:
        """Remove a file, if there is one. Raises OSError."""
        (self.staging / name).unlink(missing_ok=True)


class CloudFolder:
    """A folder in the store of a cloud. Files are written to a temporary folder, and then sent as a whole.

    Stores have no locks: that one process writes at a time is up to the user.
    """

    def __init__(self, folder: CloudObject) -> None:
        self._folder = folder
        self.staging = Path()

    def __str__(self) -> str:
        return str(self._folder)

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Create the temporary folder; it is removed in the end."""
        with tempfile.TemporaryDirectory(prefix="movenet-") as folder:
            self.staging = Path(folder)
            yield

    def names(self) -> list[str]:
        """Return the names of its objects.

        Raises:
            MediaError: The store does not answer.
        """
        return self._folder.children()

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading. Raises as `names`."""
        return self._folder.child(name).open()

    def publish(self, name: str) -> None:
        """Send a file, and remove it here.

        Raises:
            FileError: The store does not take it.
        """
        self._folder.child(name).upload(self.staging / name)
        (self.staging / name).unlink()

    def remove(self, name: str) -> None:
        """Remove an object, if there is one. Raises as `publish`."""
        self._folder.child(name).remove()


def open_storage(name: str | Path) -> Storage:
    """Return the folder of this path or address; it is created when it is claimed."""
    location = locate(name)
    if isinstance(location, Address) and location.is_cloud:
        return CloudFolder(CloudObject(location))
    return LocalFolder(Path(name))
