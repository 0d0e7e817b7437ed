"""What a run writes about itself: a CSV, events for TensorBoard, sheets of sample pictures."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import written_whole
from movenet.errors import MissingExtraError
from movenet.media import write_photo


class Journal:
    """Of one run, from a step on: what an earlier, killed run wrote about later steps is forgotten."""

    def __init__(self, folder: Path, step: int):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingExtraError("tensorboard", "train", "training") from None
        self.folder, self.path = folder, folder / "log.csv"
        self._rows = [row for row in self._read() if int(row["step"]) <= step]
        self._columns: list[str] = []
        self._events: Any = SummaryWriter(str(folder / "events"), purge_step=step + 1)

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Add the figures of a step, all at once."""
        row = {"step": str(step), **{name: f"{value:.6g}" for name, value in figures.items()}}
        self._rows.append(row)
        if set(row) <= set(self._columns):
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self._columns).writerow(row)
        else:
            self._write_all()
        for name, value in figures.items():
            self._events.add_scalar(name, value, step)

    def show(self, step: int, name: str, sheet: NDArray[np.uint8]) -> None:
        """Keep a sheet (H, W, 3) RGB of sample pictures."""
        (self.folder / "sheets").mkdir(exist_ok=True)
        write_photo(self.folder / "sheets" / f"{name}-{step:07d}.jpg", sheet)
        self._events.add_image(name, sheet, step, dataformats="HWC")

    def close(self) -> None:
        """Finish what is still being written."""
        self._events.close()

    def _read(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]
        return [row for row in rows if row.get("step", "").isdigit()]

    def _write_all(self) -> None:
        """Write the file anew, with all columns that there are by now."""
        self._columns = list(dict.fromkeys(name for row in self._rows for name in row))
        with written_whole(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns)
            writer.writeheader()
            writer.writerows(self._rows)
