"""Cache of compiled models on disk, each stored with its SHA-256; a file that does not match it is compiled again.

The folder is used only if it belongs to the user and no other user can write to it: a tampered model would change the
results.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from movenet.atomic import atomic_write
from movenet.errors import FileError

MAX_FILES: Final = 32
"""Largest number of compiled models kept; the least recently used are removed. Each takes 3 to 25 MB."""
SUFFIX: Final = ".compiled"
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def cache_folder() -> Path | None:
    """Return the folder of compiled models, or None if there is no cache (`cache_state` gives the reason).

    The environment variable `MOVENET_CACHE` sets another folder; an empty value switches the cache off.
    """
    return cache_state()[0]


def cache_state() -> tuple[Path | None, str]:
    """Return the folder of compiled models, or None, and its path or the reason why there is none as text."""
    chosen = os.environ.get("MOVENET_CACHE")
    if chosen == "":
        return None, "switched off by MOVENET_CACHE: models are compiled at every start"
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    try:
        folder = Path(chosen) if chosen else Path(base or Path.home() / ".cache") / "movenet"
        # Mode 0700 whatever the umask: a folder that others can write to is not used.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        problem = _problem(folder)
    except (OSError, RuntimeError) as error:
        return None, f"none, models are compiled at every start: {error}"
    if problem:
        return None, f"{folder} is ignored, models are compiled at every start: {problem}"
    return folder, str(folder)


def _problem(folder: Path) -> str | None:
    """Return why a folder cannot be used, or None if it can."""
    if not os.access(folder, os.W_OK):
        return "it cannot be written to"
    if sys.platform == "win32":
        return None
    status = folder.stat()
    if status.st_uid != os.geteuid():
        return "it belongs to another user; set MOVENET_CACHE to a folder of your own"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"other users can write to it; fix this with  chmod go-w '{folder}'"
    return None


def read_compiled(key: str) -> bytes | None:
    """Return the compiled model stored under a key, or None if there is none or it is damaged."""
    folder = cache_folder()
    if folder is None:
        return None
    path = _path(folder, key)
    try:
        with path.open("rb") as file:
            digest, data = file.read(_DIGEST_BYTES), file.read()
        os.utime(path)
    except OSError:
        return None
    return data if digest == _digest(key, data) else None


def store_compiled(key: str, data: bytes) -> None:
    """Store a compiled model under a key that states everything it depends on; remove the least recently used.

    If it cannot be written, nothing is stored and no error is raised: the model is compiled again at the next start.
    """
    folder = cache_folder()
    if folder is None:
        return
    with suppress(FileError), atomic_write(_path(folder, key)) as temporary, temporary.open("wb") as file:
        file.writelines((_digest(key, data), data))
    _remove_oldest(folder)


def _path(folder: Path, key: str) -> Path:
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()}{SUFFIX}"


def _digest(key: str, data: bytes) -> bytes:
    """Return the SHA-256 of key and data together, so that a renamed file does not match either."""
    return hashlib.sha256(hashlib.sha256(key.encode()).digest() + data).digest()


def _remove_oldest(folder: Path) -> None:
    with suppress(OSError):
        files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[MAX_FILES:]:
            path.unlink(missing_ok=True)
