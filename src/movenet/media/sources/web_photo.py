"""Photos at http and https addresses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from movenet.media.photo import decode_photo


@dataclass(frozen=True, slots=True)
class WebPhoto:
    """A downloaded photo, as the bytes of its file."""

    name: str
    """The address without its password."""
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.name

    def read(self) -> NDArray[np.uint8]:
        """Return the picture as (H, W, 3) uint8 RGB.

        Raises:
            MediaError: It is damaged or too large.
        """
        return decode_photo(self.data, self.name)
