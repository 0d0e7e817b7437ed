"""Whole jobs against each other: they take turns, and what counts are ratios within a turn."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import footage
from movenet.bench import Table, this_machine


@dataclass(frozen=True, slots=True)
class Lap:
    """One run through a clip, in milliseconds for each frame."""

    wall_ms: float
    core_ms: float
    """Time of all cores together: what others on the machine do hardly counts in it."""


def take_turns(jobs: Mapping[str, Callable[[], object]], frames: int, turns: int) -> dict[str, list[Lap]]:
    """Run every job once to warm up, then so often in turn, every second turn backwards."""
    for job in jobs.values():
        _lap(job, frames)
    laps: dict[str, list[Lap]] = {name: [] for name in jobs}
    for turn in range(turns):
        for name, job in list(jobs.items())[:: -1 if turn % 2 else 1]:
            laps[name].append(_lap(job, frames))
    return laps


def _lap(job: Callable[[], object], frames: int) -> Lap:
    wall_s, cores_s = time.perf_counter(), time.process_time()
    with contextlib.redirect_stderr(io.StringIO()):
        job()
    wall_s, cores_s = time.perf_counter() - wall_s, time.process_time() - cores_s
    return Lap(1000 * wall_s / frames, 1000 * cores_s / frames)


def wall_ms(laps: Sequence[Lap]) -> float:
    """Return the median time."""
    return float(np.median([lap.wall_ms for lap in laps]))


def times(laps: Sequence[Lap], of: Sequence[Lap]) -> str:
    """Return how many times as long the laps took as the others: the median of the turns, and their middle half."""
    return _median([lap.wall_ms / other.wall_ms for lap, other in zip(laps, of, strict=True)])


def core_times(laps: Sequence[Lap], of: Sequence[Lap]) -> str:
    """Return the same for the time of all cores."""
    return _median([lap.core_ms / other.core_ms for lap, other in zip(laps, of, strict=True)])


def _median(ratios: Sequence[float]) -> str:
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return f"**{middle:.2f}** ({low:.2f} … {high:.2f})"


def arguments(description: str | None, turns: int, clips: Sequence[str] = ()) -> argparse.Namespace:
    """Read the flags that all such scripts have, and keep to as many cores as they say; `clips` names sets of clips."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--media", type=Path, default=footage.MEDIA, help="folder of the original clips")
    parser.add_argument("--turns", type=int, default=turns)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the clips")
    parser.add_argument("--cores", type=int, default=2, help="cores to use, where the system lets us choose")
    if clips:
        parser.add_argument("--clips", choices=clips, default=clips[-1], help="set of clips")
    found = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: found.cores])
    return found


def show(table: Table) -> None:
    """Print a table as documentation writes it; what it was measured on goes to stderr."""
    print(table.markdown(), flush=True)
    print(this_machine(), file=sys.stderr)
