"""Checked conversion of values in annotation files: JSON, integers, arrays of numbers."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.annotations.problems import UnreadableError
from movenet.errors import DataError

MAX_VALUE: Final = 1e9
"""Largest magnitude of a coordinate or area. No image is larger, and the squares still fit float32."""


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises:
        DataError: It cannot be opened or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"expected text in UTF-8 in {path}, got other bytes: save it as UTF-8") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def read_json(path: Path, expected: str) -> Any:
    """Return the value of a JSON file; `expected` describes it in error messages.

    Raises:
        DataError: It cannot be read, is not JSON, or is nested too deeply.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected {expected} in {path}, got no JSON: {error}") from None


def to_integer(value: Any, what: str) -> int:
    """Return an id or count as an integer of 64 bits; text and floats such as 7.0 are accepted.

    Raises:
        UnreadableError: It is anything else; `what` names the value in the message.
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
    """Return `count` finite numbers of magnitude `MAX_VALUE` at most, shape (count,).

    Raises:
        UnreadableError: They are anything else or of another count; `what` names them in the message.
    """
    try:
        numbers = np.array(value, np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError("not a number", f"expected numbers as {what}, got {brief(value)}") from None
    if len(numbers) != count:
        raise UnreadableError("wrong count", f"expected {count} numbers as {what}, got {len(numbers)}")
    if not (np.abs(numbers) <= MAX_VALUE).all():
        raise UnreadableError(
            "not finite", f"expected finite numbers within ±{MAX_VALUE:g} as {what}, got {brief(value)}"
        )
    return numbers


def to_visibility(flags: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return COCO's visibility flags v of keypoints, shape (K,).

    Raises:
        UnreadableError: One is not 0, 1 or 2.
    """
    if not np.isin(flags, (0, 1, 2)).all():
        got = ", ".join(f"{flag:g}" for flag in sorted({*flags.tolist()}))
        raise UnreadableError("visible flag", f"expected 0, 1 or 2 as visibility of keypoints, got {got}")
    return flags.astype(np.int8)


def brief(value: Any) -> str:
    """Return a value as short text for a message, without control characters."""
    return reprlib.repr(value)[:80]
