"""Files that appear under their own name only when they are whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from movenet.errors import MediaError


class PendingFile:
    """A file on its way: it lives under a temporary name in the same folder until it is published.

    Whoever watches the folder never meets half a file, and what stood there before stays to the last moment.
    """

    def __init__(self, path: str | Path) -> None:
        """Reserve the temporary name; nothing else is touched.

        Raises:
            MediaError: The folder is missing or closed to us, or `path` is a folder or a device.
        """
        # A link is followed, so that publishing replaces the file and not the link.
        self.path = Path(os.path.realpath(path))
        self.temporary = self.path.with_name(
            f".{self.path.stem}.{secrets.token_hex(4)}.part{self.path.suffix}"
        )
        if not self.path.parent.is_dir():
            raise MediaError(
                f"cannot write {path}: the folder {self.path.parent} does not exist, create it first"
            )
        # Replacing a device such as /dev/null would take it away from the whole computer.
        if self.path.exists() and not self.path.is_file():
            raise MediaError(f"cannot write {path}: a folder or device of that name is already there")
        try:
            self.temporary.touch(exist_ok=False)
        except OSError as problem:
            raise MediaError(f"cannot write {path}: {problem.strerror}") from problem

    def publish(self) -> None:
        """Give the file its own name, replacing what stood there; nothing happens the second time.

        Raises:
            MediaError: The system refuses.
        """
        if not self.temporary.exists():
            return
        try:
            self.temporary.replace(self.path)
        except OSError as problem:
            self.discard()
            raise MediaError(f"cannot write {self.path}: {problem.strerror}") from problem

    def discard(self) -> None:
        """Remove what was written so far; what stood under the name before stays."""
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Lend a temporary path to write to; it becomes `path` if the block ends well and vanishes if it fails.

    Raises:
        MediaError: The folder is missing, the disk is full, or the system refuses otherwise.
    """
    pending = PendingFile(path)
    try:
        yield pending.temporary
    except OSError as problem:
        pending.discard()
        raise MediaError(f"cannot write {path}: {problem.strerror or problem}") from problem
    except BaseException:
        pending.discard()
        raise
    pending.publish()
