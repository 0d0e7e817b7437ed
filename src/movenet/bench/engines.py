"""Latency and throughput of engines, by model, precision, threads, batch and input size."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np

from movenet.bench.timing import Call, Clock, TimingPlan, quantile_ms, time_interleaved, timed
from movenet.engine import Device, Engine, Precision, Runtime, device_of, open_engine
from movenet.errors import DataError, EngineError, MissingExtraError
from movenet.machine import usable_cores
from movenet.models import MODELS

Opener = Callable[[str, Runtime], Engine]

DEFAULT_MODELS: Final = ("lightning", "thunder")
DEFAULT_ENGINES: Final = ("openvino", "onnxruntime")
DEFAULT_PRECISIONS: Final[tuple[Precision, ...]] = ("fp32", "auto")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a network."""

    model: str
    """Name of an official model, or an ONNX file."""
    runtime: Runtime = field(default_factory=Runtime)
    batch: int = 1
    """Pictures per call."""
    size: tuple[int, int] | None = None
    """Width and height of the input in pixels, multiples of 32; None is the model's own square."""


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """Times of one variant."""

    model: str
    """The model that ran: "lightning-int8" if the precision of "lightning" is int8."""
    engine: str
    precision: str
    """The floating-point precision in use: "fp32", "bf16" or "fp16"."""
    device: str
    """The device in use: "cpu", "gpu" or "npu"."""
    threads: int | None
    """None if the runtime chooses."""
    batch: int
    width: int
    """Width of the input in pixels."""
    height: int
    """Height of the input in pixels."""
    load_ms: float
    """Time to open the engine; some runtimes defer work to the first call."""
    first_ms: float
    """Time of the first call, which may compile the network or read it from the cache."""
    p50_ms: float
    """Median time of a call."""
    p90_ms: float
    """90th percentile of the time of a call."""
    pictures_per_s: float
    """Throughput: pictures of all counted calls, divided by their time."""
    calls: int
    """Number of counted calls."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A variant that does not run on this machine."""

    variant: Variant
    reason: str


def read_size(text: str) -> tuple[int, int]:
    """Return width and height in pixels from "256x160", or from "256" for a square.

    Raises:
        DataError: if the text is neither.
    """
    found = re.fullmatch(r"([0-9]+)(?:x([0-9]+))?", text)
    if found is None:
        raise DataError(f"expected a size such as 256 or 256x160, got '{text}'")
    return int(found[1]), int(found[2] or found[1])


def variants(  # noqa: PLR0913 (by keyword)
    models: Sequence[str] = (),
    engines: Sequence[str] = (),
    precisions: Sequence[Precision] = (),
    threads: Sequence[int] = (),
    *,
    devices: Sequence[Device] = (),
    batches: Sequence[int] = (),
    sizes: Sequence[tuple[int, int]] = (),
) -> list[Variant]:
    """Return every combination of the values given.

    Defaults: Lightning and Thunder in OpenVINO and ONNX Runtime, in fp32 and the device's best precision, on the CPU on
    one thread and on all cores, batch 1, the model's own size. A GPU or NPU has no threads to choose.
    """
    places = [
        (number, device)
        for device in devices or ("cpu",)
        for number in threads or (sorted({1, usable_cores()}) if device == "cpu" else (None,))
    ]
    runtimes = [
        Runtime(engine, precision, *place)
        for engine, precision, place in product(
            engines or DEFAULT_ENGINES, precisions or DEFAULT_PRECISIONS, places
        )
    ]
    shapes = product(batches or (1,), sizes or (None,))
    return [
        Variant(model, runtime, *shape)
        for model, runtime, shape in product(models or DEFAULT_MODELS, runtimes, list(shapes))
    ]


def time_engines(
    variants: Sequence[Variant],
    plan: TimingPlan,
    *,
    clock: Clock = time.perf_counter,
    opener: Opener = open_engine,
) -> tuple[list[EngineTimes], list[Skipped]]:
    """Open all variants and time them in turns; return the times, and the variants that do not run here.

    Equal variants, such as "auto" and the precision it stands for, are timed once.

    Raises:
        ModelError: if a model is unknown or damaged.
        EngineError: if no variant runs.
    """
    entries: dict[tuple[object, ...], _Entry] = {}
    skipped: list[Skipped] = []
    for variant in variants:
        try:
            entry = _enter(variant, clock, opener)
        except (EngineError, MissingExtraError) as error:
            skipped.append(Skipped(variant, str(error)))
        else:
            entries.setdefault(entry.key, entry)
    if not entries:
        raise EngineError(skipped[0].reason if skipped else "expected at least one variant, got none")
    times = time_interleaved([entry.call for entry in entries.values()], plan, clock)
    found = [_times(entry, call_times) for entry, call_times in zip(entries.values(), times, strict=True)]
    return found, skipped


@dataclass(frozen=True, slots=True)
class _Entry:
    variant: Variant
    model: str
    """The model that runs: of an official one the int8 version if the precision calls for it."""
    precision: str
    """The floating-point precision in use, also for "auto"."""
    device: str
    """The device in use, also for "auto"."""
    width: int
    height: int
    load_s: float
    first_s: float
    call: Call

    @property
    def key(self) -> tuple[object, ...]:
        """Identity of the variant: equal for "auto" and the precision it stands for."""
        variant, runtime = self.variant, self.variant.runtime
        engine = (self.model, runtime.engine, self.precision, self.device, runtime.threads)
        return (*engine, variant.batch, self.width, self.height)


def _enter(variant: Variant, clock: Clock, opener: Opener) -> _Entry:
    """Open an engine and call it for the first time."""
    start = clock()
    engine = opener(variant.model, variant.runtime)
    load_s = clock() - start
    width, height = variant.size or (engine.card.side, engine.card.side)
    # The content of a picture does not affect the time.
    squares = np.random.default_rng(0).integers(0, 256, (variant.batch, height, width, 3), np.uint8)

    def call() -> object:
        return engine(squares)

    model = engine.card.name if variant.model in MODELS else variant.model
    device = device_of(engine)
    return _Entry(variant, model, engine.precision, device, width, height, load_s, timed(call, clock), call)


def _times(entry: _Entry, times_s: Sequence[float]) -> EngineTimes:
    return EngineTimes(
        model=entry.model,
        engine=entry.variant.runtime.engine,
        precision=entry.precision,
        device=entry.device,
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
