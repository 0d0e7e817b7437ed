"""Exercises by name or from a TOML file."""

from __future__ import annotations

import sys
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from movenet.analysis.exercises import EXERCISES, Exercise, Range
from movenet.errors import DataError, FileError, MissingExtraError


def find_exercise(name: str) -> Exercise:
    """Return a ready exercise by its name, or the exercise in a TOML file.

    Raises:
        DataError: there is neither (the message lists the names), or the file is malformed.
        FileError: the file cannot be read.
    """
    if name in EXERCISES:
        return EXERCISES[name]
    if name.lower().endswith(".toml"):
        return read_exercise(name)
    close = get_close_matches(name, EXERCISES, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise DataError(
        f"expected one of the exercises {', '.join(EXERCISES)} or a .toml file, got '{name}'{hint}"
    )


def read_exercise(path: str | Path) -> Exercise:
    """Return the exercise in a TOML file, whose keys are the fields of `Exercise`.

    Raises:
        DataError: the file is malformed.
        FileError: the file cannot be read.
        MissingExtraError: on Python 3.10, tomli is missing.
    """
    path = Path(path)
    try:
        plain = _parse_toml(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise FileError(f"cannot read the exercise {path}: {problem.strerror}") from problem
    except ValueError as problem:
        raise DataError(f"{path}: expected TOML, got something else ({problem})") from problem
    known = {item.name for item in fields(Exercise)}
    if unknown := sorted(plain.keys() - known):
        raise DataError(f"{path}: expected the keys {', '.join(sorted(known))}, got {', '.join(unknown)}")
    for name in ("at_rest", "at_peak", "travel"):
        plain[name] = {key: _range(value, path) for key, value in dict(plain.get(name, {})).items()}
    try:
        return Exercise(**({"name": path.stem} | plain))
    except TypeError as problem:
        raise DataError(f"{path}: expected at least signal, peak and min_range ({problem})") from problem


def _parse_toml(text: str) -> dict[str, Any]:
    if sys.version_info < (3, 11):
        try:
            import tomli as tomllib
        except ImportError as problem:
            raise MissingExtraError("tomli", "train", "reading exercises on Python 3.10") from problem
    else:
        import tomllib
    return tomllib.loads(text)


def _range(value: Any, path: Path) -> Range:
    numbers = isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)
    if not numbers or not value[0] <= value[1]:
        raise DataError(f"{path}: expected a range such as [0, 60], got {value!r}")
    return float(value[0]), float(value[1])
