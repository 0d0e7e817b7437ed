"""PyTorch as an engine."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from movenet.decode import Heads
from movenet.engine.interface import LoadedEngine, Runtime, check_squares, engine_error, pick_precision
from movenet.errors import MissingExtraError
from movenet.models import ModelCard


class TorchEngine(LoadedEngine):
    """The network of `movenet.networks` in PyTorch (extra `torch`): for study and training.

    In the child process of a fork it uses one thread, whatever `Runtime.threads` is: OpenMP cannot start others there.
    """

    _first_pid: int | None = None
    """Id of the process that opened the first TorchEngine; a forked child inherits the id of its parent."""

    def __init__(self, model: ModelCard | Path, runtime: Runtime):
        super().__init__(model, runtime)
        try:
            import torch

            from movenet.networks.onnx_file import read_network, read_properties
        except ImportError as error:
            raise MissingExtraError(str(error.name), "torch", "the engine 'torch'") from None
        self._torch = torch
        self._set_card(model, lambda: read_properties(self.path))
        hardware = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
        self._precision = pick_precision(runtime.precision, hardware=hardware)
        self._network = read_network(self.path)
        TorchEngine._first_pid = TorchEngine._first_pid or os.getpid()

    @property
    def precision(self) -> str:
        """Floating-point precision: "fp32" or "bf16"."""
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
        bf16 = self._precision == "bf16"
        try:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                return {name: head.float().numpy() for name, head in self._network(images).items()}
        except (RuntimeError, MemoryError) as error:
            raise engine_error("run", "PyTorch", self.path, error) from None
