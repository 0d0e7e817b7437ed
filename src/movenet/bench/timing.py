"""The stopwatch: whatever is compared takes turns, so that a change of the machine's speed meets all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from movenet.errors import DataError

Clock: TypeAlias = Callable[[], float]
"""Any clock in seconds that never steps back."""
Call: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure.

    Raises:
        DataError: There would be nothing to measure.
    """

    seconds: float = 20.0
    """Rounds go on for so long, all calls together."""
    turn_s: float = 0.1
    """How long one keeps its turn: its own code and data are in the caches then, as in real use."""
    least_calls: int = 3
    """Calls of a turn at least, however long they take."""
    least_rounds: int = 3
    """Turns of each at least, however long they take."""
    warm_calls: int = 1
    """Calls at the start of each turn that are not counted: they bring back what the others pushed out."""

    def __post_init__(self) -> None:
        if min(self.least_calls, self.least_rounds) < 1 or min(self.turn_s, self.warm_calls) < 0:
            raise DataError(f"expected at least one call in one round, got {self}")
        if not 0 <= self.seconds < np.inf:
            raise DataError(f"expected a length of time in seconds, got {self.seconds}")


def race(calls: Sequence[Call], plan: Plan, clock: Clock = time.perf_counter) -> list[list[float]]:
    """Let the calls take turns; return for each of them how many seconds every counted call took."""
    times: list[list[float]] = [[] for _ in calls]
    start, rounds = clock(), 0
    while rounds < plan.least_rounds or clock() - start < plan.seconds:
        for call, mine in zip(calls, times, strict=True):
            mine += _turn(call, plan, clock)
        rounds += 1
    return times


def timed(call: Call, clock: Clock = time.perf_counter) -> float:
    """Return how many seconds one call takes."""
    start = clock()
    call()
    return clock() - start


def quantile_ms(times_s: Sequence[float], share: float) -> float:
    """Return the time in milliseconds that a share of them, 0…1, does not exceed; .5 is the median."""
    return 1000 * float(np.quantile(times_s, share))


def _turn(call: Call, plan: Plan, clock: Clock) -> list[float]:
    for _ in range(plan.warm_calls):
        call()
    times: list[float] = []
    start = clock()
    while len(times) < plan.least_calls or clock() - start < plan.turn_s:
        times.append(timed(call, clock))
    return times
