"""Microsoft's ONNX Runtime as an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.engine.interface import LoadedEngine, Runtime, check_squares, engine_error
from movenet.errors import EngineError, MissingExtraError
from movenet.models import ModelCard


class OnnxRuntimeEngine(LoadedEngine):
    """Microsoft's ONNX Runtime (extra `onnxruntime`); float32 only."""

    precision = "fp32"

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        super().__init__(model, runtime)
        if runtime.precision == "bf16":
            raise EngineError(
                "ONNX Runtime computes in fp32 on a CPU: choose precision fp32, or the engine openvino"
            )
        session = self._session()
        self._set_card(model, lambda: session.get_modelmeta().custom_metadata_map)

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        names = list(self._card.heads)
        with self._lock:
            session = self._session()
        try:
            heads = session.run(names, {"images": np.ascontiguousarray(squares)})
        except Exception as error:  # noqa: BLE001 (its exception classes are private, one per cause)
            raise engine_error("run", "ONNX Runtime", self.path, error) from None
        return dict(zip(names, heads, strict=True))

    def _session(self) -> Any:
        return self._cached("session", self._open)

    def _open(self) -> Any:
        try:
            import onnxruntime
        except ImportError:
            raise MissingExtraError("onnxruntime", "onnxruntime", "this engine") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._runtime.threads or 0
        try:
            return onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 (its exception classes are private, one per cause)
            raise engine_error("read", "ONNX Runtime", self.path, error) from None
