"""Intel's OpenVINO as an engine."""

from __future__ import annotations

import hashlib
import io
import json
import os
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.decode.sparse_head import HeadWeights, SparseHead, concatenate_heads
from movenet.engine.compiled_cache import read_compiled, store_compiled
from movenet.engine.interface import (
    LoadedEngine,
    Runtime,
    check_squares,
    engine_error,
    keep_until_exit,
    pick_precision,
)
from movenet.engine.sparse_graph import FEATURES, PARTS, SPARSE, read_weights, without_sparse_heads
from movenet.errors import EngineError
from movenet.machine import features, may_use_bf16, processor_name
from movenet.models import PROPERTIES, ModelCard

Shape = tuple[int, int, int, int]


class OpenVinoEngine(LoadedEngine):
    """Intel's OpenVINO, the default: the fastest on x86-64, also on ARM.

    Squares are run one at a time, so a result never depends on other squares, in the same batch or before it.
    Squares of the model's own side use a network compiled for that shape; all others share one with a dynamic shape.

    "regress", "offset", "box_scale" and "box_offset" are returned as `SparseHead` objects; see `Engine`.
    """

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        super().__init__(model, runtime)
        core = openvino_core()
        self._set_card(model, lambda: _properties(self._network))
        self._precision = pick_precision(runtime.precision, hardware=_has_bf16(core))
        self._config = _config(self._precision, runtime.threads)

    @property
    def precision(self) -> str:
        """Floating-point precision: "fp32" or "bf16"."""
        return self._precision

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        with self._lock:
            try:
                results = [self._run(square[None]) for square in squares]
            except (RuntimeError, ValueError, MemoryError) as error:
                raise engine_error("run", "OpenVINO", self.path, error) from None
        if len(results) == 1:
            return results[0]
        return {name: concatenate_heads([heads[name] for heads in results]) for name in self._card.heads}

    def _run(self, square: NDArray[np.uint8]) -> Heads:
        own = square.shape == (1, self._card.side, self._card.side, 3)
        shape = square.shape if own else None
        request = self._cached(shape, lambda: self._compiled(shape).create_infer_request())
        request.infer([np.ascontiguousarray(square)], share_inputs=True)
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
        core, digest = openvino_core(), self._digest
        key = json.dumps([digest, *_environment(core), self._config, shape, SPARSE])
        stored = read_compiled(key) if digest else None
        if stored is not None:
            with suppress(RuntimeError):
                return core.import_model(io.BytesIO(stored), "CPU", self._config)
        network = without_sparse_heads(self._network.clone())
        if shape is not None:
            network.reshape(list(shape))
        compiled = core.compile_model(network, "CPU", self._config)
        if digest:
            with suppress(RuntimeError):
                store_compiled(key, _exported(compiled))
        return compiled

    @cached_property
    def _network(self) -> Any:
        """The network as read from the file, not compiled; not needed if the cache has it compiled."""
        try:
            return openvino_core().read_model(self.path)
        except Exception as error:  # noqa: BLE001 (a damaged file may raise anything, UnicodeDecodeError for one)
            raise engine_error("read", "OpenVINO", self.path, error) from None

    @cached_property
    def _digest(self) -> str | None:
        """SHA-256 of the model, or None if its weights may be in another file."""
        if self._card.sha256 is not None:
            return self._card.sha256
        data = self.path.read_bytes()
        # ONNX refers to external weights by the key "location"; OpenVINO's .xml always has a separate .bin file.
        return None if b"location" in data or data.startswith(b"<") else hashlib.sha256(data).hexdigest()


@cache
def openvino_core() -> Any:
    """Return the only `openvino.Core` of this process, which lives until the process ends.

    A core installs an alternate signal stack in the thread that makes it and restores the previous one when it is
    destroyed. Several cores destroyed in another order than first in, last out leave a freed stack installed, and the
    next signal that Python handles (Ctrl-C, SIGCHLD) crashes the process (OpenVINO 2026.4 on Linux).

    Raises:
        EngineError: if OpenVINO cannot be imported.
    """
    try:
        import openvino
    except ImportError as error:
        raise EngineError(f"OpenVINO does not load here ({error}): try the engine onnxruntime") from None
    return openvino.Core()


def _reset_core_after_fork() -> None:
    """Let the child process of a fork make its own core."""
    if openvino_core.cache_info().currsize:
        keep_until_exit(openvino_core())
        openvino_core.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_core_after_fork)


def _has_bf16(core: Any) -> bool:
    """Return whether the processor computes in bf16 and no limit of the instruction sets forbids it.

    OpenVINO's own default is bf16 also under a limit, and then it cannot run.
    """
    default = core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
    return may_use_bf16() and bool(default == "bf16")


def _config(precision: str, threads: int | None) -> dict[str, str | int | bool]:
    hint = "f32" if precision == "fp32" else precision
    config: dict[str, str | int | bool] = {"INFERENCE_PRECISION_HINT": hint, "NUM_STREAMS": 1}
    # A pinned thread would wait while video decoding or encoding uses its core.
    config["ENABLE_CPU_PINNING"] = False
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = threads
    return config


def _environment(core: Any) -> list[str]:
    """Return what a compiled model depends on: OpenVINO version, processor, features, limit of instruction sets."""
    import openvino

    capabilities = " ".join(sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return [
        openvino.get_version(),
        processor_name(),
        " ".join(sorted(features())),
        limit,
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
