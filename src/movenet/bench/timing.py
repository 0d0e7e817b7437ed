"""Interleaved timing: calls take turns, so that a change of the machine's speed affects all of them equally."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from movenet.errors import DataError

Clock: TypeAlias = Callable[[], float]
"""A monotonic clock in seconds."""
Call: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class TimingPlan:
    """How long to measure.

    Raises:
        DataError: if nothing would be measured.
    """

    seconds: float = 20.0
    """Total time of all rounds."""
    turn_s: float = 0.1
    """Time of one turn of a call: repeated, so that its code and data are in the caches, as in real use."""
    min_calls: int = 3
    """Minimum number of calls in a turn."""
    min_rounds: int = 3
    """Minimum number of turns of each call."""
    warmup_calls: int = 1
    """Warm-up calls at the start of each turn, which are not counted."""

    def __post_init__(self) -> None:
        if min(self.min_calls, self.min_rounds) < 1 or min(self.turn_s, self.warmup_calls) < 0:
            raise DataError(f"expected at least one call in one round, got {self}")
        if not 0 <= self.seconds < np.inf:
            raise DataError(f"expected a length of time in seconds, got {self.seconds}")


def time_interleaved(
    calls: Sequence[Call], plan: TimingPlan, clock: Clock = time.perf_counter
) -> list[list[float]]:
    """Time the calls in turns; return the times of the counted calls in seconds, a list for each."""
    times: list[list[float]] = [[] for _ in calls]
    start, rounds = clock(), 0
    while rounds < plan.min_rounds or clock() - start < plan.seconds:
        for call, call_times in zip(calls, times, strict=True):
            call_times += _turn(call, plan, clock)
        rounds += 1
    return times


def timed(call: Call, clock: Clock = time.perf_counter) -> float:
    """Return the time of one call in seconds."""
    start = clock()
    call()
    return clock() - start


def quantile_ms(times_s: Sequence[float], share: float) -> float:
    """Return a quantile of times in milliseconds; `share` 0…1, 0.5 is the median."""
    return 1000 * float(np.quantile(times_s, share))


def _turn(call: Call, plan: TimingPlan, clock: Clock) -> list[float]:
    for _ in range(plan.warmup_calls):
        call()
    times: list[float] = []
    start = clock()
    while len(times) < plan.min_calls or clock() - start < plan.turn_s:
        times.append(timed(call, clock))
    return times
