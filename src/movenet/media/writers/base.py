"""What every writer of frames has: its settings, and where frames go."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    pass

USUAL_RATE_FPS: Final = 30.0
"""Assumed where nothing tells how fast pictures will come."""


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """How films are encoded."""

    crf: int = 20
    """H.264's constant quality, 0 (lossless) to 51; 18 to 23 is hard to tell from the original."""
    preset: str = "veryfast"
    """x264's choice between speed and size: ultrafast, superfast, veryfast, faster, fast, medium, slow …"""
    webm_crf: int = 32
    """VP9's constant quality, 0 to 63."""
    webm_speed: int = 8
    """VP9's speed, 0 (slow and small) to 8."""
    sound_bit_rate: int = 128_000
    """Bits per second of sound that has to be encoded anew."""
    ahead: int = 4
    """Pictures that may wait for the encoder before `write` does."""


class Sink(Protocol):
    """What a kind of film does with its pictures; all but `prepare` is called in the encoding thread."""

    def prepare(self, image: NDArray[np.uint8]) -> Any:
        """Return what `put` needs of a (H, W, 3) uint8 RGB picture, without keeping the array itself."""

    def put(self, prepared: Any, time_s: float, duration_s: float) -> None:
        """Add a picture, shown from `time_s` on for `duration_s`."""

    def finish(self, unwanted: threading.Event) -> None:
        """Complete the film and give it its name; at least one picture was put.

        Should that take long, it is given up once `unwanted` is set.
        """

    def discard(self) -> None:
        """Remove what was written; nothing happens if there is nothing, or after `finish`."""
