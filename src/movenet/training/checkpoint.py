"""A run on disk: everything that the next step depends on, in one file that is never half-written.

Chance needs no place in it: a sample depends on the seed and its number alone, and nothing else is drawn.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from movenet.atomic import atomic_write
from movenet.errors import DataError, FileError

NAME: Final = "checkpoint.pt"
"""In the run's folder."""
FREE: Final = {"out", "every", "validation", "device", "workers", "blend", "adopt"}
"""Settings that may change while a run is interrupted, or after it: what it learns does not depend on them."""


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The state after a step."""

    step: int
    """Steps taken, which is also the place in the data: samples seen = step × batch."""
    network: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]
    settings: Mapping[str, Any]
    """As `Settings.plain`."""


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, down to the disk, before it takes the place of the last one.

    Raises:
        FileError: if the folder is missing or the system refuses.
    """
    parts = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(parts, file)
        file.flush()
        os.fsync(file.fileno())


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in it is ever executed.

    Raises:
        FileError: if the system refuses.
        DataError: if it is no checkpoint of ours, or damaged.
    """
    try:
        _check_sums(path)
        parts = torch.load(path, map_location="cpu", weights_only=True)
        return _checked(Checkpoint(**parts))
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # noqa: BLE001 (what is no pickle of ours raises anything while it is read)
        first = str(error).partition("\n")[0]
        raise DataError(
            f"expected a checkpoint of a run in {path}, got something else or a damaged one "
            f"({type(error).__name__}: {first}): delete it to begin the run again"
        ) from None


def _check_sums(path: Path) -> None:
    """Raise BadZipFile if a part of the file does not have its CRC-32, at which torch does not look."""
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise zipfile.BadZipFile(f"{damaged} is damaged")


def _checked(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint whose parts are of the right kinds.

    Raises:
        TypeError: One is not.
        ValueError: The step is negative.
    """
    json.dumps(checkpoint.settings)
    tables = (checkpoint.network, checkpoint.average, checkpoint.optimizer, checkpoint.settings)
    if type(checkpoint.step) is not int or not all(isinstance(table, dict) for table in tables):
        raise TypeError("expected a number of steps and four tables")
    if checkpoint.step < 0:
        raise ValueError(f"expected steps of at least 0, got {checkpoint.step}")
    return checkpoint


def check_same(saved: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Raise DataError if a run was begun with settings on which its weights depend and which are others now."""
    for table in now.keys() - FREE:
        if _that_matters(saved.get(table)) != _that_matters(now[table]):
            raise DataError(
                f"{path} is of a run with another [{table}]: choose another folder (out), or delete this one"
            )


def _that_matters(table: Any) -> Any:
    """Return a table without what no weight of a run depends on."""
    return {k: v for k, v in table.items() if k not in FREE} if isinstance(table, dict) else table
