"""Replacement of a data set: the new one is built in a subfolder and takes the place of the earlier one at the end.

DIR/.building/     the new data set until it is published
DIR/.earlier/      the files of the earlier one while they are exchanged; after an interruption they are restored
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movenet.dataset.store import DECISIONS, IMAGES, MANIFEST
from movenet.errors import DataError, FileError

BUILDING: Final = ".building"
EARLIER: Final = ".earlier"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A new data set that is not published yet."""

    folder: Path
    """Where it is until it is published: a subfolder of its final folder."""
    earlier: bool
    """Whether there is an earlier data set."""

    def publish(self) -> None:
        """Replace the files of the earlier data set by those of the new one; other files of the folder stay.

        Raises:
            FileError: if a file cannot be moved; the next replacement restores the earlier files.
        """
        target = self.folder.parent
        aside = target / EARLIER
        # The manifest first: it marks the folder as a data set.
        names = sorted(
            (path.name for path in self.folder.iterdir()), key=lambda name: (name != MANIFEST, name)
        )
        try:
            aside.mkdir()
            for name in names:
                if (target / name).exists():
                    (target / name).rename(aside / name)
                (self.folder / name).rename(target / name)
            aside.rename(self.folder / EARLIER)
        except OSError as problem:
            raise FileError(f"cannot write {target}: {problem.strerror or problem}") from problem
        self.discard()

    def discard(self) -> None:
        """Remove what is not published."""
        shutil.rmtree(self.folder, ignore_errors=True)


def begin_replacement(folder: Path) -> Replacement:
    """Return an empty data set that keeps the decisions made on the earlier one of the folder, if there is one.

    Raises:
        DataError: if the folder holds something else than a data set.
        FileError: if the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise FileError(f"cannot write {folder}: a file of that name is already there")
    new = Replacement(
        folder / BUILDING, (folder / MANIFEST).is_file() or (folder / EARLIER / MANIFEST).is_file()
    )
    try:
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if names - {BUILDING, EARLIER} and not new.earlier:
            raise DataError(f"{folder} holds something else than a data set: choose a new folder")
        _restore(folder)
        new.discard()
        (new.folder / IMAGES).mkdir(parents=True)
        if (folder / DECISIONS).is_file():
            shutil.copyfile(folder / DECISIONS, new.folder / DECISIONS)
    except OSError as problem:
        raise FileError(f"cannot write {folder}: {problem.strerror or problem}") from problem
    return new


def _restore(folder: Path) -> None:
    """Undo an interrupted exchange."""
    aside = folder / EARLIER
    if not aside.is_dir():
        return
    for old in sorted(aside.iterdir()):
        now = folder / old.name
        if now.is_dir():
            shutil.rmtree(now)
        old.replace(now)
    aside.rmdir()
