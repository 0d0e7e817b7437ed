"""Reading and writing of tables of numbers as text, whole or with an error that names the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import atomic_write
from movenet.errors import DataError, FileError

T = TypeVar("T")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines of text.

    Raises:
        FileError: the file cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def parse_file(path: Path, parse: Callable[[list[str]], T], kind: str) -> T:
    """Return what `parse` makes of the lines of a file.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no file of this kind.
    """
    try:
        return parse(path.read_text(encoding="utf-8-sig").splitlines())
    except OSError as problem:
        raise FileError(f"cannot read {path}: {problem.strerror}") from problem
    except (ValueError, IndexError, KeyError) as problem:
        raise DataError(f"{path}: expected {kind}, got something else ({problem})") from problem


def to_numbers(rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Return cells as numbers, (N, C); empty ones and "nan" become NaN.

    Raises:
        ValueError: a cell is no number, or the rows differ in length.
    """
    return np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in rows], np.float64)
