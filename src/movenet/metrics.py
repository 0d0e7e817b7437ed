"""Counters, gauges and histograms, and the text format in which Prometheus reads them.

Source of the format: prometheus.io, "Exposition formats", text format 0.0.4.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Final, Protocol

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""HTTP content type of `prometheus_text`."""
SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Upper bounds of the buckets of a histogram of times, in seconds."""


class Metric(Protocol):
    """A named number, or several, that change with time."""

    name: str
    help: str
    kind: str

    def samples(self) -> Iterator[tuple[str, float]]:
        """Yield the end of each sample's name, with its labels, and the value."""


class Counter:
    """A number that only grows. Safe to use from several threads."""

    kind = "counter"

    def __init__(self, name: str, help: str, value: float = 0) -> None:  # noqa: A002 (Prometheus' own word)
        self.name, self.help = name, help
        self._value = value
        self._lock = threading.Lock()

    def add(self, amount: float = 1) -> None:
        """Add an amount of at least 0."""
        with self._lock:
            self._value += amount

    @property
    def value(self) -> float:
        """The sum so far."""
        return self._value

    def samples(self) -> Iterator[tuple[str, float]]:
        """Yield the sum."""
        yield "", self._value


class Gauge:
    """A number that is read when it is asked for."""

    kind = "gauge"

    def __init__(self, name: str, help: str, read: Callable[[], float]) -> None:  # noqa: A002
        self.name, self.help = name, help
        self._read = read

    def samples(self) -> Iterator[tuple[str, float]]:
        """Yield the present value."""
        yield "", self._read()


class Histogram:
    """Numbers counted by size, in buckets. Safe to use from several threads."""

    kind = "histogram"

    def __init__(self, name: str, help: str, bounds: tuple[float, ...] = SECONDS) -> None:  # noqa: A002
        """Set the upper bounds of the buckets, ascending; one without a bound is added."""
        self.name, self.help, self._bounds = name, help, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Count a number."""
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    @property
    def mean(self) -> float:
        """Mean of the numbers; 0 without any."""
        return self._sum / max(sum(self._counts), 1)

    def samples(self) -> Iterator[tuple[str, float]]:
        """Yield the numbers up to each bound, their sum and their count."""
        with self._lock:
            counts, total = list(accumulate(self._counts)), self._sum
        for bound, count in zip([*map(str, self._bounds), "+Inf"], counts, strict=True):
            yield f'_bucket{{le="{bound}"}}', count
        yield "_sum", total
        yield "_count", counts[-1]


def prometheus_text(metrics: Iterable[Metric]) -> str:
    """Return metrics in Prometheus' text format."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [f"{metric.name}{end} {value:.12g}" for end, value in metric.samples()]
    return "\n".join(lines) + "\n"
