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

from movenet.export.job import Order, Runner

INPUT: Final = "args_0"
"""What the converter calls the picture; the answers are output_0, output_1 … in the order of their names."""
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


def convert(order: Order, path: Path) -> None:
    """Write the order as a .tflite that takes one uint8 square (1, side, side, 3), as Google's files do."""
    import litert_torch
    from ai_edge_quantizer import quantizer

    logging.getLogger().setLevel(logging.ERROR)
    square = torch.zeros(1, order.side, order.side, 3, dtype=torch.uint8)
    with redirect_stdout(StringIO()):
        litert_torch.convert(order.module.eval(), (square,)).export(str(path))
        if order.precision == "fp16":
            made = quantizer.Quantizer(str(path), [IN_FP16]).quantize()
            made.export_model(str(path), overwrite=True)


def open_file(path: Path, order: Order) -> Runner:
    """Return what runs the file."""
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(str(path)).get_signature_runner()

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        answers = signature(**{INPUT: square})
        return {name: answers[f"output_{i}"] for i, name in enumerate(order.names)}

    return run
