"""Log of a run: a CSV file, events for TensorBoard, sheets of sample images."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import atomic_write
from movenet.errors import DataError, FileError, MissingExtraError
from movenet.media import write_photo
from movenet.records.table import escape_cell, unescape_cell
from movenet.training.run_folder import LOG_FILE


class RunLog:
    """The log of a run that continues after a step; entries of later steps, by a run that was killed, are removed."""

    def __init__(self, folder: Path, step: int):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingExtraError("tensorboard", "train", "training") from None
        self.folder, self.path = folder, folder / LOG_FILE
        self._rows = [row for row in self._read() if int(row["step"]) <= step]
        self._columns: list[str] = []
        self._events: Any = SummaryWriter(str(folder / "events"), purge_step=step + 1)

    def write(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add the metrics of a step; call once a step."""
        row = {"step": str(step), **{name: f"{value:.6g}" for name, value in metrics.items()}}
        self._rows.append(row)
        if set(row) <= set(self._columns):
            with _file_errors(self.path), self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self._columns).writerow(row)
        else:
            self._write_all()
        for name, value in metrics.items():
            self._events.add_scalar(name, value, step)

    def write_sheet(self, step: int, name: str, sheet: NDArray[np.uint8]) -> None:
        """Add an image (H, W, 3) uint8 RGB of samples; it is also saved as sheets/NAME-STEP.jpg."""
        (self.folder / "sheets").mkdir(exist_ok=True)
        write_photo(self.folder / "sheets" / f"{name}-{step:07d}.jpg", sheet)
        self._events.add_image(name, sheet, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is buffered, and close the files."""
        self._events.close()

    def _read(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        with _file_errors(self.path), self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            table = csv.DictReader(file)
            table.fieldnames = [unescape_cell(name) for name in table.fieldnames or ()]
            rows = [{name: row[name] for name in table.fieldnames if row.get(name)} for row in table]
        return [row for row in rows if row.get("step", "").isdecimal()]

    def _write_all(self) -> None:
        """Write the whole file again, with the columns of all rows."""
        self._columns = list(dict.fromkeys(name for row in self._rows for name in row))
        with atomic_write(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns)
            writer.writerow({name: escape_cell(name) for name in self._columns})
            writer.writerows(self._rows)


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Raise errors of the operating system and of the csv module as FileError and DataError."""
    try:
        yield
    except OSError as error:
        raise FileError(f"cannot read or write {path}: {error.strerror or error}") from None
    except csv.Error as error:
        raise DataError(f"{path} is damaged ({error}): delete it, only the log is lost") from None
