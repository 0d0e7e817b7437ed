"""Checkpoints: the whole state of a run in one file, replaced atomically.

It holds no state of a random generator: each sample depends only on the seed and its number.
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

CHANGEABLE: Final = {"out", "intervals", "validation", "device", "workers", "wise_ft", "wise_ft_until"}
"""Tables and settings that may change when a run continues: the trained weights do not depend on them."""


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The state of a run after a step."""

    step: int
    """Number of steps taken; samples seen = step × batch size."""
    network: Mapping[str, Tensor]
    ema: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]
    settings: Mapping[str, Any]
    """From `Settings.plain`."""


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and flush it to the disk before it replaces the last one.

    Raises:
        FileError: if the folder is missing or the system refuses.
    """
    parts = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(parts, file)
        file.flush()
        os.fsync(file.fileno())


def load(path: Path) -> Checkpoint:
    """Read a checkpoint. No code in it is executed.

    Raises:
        FileError: if the system refuses.
        DataError: if it is not a checkpoint of this package, or damaged.
    """
    try:
        _check_sums(path)
        parts = torch.load(path, map_location="cpu", weights_only=True)
        return _checked(Checkpoint(**parts))
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # noqa: BLE001 (unpickling a damaged file can raise any exception)
        first = str(error).partition("\n")[0]
        raise DataError(
            f"expected a checkpoint of a run in {path}, got something else or a damaged one "
            f"({type(error).__name__}: {first}): delete it to start the run again"
        ) from None


def _check_sums(path: Path) -> None:
    """Raise BadZipFile if the CRC-32 of a part of the file is wrong; torch does not check it."""
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise zipfile.BadZipFile(f"{damaged} is damaged")


def _checked(checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint if its parts have the right types.

    Raises:
        TypeError: if one has not.
        ValueError: if the step is negative.
    """
    json.dumps(checkpoint.settings)
    tables = (checkpoint.network, checkpoint.ema, checkpoint.optimizer, checkpoint.settings)
    if type(checkpoint.step) is not int or not all(isinstance(table, dict) for table in tables):
        raise TypeError("expected a number of steps and four tables")
    if checkpoint.step < 0:
        raise ValueError(f"expected steps of at least 0, got {checkpoint.step}")
    return checkpoint


def check_settings(saved: Mapping[str, Any], current: Mapping[str, Any], path: Path) -> None:
    """Raise DataError if settings that the trained weights depend on differ from those of the checkpoint."""
    for table in current.keys() - CHANGEABLE:
        if _fixed(saved.get(table)) != _fixed(current[table]):
            raise DataError(
                f"{path} is of a run with other settings in [{table}]: choose another folder (out), or delete this one"
            )


def _fixed(table: Any) -> Any:
    """Return a table without the settings that may change."""
    return {k: v for k, v in table.items() if k not in CHANGEABLE} if isinstance(table, dict) else table
