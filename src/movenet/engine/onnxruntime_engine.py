"""Microsoft's ONNX Runtime as an engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.decode.sparse_head import SparseHead, frame_features
from movenet.engine.devices import Device
from movenet.engine.interface import LoadedEngine, Runtime, check_squares, engine_error
from movenet.errors import EngineError, MissingExtraError
from movenet.models import ModelCard

if TYPE_CHECKING:
    from movenet.engine.sparse_onnx import SparseHeads

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
        session, _ = self._session()
        self._set_card(model, lambda: session.get_modelmeta().custom_metadata_map)

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        with self._lock:
            session, sparse = self._session()
        dense = [name for name in self._card.heads if not sparse or name not in sparse.weights]
        fetched = [*dense, sparse.features] if sparse else dense
        try:
            # DirectML runs one call at a time.
            with nullcontext() if self.device == "cpu" else self._lock:
                outputs = session.run(fetched, {"images": np.ascontiguousarray(squares)})
        except Exception as error:  # noqa: BLE001 (its exception classes are private, one per cause)
            raise engine_error("run", self.title, self.path, error) from None
        heads = dict(zip(fetched, outputs, strict=True))
        if sparse:
            features = frame_features(heads.pop(sparse.features))
            heads |= {name: SparseHead(features, weights) for name, weights in sparse.weights.items()}
        return heads

    @staticmethod
    def find_devices() -> tuple[Device, ...]:
        """Return the devices for which this build of ONNX Runtime has a provider; see `LoadedEngine`."""
        available = _import("onnxruntime").get_available_providers()
        return tuple(device for device in PROVIDERS if device == "cpu" or choose_provider(device, available))

    def _session(self) -> tuple[Any, SparseHeads | None]:
        """Return the opened model, and what it has instead of the sparse heads."""
        session: tuple[Any, SparseHeads | None] = self._cached("session", self._open)
        return session

    def _open(self) -> tuple[Any, SparseHeads | None]:
        onnxruntime, onnx = _import("onnxruntime"), _import("onnx")
        from movenet.engine.sparse_onnx import remove_sparse_heads

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._runtime.threads or 0
        options.enable_mem_pattern = self.device == "cpu"  # DirectML has none
        provider = choose_provider(self.device, onnxruntime.get_available_providers())
        try:
            model = onnx.load(self.path, format="protobuf")
            sparse = remove_sparse_heads(model)
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=[provider, _CPU] if provider else [_CPU]
            )
        except Exception as error:  # noqa: BLE001 (its exception classes are private, one per cause)
            raise engine_error("read", self.title, self.path, error) from None
        if provider and provider[0] not in session.get_providers():  # it only warns and takes the CPU
            raise EngineError(f"ONNX Runtime's {provider[0]} does not load here: choose device cpu")
        return session, sparse


def choose_provider(device: Device, available: Collection[str]) -> Provider | None:
    """Return the first of the device's `PROVIDERS` that this build of ONNX Runtime has; None for the CPU's."""
    return next((provider for provider in PROVIDERS[device] if provider[0] in available), None)


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise MissingExtraError(name, "onnxruntime", "this engine") from None
