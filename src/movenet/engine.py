"""The boiler room: uint8 RGB squares in, raw heads out, the same numbers from every runtime.

Only `decode` understands the heads. A new runtime is a class with a `card` and one method.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.errors import EngineError, MissingExtraError
from movenet.machine import has_int8_dot_products
from movenet.models import INT8, MULTIPLE, PROPERTIES, ModelCard, find_model, read_card

Precision = Literal["auto", "f32", "bf16"]

TURNS: Final = 8
"""After so many changes to one shape, OpenVINO compiles the network for it …"""
SHAPES: Final = 6
"""… as long as there are fewer than so many; each holds the weights once more."""


@runtime_checkable
class Engine(Protocol):
    """Runs one network. Safe to share between threads."""

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        ...

    @property
    def precision(self) -> str:
        """The arithmetic in use: "f32" or "bf16"."""
        ...

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network.

        Args:
            squares: (N, H, W, 3) uint8 RGB, H and W multiples of 32, N ≥ 1.

        Raises:
            EngineError: for anything else.
        """
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs the network, and how."""

    engine: str = "openvino"
    """One of `ENGINES`."""
    precision: Precision = "auto"
    """"auto" is bf16 where the processor computes it in hardware, else f32."""
    threads: int | None = None
    """How many threads an inference may use; None leaves it to the runtime."""


def open_engine(model: str | Path, runtime: Runtime | None = None) -> Engine:
    """Load a model, from the table by name or from an ONNX file of the user's own.

    Raises:
        ModelError: if the model is unknown or damaged.
        EngineError: if the runtime is unknown, missing or cannot do what is asked, or if this processor would
            compute the int8 model wrongly.
    """
    runtime = runtime or Runtime()
    if runtime.engine not in ENGINES:
        raise EngineError(f"expected an engine out of {', '.join(ENGINES)}, got '{runtime.engine}'")
    if runtime.threads is not None and runtime.threads < 1:
        raise EngineError(f"expected at least one thread, got {runtime.threads}")
    found = find_model(model)
    if isinstance(found, ModelCard):
        found.check()
    engine = ENGINES[runtime.engine](found, runtime)
    if not sums_are_exact(engine.card):
        raise EngineError(
            f"{engine.card.path}: its int8 sums overflow on this processor, which has no integer dot products: "
            "export the model again with  movenet export MODEL --precision int8"
        )
    return engine


def sums_are_exact(card: ModelCard) -> bool:
    """Tell whether this processor computes a model's sums exactly: float models, int8 ones made for it, or all."""
    return card.exact_sums or not card.name.endswith(INT8) or has_int8_dot_products()


class OpenVinoEngine:
    """Intel's OpenVINO, the default: the fastest on x86-64, also on ARM."""

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        self._core = openvino_core()
        path = model.path if isinstance(model, ModelCard) else model
        try:
            self._model = self._core.read_model(path)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot read {path}: {_first_line(error)}") from None
        self._card = model if isinstance(model, ModelCard) else read_card(path, self._properties())
        self._precision = _pick(runtime.precision, hardware=_openvino_has_bf16(self._core))
        self._config = _openvino_config(self._precision, runtime.threads)
        self._requests: dict[tuple[int, ...] | None, Any] = {}
        self._turns: Counter[tuple[int, ...]] = Counter()
        self._last: tuple[int, ...] | None = None
        self._lock = threading.Lock()

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    @property
    def precision(self) -> str:
        """The arithmetic in use: "f32" or "bf16"."""
        return self._precision

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        with self._lock:
            request = self._request(squares.shape)
            request.infer([np.ascontiguousarray(squares)], share_inputs=True)
            return {name: request.get_tensor(name).data.copy() for name in self._card.heads}

    def _request(self, shape: tuple[int, ...]) -> Any:
        """Return a compiled model: one made for a shape, which is faster, or one for any."""
        return self._compiled(shape if self._deserves_its_own(shape) else None)

    def _deserves_its_own(self, shape: tuple[int, ...]) -> bool:
        """Tell whether to compile for a shape: the usual square, and those that keep coming back after others.

        Turning the model for any shape to another one takes a millisecond or two. A video turns it once.
        """
        if shape == (1, self._card.side, self._card.side, 3) or shape in self._requests:
            return True
        self._turns[shape] += shape != self._last
        self._last = shape
        return self._turns[shape] >= TURNS and len(self._requests) < SHAPES

    def _compiled(self, shape: tuple[int, ...] | None) -> Any:
        if shape not in self._requests:
            model = self._model.clone()
            if shape is not None:
                model.reshape(list(shape))
            compiled = self._core.compile_model(model, "CPU", self._config)
            self._requests[shape] = compiled.create_infer_request()
        return self._requests[shape]

    def _properties(self) -> dict[str, str]:
        paths = {f"movenet.{name}": ["framework", f"movenet.{name}"] for name in PROPERTIES}
        present = {name: path for name, path in paths.items() if self._model.has_rt_info(path)}
        return {name: str(self._model.get_rt_info(path).value) for name, path in present.items()}


class OnnxRuntimeEngine:
    """Microsoft's ONNX Runtime (extra `onnxruntime`); float32 only."""

    precision = "f32"

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        try:
            import onnxruntime
        except ImportError:
            raise MissingExtraError("onnxruntime", "onnxruntime", "this engine") from None
        if runtime.precision == "bf16":
            raise EngineError(
                "ONNX Runtime computes in f32 on a CPU: choose precision f32, or the engine openvino"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = runtime.threads or 0
        path = model.path if isinstance(model, ModelCard) else model
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 (its exception classes are private, one per cause)
            raise EngineError(f"ONNX Runtime cannot read {path}: {_first_line(error)}") from None
        properties = self._session.get_modelmeta().custom_metadata_map
        self._card = model if isinstance(model, ModelCard) else read_card(path, properties)

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        heads = self._session.run(list(self._card.heads), {"images": np.ascontiguousarray(squares)})
        return dict(zip(self._card.heads, heads, strict=True))


class TorchEngine:
    """The readable network of `movenet.network` in PyTorch (extra `torch`): for study and training."""

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        try:
            import torch

            from movenet.export import read_network, read_properties
        except ImportError as error:
            raise MissingExtraError(str(error.name), "torch", "the engine 'torch'") from None
        path = model.path if isinstance(model, ModelCard) else model
        self._torch = torch
        self._card = model if isinstance(model, ModelCard) else read_card(path, read_properties(path))
        hardware = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
        self._precision = _pick(runtime.precision, hardware=hardware)
        self._network = read_network(path)
        self._threads = runtime.threads

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    @property
    def precision(self) -> str:
        """The arithmetic in use: "f32" or "bf16"."""
        return self._precision

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        torch = self._torch
        if self._threads is not None and self._threads != torch.get_num_threads():
            # PyTorch has one number for the whole process: another engine may have set its own.
            torch.set_num_threads(self._threads)
        images = torch.from_numpy(np.array(squares))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self._precision == "bf16"):
            return {name: head.float().numpy() for name, head in self._network(images).items()}


class ScriptedEngine:
    """An engine that answers what it is told to: for tests, examples and documentation."""

    precision = "f32"

    def __init__(self, card: ModelCard, answer: Callable[[NDArray[np.uint8]], Heads]):
        """Take the card to show and the function that turns (N, H, W, 3) squares into heads."""
        self._card = card
        self._answer = answer

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Return the scripted answer; see `Engine`."""
        check_squares(squares)
        return self._answer(squares)


ENGINES: Final[Mapping[str, Callable[[ModelCard | Path, Runtime], Engine]]] = {
    "openvino": OpenVinoEngine,
    "onnxruntime": OnnxRuntimeEngine,
    "torch": TorchEngine,
}


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


def cache_folder() -> Path | None:
    """Return where compiled models are kept between runs, or None where nothing can be written.

    `MOVENET_CACHE` names another folder; an empty value switches the cache off.
    """
    chosen = os.environ.get("MOVENET_CACHE")
    if chosen == "":
        return None
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    try:
        folder = Path(chosen) if chosen else Path(base or Path.home() / ".cache") / "movenet"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None


def _pick(asked: Precision, *, hardware: bool) -> str:
    if asked == "auto":
        return "bf16" if hardware else "f32"
    if asked not in ("f32", "bf16"):
        raise EngineError(f"expected a precision out of auto, f32, bf16, got '{asked}'")
    return asked


def _openvino() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise EngineError(f"OpenVINO does not load here ({error}): try the engine onnxruntime") from None
    return openvino


@cache
def openvino_core() -> Any:
    """Return the one core of this process, which is kept to its end.

    A core gives the thread that made it a stack for signal handlers and takes it back when it goes. Of several cores
    that go in another order than they came, one would leave a stack behind that is there no more, and the next
    signal that Python handles, Ctrl-C or the end of a child, would end the process (OpenVINO 2026.4 on Linux).
    """
    return _openvino().Core()


def _openvino_has_bf16(core: Any) -> bool:
    """Ask OpenVINO what it would choose by itself: bf16 only where the processor has it in hardware."""
    return bool(core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string() == "bf16")


def _openvino_config(precision: str, threads: int | None) -> dict[str, str | int | bool]:
    config: dict[str, str | int | bool] = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": 1}
    # A thread tied to a core waits for whoever else is on it: decoding and encoding a video, for one.
    config["ENABLE_CPU_PINNING"] = False
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = threads
    folder = cache_folder()
    return {**config, "CACHE_DIR": str(folder)} if folder else config


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
