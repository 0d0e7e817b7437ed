"""A head of the network that is computed only in the cells that are read.

The decode reads "regress" in one cell a person and "offset" in a few cells a keypoint, out of 48 × 48 (Lightning) or
64 × 64 (Thunder) cells. Computing both everywhere takes a tenth of the time of the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

Floats = NDArray[np.float32]

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class HeadWeights:
    """The weights of one head (`movenet.networks.movenet.Head`): F features, H hidden channels, C channels."""

    hidden: Floats
    """Shape (9 · F, H): the depthwise and the pointwise convolution as one, 3 × 3 cells of F features each."""
    hidden_bias: Floats
    """Shape (H,)."""
    answer: Floats
    """Shape (H, C)."""
    answer_bias: Floats
    """Shape (C,)."""


class SparseHead:
    """Reads like an array (N, C, h, w), float32: `head[n, c, y, x]` with four arrays of indices computes those alone.

    `np.asarray(head)` computes all.
    """

    dtype: Final = np.dtype(np.float32)

    def __init__(self, features: Floats, weights: HeadWeights):
        """Take what the head is computed from.

        Args:
            features: (N, h + 2, w + 2, F), the output of the feature pyramid, channels last, in a frame of zeros.
            weights: of this head.
        """
        self.features, self.weights = features, weights

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, h, w)."""
        count, height, width, _ = self.features.shape
        return count, len(self.weights.answer_bias), height - 2, width - 2

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return SparseHead(self.features[index], self.weights)
        if isinstance(index, tuple) and len(index) == 4 and all(isinstance(i, np.ndarray) for i in index):
            picture, channel, y, x = index
            cells = self._cells(picture, y, x)
            number = np.arange(cells.size).reshape(cells.shape)
            return self._answers(cells.ravel())[number, channel]
        return np.asarray(self)[index]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001
        count, channels, height, width = self.shape
        cells = self._cells(*np.indices((count, height, width)))
        answers = self._answers(cells.ravel()).reshape(count, height, width, channels)
        return np.ascontiguousarray(answers.transpose(0, 3, 1, 2), dtype or self.dtype)

    def _cells(self, picture: Indices, y: Indices, x: Indices) -> Indices:
        """Return the numbers of the top-left cells of the 3 × 3 cells around some, in the features as one list."""
        _, height, width, _ = self.features.shape
        return np.asarray((picture * height + y) * width + x, np.intp)

    def _answers(self, cells: Indices) -> Floats:
        """Return all channels of M cells, (M, C)."""
        width, features = self.features.shape[2:]
        around = cells[:, None] + (np.arange(3)[:, None] * width + np.arange(3)).ravel()
        inputs = self.features.reshape(-1, features)[around].reshape(-1, 9 * features)
        w = self.weights
        hidden = np.maximum(inputs @ w.hidden + w.hidden_bias, 0)
        return np.asarray(hidden @ w.answer + w.answer_bias, np.float32)


def join(heads: Sequence[Floats]) -> Floats:
    """Return one head of the pictures of several; sparse ones share their weights."""
    sparse: list[Any] = [head for head in heads if isinstance(head, SparseHead)]
    if len(sparse) < len(heads):
        return np.concatenate(heads)
    return cast(Floats, SparseHead(np.concatenate([head.features for head in sparse]), sparse[0].weights))
