"""Proof from a file alone that its int8 convolutions give exact sums on every processor, for any input.

Processors without integer dot products (AVX2, AVX-512 without VNNI) multiply unsigned 8-bit inputs by signed 8-bit
weights and add the products of two inputs in 16 bits, with saturation (the instruction VPMADDUBSW). Which two inputs
make a pair depends on the kernel, so the proof takes the worst two weights of each output channel.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from movenet.errors import ModelError

LARGEST_INPUT: Final = 255
LARGEST_SUM: Final = 2**15 - 1


def largest_sum(model: onnx.ModelProto) -> int:
    """Return the largest absolute sum of two products that any int8 convolution of a model can form; 0 without any."""
    rows = [
        np.sort(numpy_helper.to_array(tensor).astype(np.int64).reshape(tensor.dims[0], -1), axis=1)
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.INT8 and tensor.dims
    ]
    return LARGEST_INPUT * max((_largest_pair(row) for row in rows), default=0)


def _largest_pair(rows: np.ndarray) -> int:
    """Return the largest absolute sum of at most two weights of one sign, over sorted rows (O, I)."""
    above = np.maximum(rows[:, -2:], 0).sum(1)
    below = np.maximum(-rows[:, :2], 0).sum(1)
    return int(max(above.max(), below.max()))


def check_sums(model: onnx.ModelProto) -> None:
    """Check that the int8 sums of a model are exact on every processor.

    Raises:
        ModelError: if a sum of two products can exceed 16 bits.
    """
    if (largest := largest_sum(model)) > LARGEST_SUM:
        raise ModelError(
            f"expected int8 weights whose sums of two products are at most {LARGEST_SUM}, got {largest}: "
            "processors without integer dot products would compute wrong answers"
        )
