"""Settings of video writers, and the interface of their formats."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final, Protocol

from movenet.planar import Picture

DEFAULT_RATE_FPS: Final = 30.0
"""Frame rate assumed if neither a source nor an argument states one."""


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """Settings of the encoders."""

    crf: int = 20
    """Constant rate factor of H.264, 0 (lossless) to 51; 18 to 23 looks like the original."""
    preset: str = "veryfast"
    """Preset of x264, speed against file size: ultrafast, superfast, veryfast, faster, fast, medium, slow …"""
    webm_crf: int = 32
    """Constant rate factor of VP9, 0 to 63."""
    webm_speed: int = 8
    """Speed of VP9, 0 (slow, small files) to 8."""
    audio_bit_rate: int = 128_000
    """Bits per second of audio that has to be re-encoded."""
    queue_size: int = 4
    """Number of frames that may wait for the encoder; `write` blocks while the queue is full."""


class Sink(Protocol):
    """Encoder of one output format. All methods but `prepare` are called in the encoding thread."""

    def prepare(self, image: Picture) -> Any:
        """Return what `put` needs of a frame: (H, W, 3) uint8 RGB, to which it must not refer, or planes."""

    def put(self, prepared: Any, time_s: float, duration_s: float) -> None:
        """Encode a prepared frame with its time and duration in seconds."""

    def finish(self, cancelled: threading.Event) -> None:
        """Complete the video and give it its name; called after at least one `put`.

        A slow implementation stops when `cancelled` is set.
        """

    def discard(self) -> None:
        """Remove what was written; does nothing if there is nothing, or after `finish`."""
