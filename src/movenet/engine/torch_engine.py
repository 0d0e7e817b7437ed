"""PyTorch as an engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.decode.sparse_head import SPARSE, HeadWeights, SparseHead, frame_features
from movenet.engine.devices import Device, choose_floats
from movenet.engine.interface import LoadedEngine, Runtime, check_squares, engine_error
from movenet.errors import MissingExtraError
from movenet.models import ModelCard


class TorchEngine(LoadedEngine):
    """The network of `movenet.networks` in PyTorch (extra `torch`): for study and training, on CUDA and Apple's GPUs.

    In the child process of a fork it uses one thread, whatever `Runtime.threads` is: OpenMP cannot start others there.
    """

    title = "PyTorch"
    _first_pid: int | None = None
    """Id of the process that opened the first TorchEngine; a forked child inherits the id of its parent."""

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        super().__init__(model, runtime)
        try:
            torch = _import()
            from movenet.networks.movenet import Network
            from movenet.networks.onnx_file import read_network, read_properties
        except ImportError as error:
            raise MissingExtraError(str(error.name), "torch", "the engine 'torch'") from None
        self._torch = torch
        self._set_card(model, lambda: read_properties(self.path))
        has_bf16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
        self._precision = choose_floats(runtime.precision, self.device, has_bf16=has_bf16)
        self._place = torch.device("cpu" if self.device == "cpu" else find_gpu(torch))
        network = read_network(self.path)
        self._sparse = _sparse_weights(network.heads) if isinstance(network, Network) else {}
        self._network = network.to(self._place)
        TorchEngine._first_pid = TorchEngine._first_pid or os.getpid()

    @property
    def precision(self) -> str:
        """Floating-point precision: "fp32" or "bf16", on a GPU "fp16" or "fp32"."""
        return self._precision

    def __call__(self, squares: NDArray[np.uint8]) -> Heads:
        """Run the network; see `Engine`."""
        check_squares(squares)
        torch = self._torch
        threads = self._runtime.threads if TorchEngine._first_pid == os.getpid() else 1
        if threads is not None and threads != torch.get_num_threads():
            # PyTorch has one setting for the whole process, which another engine may have changed.
            torch.set_num_threads(threads)
        images = torch.from_numpy(np.array(squares))
        kind = torch.float16 if self._precision == "fp16" else torch.bfloat16
        autocast = torch.autocast(self._place.type, kind, enabled=self._precision != "fp32")
        try:
            with torch.inference_mode(), autocast:
                return self._run(images.to(self._place))
        except (RuntimeError, MemoryError) as error:
            raise engine_error("run", self.title, self.path, error) from None

    def _run(self, images: Any) -> Heads:
        network: Any = self._network
        if not self._sparse:
            return {name: _array(head) for name, head in network(images).items()}
        features = network.features(images)
        dense = {n: _array(head(features)) for n, head in network.heads.items() if n not in self._sparse}
        framed = frame_features(_array(features))
        sparse: dict[str, Any] = {n: SparseHead(framed, weights) for n, weights in self._sparse.items()}
        return dense | sparse

    @staticmethod
    def find_devices() -> tuple[Device, ...]:
        """Return "cpu", and "gpu" if PyTorch finds CUDA or Apple's Metal; see `LoadedEngine`."""
        return ("cpu", "gpu") if find_gpu(_import()) else ("cpu",)


def find_gpu(torch: Any) -> str | None:
    """Return PyTorch's name of the GPU: "cuda", "mps" (Apple's Metal), or None if it finds none."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def _array(tensor: Any) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array


def _sparse_weights(heads: Any) -> dict[str, HeadWeights]:
    """Return the weights of the sparse heads among those of a MoveNet."""
    return {
        name: HeadWeights.from_layers(
            {
                "depthwise": _array(head.hidden.depthwise.weight.detach()),
                "pointwise": _array(head.hidden.pointwise.weight.detach()),
                "pointwise_bias": _array(head.hidden.pointwise.bias.detach()),
                "answer": _array(head.answer.weight.detach()),
                "answer_bias": _array(head.answer.bias.detach()),
            }
        )
        for name, head in heads.items()
        if name in SPARSE
    }


def _import() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(str(error.name), "torch", "the engine 'torch'") from None
    return torch
