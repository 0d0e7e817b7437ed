"""Folders of outputs, created before any work is done."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from movenet.errors import FileError


def make_folders(outputs: Iterable[Path | None]) -> None:
    """Create the folders that outputs lie in; None stands for an output that is not asked for.

    Raises:
        FileError: A file has the name of the folder, or the folder cannot be created or written to.
    """
    for folder in dict.fromkeys(output.parent for output in outputs if output is not None):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise FileError(f"cannot write to the folder {folder}: it is a file, not a folder") from None
        except OSError as problem:
            raise FileError(f"cannot create the folder {folder}: {problem.strerror}") from problem
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FileError(f"cannot write to the folder {folder}: permission denied")
