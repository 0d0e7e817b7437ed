"""Proof from a file alone that its int8 convolutions give exact sums on every processor, for any input.

Processors without integer dot products (AVX2, AVX-512 without VNNI) multiply unsigned 8-bit inputs by signed 8-bit
weights and add the products of two inputs in 16 bits, with saturation (the instruction VPMADDUBSW). Two such inputs are
neighbouring channels, 2i and 2i + 1, where a kernel has one position; where it has more, any two may meet.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from movenet.errors import ModelError

LARGEST_INPUT: Final = 255
LARGEST_SUM: Final = 2**15 - 1


def largest_sum(model: onnx.ModelProto) -> int:
    """Return the largest absolute sum of two products that an int8 convolution of a model can form; 0 without any."""
    weights = (
        numpy_helper.to_array(tensor).astype(np.int64)
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.INT8
    )
    return LARGEST_INPUT * max(map(_largest_pair, weights), default=0)


def _largest_pair(weights: NDArray[np.int64]) -> int:
    """Return the largest absolute sum of two weights (O, I, rows, columns) that a kernel may add in 16 bits."""
    rows = weights.reshape(len(weights), -1)
    if weights[0, 0].size == 1:
        pairs = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2))).reshape(len(rows), -1, 2)
    else:
        ordered = np.sort(rows, axis=1)
        pairs = np.stack((ordered[:, :2], ordered[:, -2:]), axis=1)
    return int(np.maximum(np.abs(pairs).max(-1), np.abs(pairs.sum(-1))).max())


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
