"""A set of names in little memory."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

MERGE: Final = 100_000
"""So many new names are kept in a Python set before they are merged into the sorted array."""


class NameSet:
    """A set of names that keeps 8 bytes of each: its BLAKE2b hash.

    Two of ten million different names have the same hash with a probability of 3 in a million.
    """

    def __init__(self) -> None:
        self._sorted: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._new: set[int] = set()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._new)

    def __contains__(self, name: str) -> bool:
        return self._has(_hash(name))

    def add(self, name: str) -> bool:
        """Add a name; return whether it was new."""
        key = _hash(name)
        if self._has(key):
            return False
        self._new.add(key)
        if len(self._new) >= MERGE:
            new = np.fromiter(self._new, np.uint64, len(self._new))
            self._sorted = np.sort(np.concatenate([self._sorted, new]))
            self._new.clear()
        return True

    def _has(self, key: int) -> bool:
        if key in self._new:
            return True
        at = int(np.searchsorted(self._sorted, np.uint64(key)))
        return at < len(self._sorted) and int(self._sorted[at]) == key


def _hash(name: str) -> int:
    data = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
