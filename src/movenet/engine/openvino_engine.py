"""Intel's OpenVINO as an engine."""

from __future__ import annotations

import hashlib
import io
import json
import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.decode.sparse_head import SPARSE, HeadWeights, SparseHead, concatenate_heads
from movenet.engine.compiled_cache import cache_folder, read_compiled, store_compiled
from movenet.engine.devices import choose_floats
from movenet.engine.interface import (
    LoadedEngine,
    Runtime,
    check_squares,
    engine_error,
)
from movenet.engine.openvino_runtime import import_openvino, openvino_core, openvino_devices
from movenet.engine.sparse_openvino import FEATURES, PARTS, read_weights, without_sparse_heads
from movenet.errors import EngineError
from movenet.machine import features, may_use_bf16, processor_name
from movenet.models import PROPERTIES, ModelCard

Shape = tuple[int, int, int, int]

_FAILURES: Final = (RuntimeError, ValueError, MemoryError)
"""What OpenVINO raises if it cannot compile or run a network."""


class OpenVinoEngine(LoadedEngine):
    """Intel's OpenVINO, the default: the fastest on x86-64, also on ARM; with drivers, on Intel's GPUs and NPUs.

    Squares are run one at a time, so a result never depends on other squares, in the same batch or before it.
    Squares of the model's own side use a network compiled for that shape; all others share one with a dynamic shape,
    except on an NPU, which has none: there each shape has a network of its own.
    """

    title = "OpenVINO"
    find_devices = staticmethod(openvino_devices)

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        super().__init__(model, runtime)
        core = openvino_core()
        self._set_card(model, lambda: _properties(self._read()))
        has_bf16 = self.device == "cpu" and _has_bf16(core)
        self._precision = choose_floats(runtime.precision, self.device, has_bf16=has_bf16)
        if self._precision == "bf16" and not may_use_bf16():
            raise EngineError("ONEDNN_MAX_CPU_ISA forbids bf16 instructions: choose fp32, or lift the limit")
        self._config = _config(self._precision, self.device, runtime.threads)

    @property
    def precision(self) -> str:
        """Floating-point precision: "fp32" or "bf16", on a GPU or NPU "fp16" or "fp32"."""
        return self._precision

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        with self._lock:
            try:
                results = [self._run(square[None]) for square in squares]
            except _FAILURES as error:
                raise engine_error("run", self.title, self.path, error) from None
        if len(results) == 1:
            return results[0]
        return {name: concatenate_heads([heads[name] for heads in results]) for name in self._card.heads}

    @property
    def is_loaded(self) -> bool:
        """Whether the network for the model's own side is compiled."""
        return self._own_shape in self._loaded

    def load(self) -> None:
        """Compile the network for the model's own side, or read it from the cache."""
        with self._lock, suppress(EngineError, *_FAILURES):
            self._request(self._own_shape)

    @property
    def _own_shape(self) -> Shape:
        return (1, self._card.side, self._card.side, 3)

    def _request(self, shape: Shape | None) -> Any:
        return self._cached(shape, lambda: self._compiled(shape).create_infer_request())

    def _run(self, square: NDArray[np.uint8]) -> Heads:
        is_static = square.shape == self._own_shape or self.device == "npu"
        request = self._request(square.shape if is_static else None)
        # Without `share_outputs` it copies every output, also those that are not read.
        request.infer([np.ascontiguousarray(square)], share_inputs=True, share_outputs=True)
        weights = self._cached("weights", lambda: self._sparse_weights(request))
        heads: dict[str, Any] = {
            name: request.get_tensor(name).data.copy() for name in self._card.heads if name not in weights
        }
        if weights:
            features = request.get_tensor(FEATURES).data.copy()
            heads |= {name: SparseHead(features, weights[name]) for name in weights}
        return heads

    def _sparse_weights(self, request: Any) -> dict[str, HeadWeights]:
        """Return the weights of the sparse heads, which are constant outputs of the network."""
        outputs = {
            name: tensor.data
            for output, tensor in zip(request.model_outputs, request.output_tensors, strict=True)
            for name in output.get_names()
        }
        return {name: read_weights(name, outputs) for name in SPARSE if f"{name}.{PARTS[0]}" in outputs}

    def _compiled(self, shape: Shape | None) -> Any:
        """Return the network compiled for one shape, or for None a dynamic shape: from the cache, or compiled now."""
        core, digest, device = openvino_core(), self._digest, self.device.upper()
        key = json.dumps([digest, *_environment(core, device), self._config, shape, SPARSE])
        stored = read_compiled(key) if digest else None
        if stored is not None:
            with suppress(RuntimeError):
                return core.import_model(stored, device, self._config)
        compiled = core.compile_model(self._network(shape), device, self._config)
        if digest and cache_folder():
            with suppress(RuntimeError):
                store_compiled(key, _exported(compiled))
        return compiled

    def _network(self, shape: Shape | None) -> Any:
        """Return the network as read from the file, for one shape or a dynamic shape, without the sparse heads."""
        network = self._read()
        if shape is not None:
            # `Model.reshape` gives the same network, but takes 20 to 100 ms instead of 10.
            network.get_parameters()[0].set_partial_shape(import_openvino().PartialShape(shape))
            network.validate_nodes_and_infer_types()
        return without_sparse_heads(network)

    def _read(self) -> Any:
        try:
            return openvino_core().read_model(self.path)
        except Exception as error:  # noqa: BLE001 (a damaged file may raise anything, UnicodeDecodeError for one)
            raise engine_error("read", self.title, self.path, error) from None

    @cached_property
    def _digest(self) -> str | None:
        """SHA-256 of the model, or None if its weights may be in another file."""
        if self._card.sha256 is not None:
            return self._card.sha256
        data = self.path.read_bytes()
        # ONNX refers to external weights by the key "location"; OpenVINO's .xml always has a separate .bin file.
        return None if b"location" in data or data.startswith(b"<") else hashlib.sha256(data).hexdigest()


def _has_bf16(core: Any) -> bool:
    """Return whether the processor computes in bf16 and no limit of the instruction sets forbids it.

    OpenVINO's own default is bf16 also under a limit, and then it cannot run.
    """
    default = core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
    return may_use_bf16() and bool(default == "bf16")


def _config(precision: str, device: str, threads: int | None) -> dict[str, str | int | bool]:
    hint = {"fp32": "f32", "fp16": "f16"}.get(precision, precision)
    config: dict[str, str | int | bool] = {"INFERENCE_PRECISION_HINT": hint}
    if device != "cpu":
        return {**config, "PERFORMANCE_HINT": "LATENCY"}
    config["NUM_STREAMS"] = 1
    # A pinned thread would wait while video decoding or encoding uses its core.
    config["ENABLE_CPU_PINNING"] = False
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = threads
    return config


def _environment(core: Any, device: str) -> list[str]:
    """Return what a compiled model depends on besides its key: version, processor with features and limit, device."""
    capabilities = " ".join(sorted(core.get_property(device, "OPTIMIZATION_CAPABILITIES")))
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return [
        import_openvino().get_version(),
        processor_name(),
        " ".join(sorted(features())),
        limit,
        core.get_property(device, "FULL_DEVICE_NAME"),
        capabilities,
    ]


def _exported(compiled: Any) -> bytes:
    stream = io.BytesIO()
    compiled.export_model(stream)
    return stream.getvalue()


def _properties(network: Any) -> dict[str, str]:
    paths = {f"movenet.{name}": ["framework", f"movenet.{name}"] for name in PROPERTIES}
    present = {name: path for name, path in paths.items() if network.has_rt_info(path)}
    return {name: str(network.get_rt_info(path).value) for name, path in present.items()}
