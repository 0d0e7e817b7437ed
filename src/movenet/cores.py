"""How the cores of the machine are shared among decoding, inference and encoding."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for_video() -> int:
    """Return how many threads an inference should use while a video is decoded and encoded beside it.

    Half of the cores: threads that wait for a core that a codec has keep the others waiting, too. Measured on two
    cores (docs/speed.md); one stream's frames come one after the other, so it is never worth less than one thread.
    """
    return max(usable_cores() // 2, 1)
