"""Atomic writing: files and folders appear under their own name only when they are complete.

Unfinished work lies in a hidden folder `.movenet-MACHINE-TOKEN.part` beside its target, with a lock file that the
writing process holds. The system releases the lock however the process ends, even after kill -9. The first time a
process writes in a folder, it removes the unfinished work of ended processes there (`remove_abandoned`):

* work of this machine is removed if its lock is free,
* work of another machine on a shared disk, or on a disk without locks, is removed if also nothing in it has changed
  for `ABANDONED_S`.

A folder that is locked, has another name or has no lock file is never touched.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import platform
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from movenet.errors import FileError

ABANDONED_S: Final = 7 * 24 * 3600.0
"""Unfinished work of another machine is removed after so many seconds without a change: a week."""
MACHINE: Final = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
"""This machine's part of the names of temporary folders; each container is a machine of its own."""
LOCK: Final = "movenet.lock"
"""Name of the lock file in each temporary folder; the writing process holds the lock."""
WORK: Final = "work"
"""Name of the folder in it that holds the unfinished work."""
ATTEMPTS: Final = 8
"""How often creating a folder is tried: another process may remove it between its creation and its locking."""
_NAME: Final = re.compile(r"\.movenet-([0-9a-f]{8})-[0-9a-f]{8}\.part")

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        # Not lockf: it releases the lock when the process closes any descriptor of the file.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class TemporaryFolder:
    """A hidden folder beside a target; files in it can be moved to the target in one step."""

    def __init__(self, target: Path, kind: type[FileError] = FileError) -> None:
        """Create the folder beside `target`. The first time in a place, remove the work of killed processes there.

        Args:
            target: the file or folder to be written.
            kind: the class of the errors raised.

        Raises:
            FileError: The parent folder of the target is missing or not writable; of class `kind`.
        """
        beside = target.parent
        if not beside.is_dir():
            raise kind(f"cannot write {target}: the folder {beside} does not exist, create it first")
        _remove_abandoned_once(beside)
        try:
            self._outer, self._lock = _create(beside)
        except OSError as error:
            raise kind(f"cannot write {target}: {error.strerror}") from error
        self.folder = self._outer / WORK
        """The folder to write in, empty at first. It may be moved as a whole."""
        try:
            self.folder.mkdir()
        except OSError as error:
            self.clear()
            raise kind(f"cannot write {target}: {error.strerror}") from error

    def clear(self) -> None:
        """Remove the folder and its content. A second call does nothing."""
        if self._lock >= 0:
            _remove(self._outer, self._lock)
            self._lock = -1


class PendingFile:
    """A file being written: it lies in a hidden folder beside its target until `publish` moves it there.

    The target is never incomplete, and an existing file stays until it is replaced.
    """

    def __init__(self, path: str | Path, kind: type[FileError] = FileError) -> None:
        """Create the temporary file, empty, with the name of the target.

        Args:
            path: the target.
            kind: the class of the errors raised.

        Raises:
            FileError: The folder is missing or not writable, or `path` is a folder or a device; of class `kind`.
        """
        # A link is followed: publishing replaces the file, not the link.
        self.path = Path(os.path.realpath(path))
        self._kind = kind
        # Replacing a device such as /dev/null would break the whole computer.
        if self.path.exists() and not self.path.is_file():
            raise kind(f"cannot write {path}: a folder or device of that name is already there")
        self._place = TemporaryFolder(self.path, kind)
        self.temporary = self._place.folder / self.path.name
        try:
            self.temporary.touch(exist_ok=False)
        except OSError as error:
            self.discard()
            raise kind(f"cannot write {path}: {error.strerror}") from error

    def publish(self) -> None:
        """Move the file to its target, replacing an existing file. A second call does nothing.

        Raises:
            FileError: The file cannot be moved.
        """
        if not self.temporary.exists():
            return
        try:
            self.temporary.replace(self.path)
        except OSError as error:
            raise self._kind(f"cannot write {self.path}: {error.strerror}") from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove the temporary file; an existing target stays."""
        self._place.clear()


@contextmanager
def atomic_write(path: str | Path, kind: type[FileError] = FileError) -> Iterator[Path]:
    """Yield a temporary path to write to; it becomes `path` at the end of the block, or is removed if the block fails.

    Raises:
        FileError: The folder is missing or not writable, or the disk is full; of class `kind`.
    """
    pending = PendingFile(path, kind)
    try:
        yield pending.temporary
    except OSError as error:
        pending.discard()
        raise kind(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:
        pending.discard()
        raise
    pending.publish()


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Yield an empty hidden folder beside `target`; it is removed, with what is left in it, at the end of the block.

    Raises:
        FileError: The parent folder of the target is missing or not writable, or the disk is full.
    """
    place = TemporaryFolder(target)
    try:
        yield place.folder
    except OSError as error:
        raise FileError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        place.clear()


@contextmanager
def exclusive_folder(folder: Path) -> Iterator[None]:
    """Context in which no other process can enter the same folder. The system ends it however the process ends.

    Raises:
        FileError: Another process is in it, or the lock file cannot be written.
    """
    try:
        file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise FileError(f"cannot write in {folder}: {error.strerror}") from error
    try:
        _claim(file, folder)
        yield
    finally:
        os.close(file)


def _claim(file: int, folder: Path) -> None:
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):  # held; the latter on Windows
        raise FileError(
            f"another process writes in {folder}: wait for it, or choose another folder"
        ) from None
    except OSError:  # the disk does not support locks
        return


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished work of ended processes from a folder, by the rules of the module's docstring."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            if name and entry.is_dir(follow_symlinks=False):
                _remove_if_abandoned(Path(entry.path), local=name[1] == MACHINE)


_remove_abandoned_once = lru_cache(maxsize=4096)(remove_abandoned)


def _remove_if_abandoned(folder: Path, *, local: bool) -> None:
    try:
        file = os.open(folder / LOCK, os.O_RDWR)
    except FileNotFoundError:
        with suppress(OSError):
            folder.rmdir()  # the process ended before it created the lock; fails if the folder is not empty
        return
    except OSError:
        return
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):  # held; the latter on Windows
        os.close(file)
        return
    except OSError:  # the disk does not support locks
        local = False
    if local or _changed_s(folder) < time.time() - ABANDONED_S:
        _remove(folder, file)
    else:
        os.close(file)


def _changed_s(folder: Path) -> float:
    """Return the time of the last change in the folder, in seconds of the Unix epoch."""
    try:
        return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:  # another process writes in it or removes it
        return math.inf


def _create(beside: Path) -> tuple[Path, int]:
    """Create a temporary folder and its lock file, lock it, and return the folder and the lock's descriptor.

    Raises:
        OSError: The folder cannot be created.
    """
    for _ in range(ATTEMPTS):
        folder = beside / f".movenet-{MACHINE}-{secrets.token_hex(4)}.part"
        folder.mkdir()
        try:
            file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileNotFoundError:  # removed by another process before the lock file existed
            continue
        except OSError:
            folder.rmdir()
            raise
        if _hold(file, folder):
            return folder, file
        os.close(file)
    raise OSError(errno.EBUSY, "other processes remove its temporary folders")


def _hold(file: int, folder: Path) -> bool:
    """Lock the new temporary folder; return False if another process locked it first and removes it."""
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):  # held; the latter on Windows
        return False
    except OSError:  # the disk does not support locks
        return True
    return (folder / LOCK).exists()


def _remove(folder: Path, lock: int) -> None:
    """Remove a temporary folder and release its lock. Twice, because Windows does not remove open files.

    The lock file goes last: without it, what a process leaves that is killed here would never be removed.
    """
    shutil.rmtree(folder / WORK, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)
    shutil.rmtree(folder, ignore_errors=True)
