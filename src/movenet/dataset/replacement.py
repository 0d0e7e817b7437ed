"""A data set that is built beside an earlier one, in the same folder, and takes its place at the end.

DIR/.building/     the new data set until it is published
DIR/.earlier/      what was in its place, while the two change places; a run that finds it puts it back
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movenet.dataset.store import DECISIONS, IMAGES, JOURNAL
from movenet.errors import DataError, MediaError

BUILDING: Final = ".building"
EARLIER: Final = ".earlier"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A new data set, on its way to the folder above it."""

    folder: Path
    """Where it is until it is published."""
    earlier: bool
    """Whether there is an earlier data set."""

    def publish(self) -> None:
        """Put each file of the new data set in the place of the earlier one's; other files of the folder stay.

        Raises:
            MediaError: if the system refuses; the next replacement puts the earlier files back.
        """
        target = self.folder.parent
        aside = target / EARLIER
        # The journal first: a folder that has one is a data set.
        names = sorted(
            (path.name for path in self.folder.iterdir()), key=lambda name: (name != JOURNAL, name)
        )
        try:
            aside.mkdir()
            for name in names:
                if (target / name).exists():
                    (target / name).rename(aside / name)
                (self.folder / name).rename(target / name)
            aside.rename(self.folder / EARLIER)
        except OSError as problem:
            raise MediaError(f"cannot write {target}: {problem.strerror or problem}") from problem
        self.discard()

    def discard(self) -> None:
        """Remove what is not published."""
        shutil.rmtree(self.folder, ignore_errors=True)


def begin_replacement(folder: Path) -> Replacement:
    """Return an empty data set that keeps the decisions made on the earlier one of the folder, if there is one.

    Raises:
        DataError: if the folder holds something else than a data set.
        MediaError: if the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise MediaError(f"cannot write {folder}: a file of that name is already there")
    new = Replacement(
        folder / BUILDING, (folder / JOURNAL).is_file() or (folder / EARLIER / JOURNAL).is_file()
    )
    try:
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if names - {BUILDING, EARLIER} and not new.earlier:
            raise DataError(f"{folder} holds something else than a data set: choose a new folder")
        _put_back(folder)
        new.discard()
        (new.folder / IMAGES).mkdir(parents=True)
        if (folder / DECISIONS).is_file():
            shutil.copyfile(folder / DECISIONS, new.folder / DECISIONS)
    except OSError as problem:
        raise MediaError(f"cannot write {folder}: {problem.strerror or problem}") from problem
    return new


def _put_back(folder: Path) -> None:
    """Undo a change of places that was interrupted."""
    aside = folder / EARLIER
    if not aside.is_dir():
        return
    for old in sorted(aside.iterdir()):
        now = folder / old.name
        if now.is_dir():
            shutil.rmtree(now)
        old.replace(now)
    aside.rmdir()
