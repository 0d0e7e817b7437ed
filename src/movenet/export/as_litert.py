"""LiteRT, once called TFLite (.tflite), run by LiteRT."""

from __future__ import annotations

import logging
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from movenet.export.job import ExportJob, Runner

INPUT: Final = "args_0"
"""Name that the converter gives the input; the outputs are output_0, output_1 … in the job of `ExportJob.names`."""
IN_FP16: Final[dict[str, Any]] = {
    "regex": ".*",
    "operation": "*",
    "algorithm_key": "float_casting",
    "op_config": {
        "weight_tensor_config": {
            "num_bits": 16,
            "dtype": "FLOAT",
            "symmetric": True,
            "granularity": "TENSORWISE",
        },
        "compute_precision": "FLOAT",
        "explicit_dequantize": True,
    },
}
"""The quantizer's words for weights in fp16 and arithmetic in float32."""


def convert(job: ExportJob, path: Path) -> None:
    """Write the job as a .tflite that takes one uint8 square (1, side, side, 3), as Google's files do."""
    import litert_torch
    from ai_edge_quantizer import quantizer

    logging.getLogger().setLevel(logging.ERROR)
    square = torch.zeros(1, job.side, job.side, 3, dtype=torch.uint8)
    with redirect_stdout(StringIO()):
        litert_torch.convert(job.module.eval(), (square,)).export(str(path))
        if job.precision == "fp16":
            made = quantizer.Quantizer(str(path), [IN_FP16]).quantize()
            made.export_model(str(path), overwrite=True)


def open_file(path: Path, job: ExportJob) -> Runner:
    """Return a runner of the file."""
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(str(path)).get_signature_runner()

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        answers = signature(**{INPUT: square})
        return {name: answers[f"output_{i}"] for i, name in enumerate(job.names)}

    return run
