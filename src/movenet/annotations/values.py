"""Single values of annotation files, whatever stands there: JSON, integers, arrays of numbers."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations.problems import UnreadableError
from movenet.errors import DataError

LARGEST: Final = 1e9
"""Coordinates and areas beyond ± this are refused: no image reaches so far, and their squares still fit float32."""


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises:
        DataError: if it cannot be opened or is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"expected text in UTF-8 in {path}, got other bytes: save it as UTF-8") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def read_json(path: Path, expected: str) -> Any:
    """Return the value of a JSON file; `expected` says what it should hold, for the message.

    Raises:
        DataError: if it cannot be read, is not JSON, or is nested too deeply.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected {expected} in {path}, got no JSON: {error}") from None


def to_integer(value: Any, what: str) -> int:
    """Return an id or a count: an integer of 64 bits, which may be written as text or as 7.0.

    Raises:
        UnreadableError: if it is anything else; `what` names the value.
    """
    try:
        if not isinstance(value, int | float | str):
            raise TypeError
        number = int(value)
        if (isinstance(value, float) and number != value) or not -(2**63) <= number < 2**63:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError("not a number", f"expected an integer as {what}, got {brief(value)}") from None
    return number


def to_numbers(value: Any, count: int, what: str) -> NDArray[np.float64]:
    """Return `count` finite numbers of at most `LARGEST`, shape (count,).

    Raises:
        UnreadableError: if they are anything else or of another count; `what` names them.
    """
    try:
        numbers = np.array(value, np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError("not a number", f"expected numbers as {what}, got {brief(value)}") from None
    if len(numbers) != count:
        raise UnreadableError("wrong count", f"expected {count} numbers as {what}, got {len(numbers)}")
    if not (np.abs(numbers) <= LARGEST).all():
        raise UnreadableError(
            "not finite", f"expected finite numbers within ±{LARGEST:g} as {what}, got {brief(value)}"
        )
    return numbers


def to_visibility(flags: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return COCO's visibility v of keypoints, shape (K,).

    Raises:
        UnreadableError: if one is not 0, 1 or 2.
    """
    if not np.isin(flags, (0, 1, 2)).all():
        got = ", ".join(f"{flag:g}" for flag in sorted({*flags.tolist()}))
        raise UnreadableError("visible flag", f"expected 0, 1 or 2 as visibility of keypoints, got {got}")
    return flags.astype(np.int8)


def brief(value: Any) -> str:
    """Return a value as a message shows it: short, without control characters."""
    return reprlib.repr(value)[:80]
