"""The engine interface: uint8 RGB squares in, raw heads out; and the base class of engines that load a file."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, runtime_checkable
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.errors import EngineError, ModelError
from movenet.models import MODELS, MULTIPLE, ModelCard, read_card

Precision = Literal["auto", "fp32", "bf16", "int8"]


@runtime_checkable
class Engine(Protocol):
    """Runs one network. Safe to share between threads."""

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        ...

    @property
    def precision(self) -> str:
        """The floating-point arithmetic in use, "fp32" or "bf16"; int8 models use it in their first and last layers."""
        ...

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; heads that are read in few cells may be a `SparseHead`.

        Args:
            squares: (N, H, W, 3) uint8 RGB, H and W multiples of 32, N ≥ 1.

        Raises:
            EngineError: for anything else, or if the runtime cannot run the model.
        """
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """Inference engine, arithmetic and threads."""

    engine: str = "openvino"
    """One of `ENGINES`."""
    precision: Precision = "auto"
    """"auto" is the fastest arithmetic that keeps the accuracy (`movenet.engine.arithmetic`): int8 for Lightning and
    Thunder where the processor computes that faster, else bf16 where it has that in hardware, else fp32."""
    threads: int | None = None
    """Number of threads of one inference; None is the default of the runtime."""


class LoadedEngine:
    """Base of the engines that load a file.

    An engine can be pickled: what is stored is the name or path of its model and the runtime, and both are opened
    again. It can be used after `os.fork` as well: the child has none of the runtime's threads, so it loads the model
    again at its first call.
    """

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        """Note what to load; a subclass then sets the card (`_set_card`) and loads on demand (`_once`)."""
        self.path: Final = model.path if isinstance(model, ModelCard) else model
        """The model file."""
        self._runtime = runtime
        self._lock = threading.Lock()
        self._loaded: dict[Hashable, Any] = {}
        _LOADED.add(self)

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return self._card

    def _set_card(self, model: ModelCard | Path, properties: Callable[[], Mapping[str, str]]) -> None:
        try:
            self._card = model if isinstance(model, ModelCard) else read_card(model, properties())
        except UnicodeDecodeError as error:
            got = f"{error.object!r:.80}"
            raise ModelError(f"{model} is damaged: expected properties in UTF-8, got {got}") from None

    def _once(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """Return what `load` returned the first time in this process."""
        if key not in self._loaded:
            self._loaded[key] = load()
        return self._loaded[key]

    def __reduce__(self) -> tuple[Callable[..., Engine], tuple[str | Path, Runtime]]:
        """Pickle the name or path of the model, and the runtime."""
        from movenet.engine.opening import open_engine

        known = MODELS.get(self.card.name) == self.card
        return open_engine, (self.card.name if known else self.path.absolute(), self._runtime)

    def _forget(self) -> None:
        """After a fork, in the child: drop what belongs to the parent's threads."""
        for thing in self._loaded.values():
            never_destroy(thing)
        self._loaded = {}
        self._lock = threading.Lock()


_LOADED: Final[WeakSet[LoadedEngine]] = WeakSet()


def never_destroy(thing: object) -> None:
    """Keep an object to the end of the process without ever running its destructor.

    After a fork, destructors of runtimes wait for threads that only the parent has.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _forget_all() -> None:
    for engine in list(_LOADED):
        engine._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class ScriptedEngine:
    """An engine whose heads are given by a function: for tests, examples and documentation."""

    precision = "fp32"

    def __init__(self, card: ModelCard, answer: Callable[[NDArray[np.uint8]], Heads]):
        """Take a card, and a function that returns the heads of (N, H, W, 3) squares."""
        self._card = card
        self._answer = answer

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return self._card

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Return the heads that the function gives; see `Engine`."""
        check_squares(squares)
        return self._answer(squares)


def check_squares(squares: NDArray[np.uint8]) -> None:
    """Raise an EngineError unless `squares` is what an engine takes."""
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


def pick_precision(asked: Precision, *, hardware: bool) -> str:
    """Return the precision of floating point: of "auto" and "int8" bf16 where the hardware has it.

    Raises:
        EngineError: for an unknown precision.
    """
    if asked in ("auto", "int8"):
        return "bf16" if hardware else "fp32"
    if asked not in ("fp32", "bf16"):
        raise EngineError(f"expected a precision out of auto, fp32, bf16, int8, got '{asked}'")
    return asked


def cannot(verb: str, runtime: str, path: Path, error: Exception) -> EngineError:
    """Return the error that says that a runtime cannot "read" or "run" a model, with the first line of its reason."""
    lines = str(error).splitlines()
    # OpenVINO begins with places in its source code.
    reasons = [line.strip() for line in lines if line.strip() and not line.startswith("Exception from ")]
    return EngineError(f"{runtime} cannot {verb} {path}: {reasons[0] if reasons else type(error).__name__}")
