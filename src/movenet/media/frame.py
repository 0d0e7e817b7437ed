"""One picture of a moving source, with its place in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video, camera, stream or folder, and when it is shown."""

    image: NDArray[np.uint8]
    """Shape (H, W, 3), RGB."""
    time_s: float
    """Seconds from the start of the source at which the picture is shown."""
    index: int
    """0 for the first picture of the source."""
    source: str
    """The source's name: a path, an address or a camera."""
