"""The `Engine` protocol (uint8 RGB squares in, raw heads out) and the base class of engines that load a file."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, runtime_checkable
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.engine.devices import Device, choose_device
from movenet.errors import EngineError, ModelError
from movenet.models import MODELS, MULTIPLE, ModelCard, read_card

Precision = Literal["auto", "fp32", "bf16", "fp16", "int8"]


@runtime_checkable
class Engine(Protocol):
    """Runs one network. May be called from several threads at once.

    `__call__` returns raw heads. Those that decoding reads in few cells may be `movenet.decode.sparse_head.SparseHead`
    objects instead of arrays: all engines here return "regress", "offset", "box_scale" and "box_offset" of MoveNet
    models that way. They have `shape`, `dtype` and `len`, are indexed like arrays and then compute only the cells that
    are read; `np.asarray(head)` computes all cells.
    """

    @property
    def card(self) -> ModelCard:
        """The card of the model: name, side, heads, family."""
        ...

    @property
    def precision(self) -> str:
        """Floating-point precision: "fp32", "bf16" or "fp16". int8 models compute their first and last layers in it."""
        ...

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; heads that are read in few cells may be a `SparseHead`.

        Args:
            squares: (N, H, W, 3) uint8 RGB, H and W multiples of 32, N ≥ 1.

        Returns:
            Head name → (N, C, h, w) float32, before any sigmoid: an array or a `SparseHead`.

        Raises:
            EngineError: if `squares` has another shape or type, or if the runtime cannot run the model.
        """
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """Which engine runs the network, in which precision, on how many threads and on which device."""

    engine: str = "openvino"
    """One of `ENGINES`."""
    precision: Precision = "auto"
    """"auto" is the fastest precision that keeps the accuracy (`movenet.engine.arithmetic`): int8 for Lightning and
    Thunder where the processor computes int8 faster, else bf16 if the hardware supports it, else fp32. On a GPU or NPU
    it is fp16."""
    threads: int | None = None
    """Number of threads for one inference on the CPU; None: the runtime decides."""
    device: Device = "cpu"
    """"cpu", "gpu", "npu", or "auto": the GPU if the engine finds one, else the CPU."""


class LoadedEngine:
    """Base class of the engines that load a file.

    An engine can be pickled: the model's name or path and the `Runtime` are stored, and the engine is opened again. It
    works after `os.fork`, too: the child process has none of the runtime's threads, so it loads the model again at its
    first call.
    """

    title = ""
    """Name of the runtime."""

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        """Store what to load. A subclass then calls `_set_card`, and loads on demand with `_cached`."""
        self.device: Final = choose_device(runtime.device, self.find_devices, self.title)
        """The device that runs the network: "cpu", "gpu" or "npu"."""
        self.path: Final = model.path if isinstance(model, ModelCard) else model
        """The model file."""
        self._runtime = runtime
        self._lock = threading.Lock()
        self._loaded: dict[Hashable, Any] = {}
        _OPEN_ENGINES.add(self)

    @staticmethod
    def find_devices() -> tuple[Device, ...]:
        """Return the devices that the runtime finds here: "cpu", and if present "gpu" and "npu".

        Raises:
            EngineError: if the runtime does not load.
            MissingExtraError: if it is not installed.
        """
        return ("cpu",)

    @property
    def card(self) -> ModelCard:
        """The card of the model."""
        return self._card

    def _set_card(self, model: ModelCard | Path, properties: Callable[[], Mapping[str, str]]) -> None:
        try:
            self._card = model if isinstance(model, ModelCard) else read_card(model, properties())
        except UnicodeDecodeError as error:
            got = f"{error.object!r:.80}"
            raise ModelError(f"{model} is damaged: expected properties in UTF-8, got {got}") from None

    @property
    def is_loaded(self) -> bool:
        """Whether the next call on a square of the model's own side has nothing left to load."""
        return True

    def load(self) -> None:
        """Load what that call needs; a failure is not raised here but by the call."""

    def _cached(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """Return the value stored under `key`, loaded at the first call in this process."""
        if key not in self._loaded:
            self._loaded[key] = load()
        return self._loaded[key]

    def __reduce__(self) -> tuple[Callable[..., Engine], tuple[str | Path, Runtime]]:
        from movenet.engine.opening import open_engine

        known = MODELS.get(self.card.name) == self.card
        return open_engine, (self.card.name if known else self.path.absolute(), self._runtime)

    def _reset_after_fork(self) -> None:
        """Drop, in the child process of a fork, the loaded models, which need the parent's threads."""
        for loaded in self._loaded.values():
            keep_until_exit(loaded)
        self._loaded = {}
        self._lock = threading.Lock()


def device_of(engine: Engine) -> str:
    """Return the device that runs the network, "cpu", "gpu" or "npu"; engines of other makers count as "cpu"."""
    return engine.device if isinstance(engine, LoadedEngine) else "cpu"


@contextmanager
def loading(engine: Engine) -> Iterator[None]:
    """Load an engine in a second thread while the block runs, unless it is loaded already."""
    if not isinstance(engine, LoadedEngine) or engine.is_loaded:
        yield
        return
    thread = threading.Thread(target=engine.load, name="movenet-loading")
    thread.start()
    try:
        yield
    finally:
        thread.join()


_OPEN_ENGINES: Final[WeakSet[LoadedEngine]] = WeakSet()


def keep_until_exit(resource: object) -> None:
    """Keep an object alive until the process ends, so that its destructor never runs.

    After a fork, destructors of inference runtimes wait forever for threads that only the parent has.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(resource))


def _reset_engines_after_fork() -> None:
    for engine in list(_OPEN_ENGINES):
        engine._reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_engines_after_fork)


class ScriptedEngine:
    """An engine whose heads come from a Python function: for tests, examples and documentation."""

    precision = "fp32"

    def __init__(self, card: ModelCard, compute_heads: Callable[[NDArray[np.uint8]], Heads]):
        """Take the model card and a function that maps (N, H, W, 3) uint8 squares to heads."""
        self._card = card
        self._compute_heads = compute_heads

    @property
    def card(self) -> ModelCard:
        """The card of the model."""
        return self._card

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Return the function's heads; see `Engine`."""
        check_squares(squares)
        return self._compute_heads(squares)


def check_squares(squares: NDArray[np.uint8]) -> None:
    """Raise an EngineError unless `squares` is (N, H, W, 3) uint8 with N ≥ 1, H and W multiples of 32."""
    shape = np.shape(squares)
    fits = (
        len(shape) == 4
        and shape[3] == 3
        and all(shape)
        and not shape[1] % MULTIPLE
        and not shape[2] % MULTIPLE
    )
    if not fits or squares.dtype != np.uint8:
        kind = getattr(squares, "dtype", type(squares).__name__)
        raise EngineError(
            f"expected uint8 RGB squares of shape (N, H, W, 3) with H and W multiples of {MULTIPLE}, "
            f"got {kind} of shape {shape}"
        )


def engine_error(verb: str, runtime: str, path: Path, error: Exception) -> EngineError:
    """Return the error "RUNTIME cannot VERB PATH: REASON", VERB being read or run, REASON the error's first line."""
    lines = str(error).splitlines()
    # OpenVINO puts file and line of its source code first.
    reasons = [line.strip() for line in lines if line.strip() and not line.startswith("Exception from ")]
    return EngineError(f"{runtime} cannot {verb} {path}: {reasons[0] if reasons else type(error).__name__}")
