"""Selection of frames: sharp, apart in time, and different from the last one selected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.media.frame import Frame

SMALL: Final = (64, 36)
"""Width and height at which frames are compared: small enough to remove noise, large enough to show a moving arm."""
SHARP_LONG_PX: Final = 320
"""Longer side in pixels at which sharpness is measured, so that it does not depend on the resolution."""


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """How frames are selected."""

    interval_s: float = 0.5
    """Length of the windows in seconds; the sharpest frame of each is a candidate."""
    min_change: float = 1.0
    """Minimum mean difference, in grey levels, from the last frame selected."""


def select(frames: Iterable[Frame], settings: SelectionSettings) -> Iterator[Frame]:
    """Yield the selected frames in order; holds two frames at a time."""
    last: NDArray[np.float32] | None = None
    for frame in _sharpest(frames, settings.interval_s):
        small = cv2.resize(_grey(frame.image), SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
        if last is None or float(np.abs(small - last).mean()) >= settings.min_change:
            last = small
            yield frame


def sharpness(image: NDArray[np.uint8]) -> float:
    """Return how sharp a picture (H, W, 3) is: the variance of its Laplacian, at a fixed size."""
    scale = SHARP_LONG_PX / max(image.shape[:2])
    grey = _grey(image)
    small = grey if scale >= 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_32F).var())


def _sharpest(frames: Iterable[Frame], interval_s: float) -> Iterator[Frame]:
    best: tuple[float, Frame] | None = None
    window = 0
    for frame in frames:
        here = int(frame.time_s / interval_s)
        if best is not None and here != window:
            yield best[1]
            best = None
        window, sharp = here, sharpness(frame.image)
        if best is None or sharp > best[0]:
            best = sharp, frame
    if best is not None:
        yield best[1]


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
