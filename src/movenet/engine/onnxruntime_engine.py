"""Microsoft's ONNX Runtime as an engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.engine.devices import Device
from movenet.engine.interface import LoadedEngine, Runtime, check_squares, engine_error
from movenet.errors import EngineError, MissingExtraError
from movenet.models import ModelCard

Provider = tuple[str, dict[str, str]]

PROVIDERS: Final[Mapping[Device, tuple[Provider, ...]]] = {
    "cpu": (),
    "gpu": (
        ("CUDAExecutionProvider", {}),
        ("DmlExecutionProvider", {}),
        ("CoreMLExecutionProvider", {"ModelFormat": "MLProgram", "MLComputeUnits": "CPUAndGPU"}),
    ),
    "npu": (
        ("CoreMLExecutionProvider", {"ModelFormat": "MLProgram", "MLComputeUnits": "CPUAndNeuralEngine"}),
    ),
}
"""Device → ONNX Runtime's providers with their options, the preferred first: NVIDIA, DirectML of Windows, Apple."""
_CPU: Final = "CPUExecutionProvider"


class OnnxRuntimeEngine(LoadedEngine):
    """Microsoft's ONNX Runtime (extra `onnxruntime`); float32 only.

    On a GPU or NPU, layers that the provider does not have run on the CPU; Apple's computes in half precision.
    """

    title = "ONNX Runtime"
    precision = "fp32"

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        super().__init__(model, runtime)
        if runtime.precision not in ("auto", "fp32", "int8"):
            raise EngineError("ONNX Runtime computes in fp32: choose precision fp32, or the engine openvino")
        session = self._session()
        self._set_card(model, lambda: session.get_modelmeta().custom_metadata_map)

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        names = list(self._card.heads)
        with self._lock:
            session = self._session()
        try:
            # DirectML runs one call at a time.
            with nullcontext() if self.device == "cpu" else self._lock:
                heads = session.run(names, {"images": np.ascontiguousarray(squares)})
        except Exception as error:  # noqa: BLE001 (its exception classes are private, one per cause)
            raise engine_error("run", self.title, self.path, error) from None
        return dict(zip(names, heads, strict=True))

    @staticmethod
    def find_devices() -> tuple[Device, ...]:
        """Return the devices for which this build of ONNX Runtime has a provider; see `LoadedEngine`."""
        available = _import().get_available_providers()
        return tuple(device for device in PROVIDERS if device == "cpu" or choose_provider(device, available))

    def _session(self) -> Any:
        return self._cached("session", self._open)

    def _open(self) -> Any:
        onnxruntime = _import()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._runtime.threads or 0
        options.enable_mem_pattern = self.device == "cpu"  # DirectML has none
        provider = choose_provider(self.device, onnxruntime.get_available_providers())
        try:
            session = onnxruntime.InferenceSession(
                self.path, options, providers=[provider, _CPU] if provider else [_CPU]
            )
        except Exception as error:  # noqa: BLE001 (its exception classes are private, one per cause)
            raise engine_error("read", self.title, self.path, error) from None
        if provider and provider[0] not in session.get_providers():  # it only warns and takes the CPU
            raise EngineError(f"ONNX Runtime's {provider[0]} does not load here: choose device cpu")
        return session


def choose_provider(device: Device, available: Collection[str]) -> Provider | None:
    """Return the first of the device's `PROVIDERS` that this build of ONNX Runtime has; None for the CPU's."""
    return next((provider for provider in PROVIDERS[device] if provider[0] in available), None)


def _import() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("onnxruntime", "onnxruntime", "this engine") from None
    return onnxruntime
