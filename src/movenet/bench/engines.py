"""Engines against each other: how long a call takes, over model, precision, threads, batch and input size."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np

from movenet.bench.timing import Call, Clock, Plan, quantile_ms, race, timed
from movenet.engine import Engine, Precision, Runtime, open_engine
from movenet.errors import DataError, EngineError, MissingExtraError
from movenet.machine import usable_cores

Opener = Callable[[str, Runtime], Engine]

USUAL_MODELS: Final = ("lightning", "thunder")
USUAL_ENGINES: Final = ("openvino", "onnxruntime")
USUAL_PRECISIONS: Final[tuple[Precision, ...]] = ("fp32", "auto")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a network."""

    model: str
    """A name of the table, or an ONNX file."""
    runtime: Runtime = field(default_factory=Runtime)
    batch: int = 1
    """Pictures of a call."""
    size: tuple[int, int] | None = None
    """Width and height of the input in pixels, multiples of 32; None is the square the model was trained on."""


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """What one variant took."""

    model: str
    engine: str
    precision: str
    """The arithmetic really used: "fp32", "bf16" …"""
    threads: int | None
    """None if it was left to the runtime."""
    batch: int
    width: int
    """Of the input, in pixels."""
    height: int
    load_ms: float
    """Opening the engine; some runtimes put work off until the first call."""
    first_ms: float
    """The first call, which may compile the network, or read what was compiled in an earlier run."""
    p50_ms: float
    """The median of the calls."""
    p90_ms: float
    """Nine calls of ten were faster."""
    pictures_per_s: float
    """Pictures of all calls counted, divided by their time."""
    calls: int
    """How many calls were counted."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A variant that does not run here."""

    variant: Variant
    reason: str


def read_size(text: str) -> tuple[int, int]:
    """Return width and height in pixels from "256x160", or from "256" for a square.

    Raises:
        DataError: It is neither.
    """
    found = re.fullmatch(r"([0-9]+)(?:x([0-9]+))?", text)
    if found is None:
        raise DataError(f"expected a size such as 256 or 256x160, got '{text}'")
    return int(found[1]), int(found[2] or found[1])


def variants(
    models: Sequence[str] = (),
    engines: Sequence[str] = (),
    precisions: Sequence[Precision] = (),
    threads: Sequence[int] = (),
    *,
    batches: Sequence[int] = (),
    sizes: Sequence[tuple[int, int]] = (),
) -> list[Variant]:
    """Return every combination; what is not given is the usual.

    That is Lightning and Thunder in OpenVINO and ONNX Runtime, in fp32 and what the processor does best, on one
    thread and on as many as there are cores, one picture at a time, of the model's own size.
    """
    cores = usable_cores()
    runtimes = product(
        engines or USUAL_ENGINES, precisions or USUAL_PRECISIONS, threads or sorted({1, cores})
    )
    shapes = product(batches or (1,), sizes or (None,))
    return [
        Variant(model, Runtime(*runtime), *shape)
        for model, runtime, shape in product(models or USUAL_MODELS, list(runtimes), list(shapes))
    ]


def time_engines(
    variants: Sequence[Variant],
    plan: Plan,
    *,
    clock: Clock = time.perf_counter,
    opener: Opener = open_engine,
) -> tuple[list[EngineTimes], list[LeftOut]]:
    """Open all variants and let them take turns; return what they took, and those that do not run here.

    Variants that turn out to be the same, such as "auto" and the precision it stands for, run once.

    Raises:
        ModelError: if a model is unknown or damaged.
        EngineError: if no variant runs.
    """
    entries: dict[tuple[object, ...], _Entry] = {}
    left_out: list[LeftOut] = []
    for variant in variants:
        try:
            entry = _enter(variant, clock, opener)
        except (EngineError, MissingExtraError) as error:
            left_out.append(LeftOut(variant, str(error)))
        else:
            entries.setdefault(entry.what, entry)
    if not entries:
        raise EngineError(left_out[0].reason if left_out else "expected at least one variant, got none")
    times = race([entry.call for entry in entries.values()], plan, clock)
    found = [_times(entry, mine) for entry, mine in zip(entries.values(), times, strict=True)]
    return found, left_out


@dataclass(frozen=True, slots=True)
class _Entry:
    variant: Variant
    precision: str
    """The one in use, where "auto" was asked for."""
    width: int
    height: int
    load_s: float
    first_s: float
    call: Call

    @property
    def what(self) -> tuple[object, ...]:
        """What is really run: equal for variants that only have other names for it."""
        asked, runtime = self.variant, self.variant.runtime
        way = (asked.model, runtime.engine, self.precision, runtime.threads)
        return (*way, asked.batch, self.width, self.height)


def _enter(variant: Variant, clock: Clock, opener: Opener) -> _Entry:
    """Open an engine and call it for the first time."""
    start = clock()
    engine = opener(variant.model, variant.runtime)
    load_s = clock() - start
    width, height = variant.size or (engine.card.side, engine.card.side)
    # What is in a picture makes no difference to the time.
    squares = np.random.default_rng(0).integers(0, 256, (variant.batch, height, width, 3), np.uint8)

    def call() -> object:
        return engine(squares)

    return _Entry(variant, engine.precision, width, height, load_s, timed(call, clock), call)


def _times(entry: _Entry, times_s: Sequence[float]) -> EngineTimes:
    return EngineTimes(
        model=entry.variant.model,
        engine=entry.variant.runtime.engine,
        precision=entry.precision,
        threads=entry.variant.runtime.threads,
        batch=entry.variant.batch,
        width=entry.width,
        height=entry.height,
        load_ms=1000 * entry.load_s,
        first_ms=1000 * entry.first_s,
        p50_ms=quantile_ms(times_s, 0.5),
        p90_ms=quantile_ms(times_s, 0.9),
        pictures_per_s=entry.variant.batch * len(times_s) / sum(times_s),
        calls=len(times_s),
    )
