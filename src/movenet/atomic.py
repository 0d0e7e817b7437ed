"""Files and folders that appear under their own name only when they are whole.

What is unfinished lies in a hidden folder `.movenet-MACHINE-TOKEN.part` beside its target, with a file that its
process holds locked. The system frees the lock however the process ends, kill -9 included. The first time a process
writes in a folder, it removes the unfinished work of others there (`sweep`):

* started on this machine: if its lock is free,
* started on another machine that shares the disk, or on a disk without locks: if besides nothing in it has changed for
  `ABANDONED_S`.

What is locked, and whatever does not bear such a name and hold such a file, is never touched.
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
"""Unfinished work of another machine is removed if nothing in it has changed for so many seconds: a week."""
MACHINE: Final = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
"""This machine in names of temporary folders; containers count as machines of their own."""
LOCK: Final = "movenet.lock"
"""In each temporary folder: whoever writes there holds it."""
ATTEMPTS: Final = 8
"""So often another process may sweep a temporary folder between its making and its locking."""
_NAME: Final = re.compile(r"\.movenet-([0-9a-f]{8})-[0-9a-f]{8}\.part")

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        # Not lockf: that one lets go as soon as any descriptor of the file is closed in the process.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Workplace:
    """A hidden folder of this process beside a target: what is made in it can be moved to its place in one step."""

    def __init__(self, target: Path, kind: type[FileError] = FileError) -> None:
        """Make the folder beside `target`; the first time in a place, remove what killed processes left there.

        Raises:
            FileError: The folder around the target is missing or closed to us; as `kind`.
        """
        beside = target.parent
        if not beside.is_dir():
            raise kind(f"cannot write {target}: the folder {beside} does not exist, create it first")
        _sweep_once(beside)
        try:
            self._outer, self._lock = _make(beside)
        except OSError as problem:
            raise kind(f"cannot write {target}: {problem.strerror}") from problem
        self.folder = self._outer / "work"
        """Empty at first; it may be moved as a whole."""
        try:
            self.folder.mkdir()
        except OSError as problem:
            self.clear()
            raise kind(f"cannot write {target}: {problem.strerror}") from problem

    def clear(self) -> None:
        """Remove the folder with all that is left in it; nothing happens the second time."""
        if self._lock >= 0:
            _remove(self._outer, self._lock)
            self._lock = -1


class PendingFile:
    """A file on its way: it lies in a hidden folder beside its place until it is published.

    Whoever watches the folder never meets half a file, and what stood there before stays to the last moment.
    """

    def __init__(self, path: str | Path, kind: type[FileError] = FileError) -> None:
        """Make the temporary file, empty; it has the name that it will have.

        Raises:
            FileError: The folder is missing or closed to us, or `path` is a folder or a device; as `kind`.
        """
        # A link is followed, so that publishing replaces the file and not the link.
        self.path = Path(os.path.realpath(path))
        self._kind = kind
        # Replacing a device such as /dev/null would take it away from the whole computer.
        if self.path.exists() and not self.path.is_file():
            raise kind(f"cannot write {path}: a folder or device of that name is already there")
        self._place = Workplace(self.path, kind)
        self.temporary = self._place.folder / self.path.name
        try:
            self.temporary.touch(exist_ok=False)
        except OSError as problem:
            self.discard()
            raise kind(f"cannot write {path}: {problem.strerror}") from problem

    def publish(self) -> None:
        """Give the file its own name, replacing what stood there; nothing happens the second time.

        Raises:
            FileError: The system refuses.
        """
        if not self.temporary.exists():
            return
        try:
            self.temporary.replace(self.path)
        except OSError as problem:
            raise self._kind(f"cannot write {self.path}: {problem.strerror}") from problem
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove what was written so far; what stood under the name before stays."""
        self._place.clear()


@contextmanager
def written_whole(path: str | Path, kind: type[FileError] = FileError) -> Iterator[Path]:
    """Lend a temporary path to write to; it becomes `path` if the block ends well and vanishes if it fails.

    Raises:
        FileError: The folder is missing, the disk is full, or the system refuses otherwise; as `kind`.
    """
    pending = PendingFile(path, kind)
    try:
        yield pending.temporary
    except OSError as problem:
        pending.discard()
        raise kind(f"cannot write {path}: {problem.strerror or problem}") from problem
    except BaseException:
        pending.discard()
        raise
    pending.publish()


@contextmanager
def working_folder(target: Path) -> Iterator[Path]:
    """Lend an empty hidden folder beside `target`; what the block has not moved from it is removed with it.

    Raises:
        FileError: The folder around the target is missing, the disk is full, or the system refuses otherwise.
    """
    place = Workplace(target)
    try:
        yield place.folder
    except OSError as problem:
        raise FileError(f"cannot write {target}: {problem.strerror or problem}") from problem
    finally:
        place.clear()


def sweep(folder: Path) -> None:
    """Remove from a folder the unfinished work of processes that have ended (the rule: see the module)."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            if name and entry.is_dir(follow_symlinks=False):
                _sweep_one(Path(entry.path), ours=name[1] == MACHINE)


_sweep_once = lru_cache(maxsize=4096)(sweep)


def _sweep_one(folder: Path, *, ours: bool) -> None:
    try:
        file = os.open(folder / LOCK, os.O_RDWR)
    except FileNotFoundError:
        with suppress(OSError):
            folder.rmdir()  # the process ended before it made the lock; refused if anything is in there
        return
    except OSError:
        return
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):  # held; the latter on Windows
        os.close(file)
        return
    except OSError:  # this disk knows no locks
        ours = False
    if ours or _changed_s(folder) < time.time() - ABANDONED_S:
        _remove(folder, file)
    else:
        os.close(file)


def _changed_s(folder: Path) -> float:
    """Return when anything in the folder was last changed, in seconds of the Unix epoch."""
    try:
        return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:  # somebody works in it, or sweeps it
        return math.inf


def _make(beside: Path) -> tuple[Path, int]:
    """Make a temporary folder and its lock, and hold that; return both.

    Raises:
        OSError: The system refuses.
    """
    for _ in range(ATTEMPTS):
        folder = beside / f".movenet-{MACHINE}-{secrets.token_hex(4)}.part"
        folder.mkdir()
        try:
            file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileNotFoundError:  # swept by another process before the lock was there
            continue
        except OSError:
            folder.rmdir()
            raise
        if _hold(file, folder):
            return folder, file
        os.close(file)
    raise OSError(errno.EBUSY, "other processes remove its temporary folders")


def _hold(file: int, folder: Path) -> bool:
    """Lock the new temporary folder; return False if another process was faster and sweeps it."""
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):  # held; the latter on Windows
        return False
    except OSError:  # this disk knows no locks
        return True
    return (folder / LOCK).exists()


def _remove(folder: Path, lock: int) -> None:
    """Remove a temporary folder under its lock, then free that; Windows removes no file that is open."""
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)
    shutil.rmtree(folder, ignore_errors=True)
