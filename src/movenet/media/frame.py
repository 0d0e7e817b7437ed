"""One frame of a video, camera, stream or folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source, with its time."""

    image: NDArray[np.uint8]
    """Shape (H, W, 3), RGB."""
    time_s: float
    """Presentation time in seconds from the start of the source."""
    index: int
    """Number of the frame; 0 for the first. Gaps in the numbers of a live source are dropped frames."""
    source: str
    """Name of the source: a path, an address without its password, or a camera."""
