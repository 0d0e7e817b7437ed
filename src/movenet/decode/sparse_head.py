"""Heads of the network that are computed only in the cells that the decode reads.

The decode reads "regress" in one cell per person and "offset" in a few cells per keypoint, out of 48 × 48 (Lightning)
or 64 × 64 (Thunder) cells. Computing both everywhere takes a tenth of the network's time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

SPARSE: Final = ("regress", "offset", "box_scale", "box_offset")
"""Heads that decoding reads in few cells only."""
ROWS: Final = 64
"""Most cells per matrix product. BLAS computes products of this size on one thread; larger ones wake its own threads,
which then compete with the engine for the cores."""

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class HeadWeights:
    """The weights of one head (`movenet.networks.movenet.Head`): F features, H hidden channels, C output channels."""

    depthwise: Floats
    """Shape (9, F): the 3 × 3 convolution of each feature, row by row."""
    hidden: Floats
    """Shape (F, H): the pointwise convolution."""
    hidden_bias: Floats
    """Shape (H,): its bias, and that of the depthwise convolution passed through it."""
    output: Floats
    """Shape (H, C)."""
    output_bias: Floats
    """Shape (C,)."""

    @classmethod
    def from_layers(cls, layers: Mapping[str, Floats]) -> HeadWeights:
        """Return the weights of a head, given those of its three convolutions in the order of PyTorch.

        Args:
            layers: "depthwise" (F, 1, 3, 3), "pointwise" (H, F, 1, 1), "answer" (C, H, 1, 1) and the biases
                "pointwise_bias" (H,), "answer_bias" (C,) and, if there is one, "depthwise_bias" (F,); dimensions of
                length 1 may be anywhere.
        """
        features, channels = len(layers["depthwise"]), len(layers["answer"])
        pointwise = layers["pointwise"].reshape(-1, features)
        bias = layers.get("depthwise_bias", np.zeros(features, np.float32)).reshape(-1)
        return cls(
            layers["depthwise"].reshape(features, 9).T.copy(),
            pointwise.T.copy(),
            pointwise @ bias + layers["pointwise_bias"].reshape(-1),
            layers["answer"].reshape(channels, -1).T.copy(),
            layers["answer_bias"].reshape(-1).copy(),
        )


class SparseHead:
    """A lazy array (N, C, h, w), float32: indexing with four arrays of indices computes only those elements.

    `np.asarray(head)` computes all elements.
    """

    dtype: Final = np.dtype(np.float32)

    def __init__(self, features: Floats, weights: HeadWeights):
        """Keep the input and the weights of the head.

        Args:
            features: (N, h + 2, w + 2, F), the output of the feature pyramid, channels last, zero-padded by one cell.
            weights: the weights of this head.
        """
        self.features, self.weights = features, weights

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, h, w)."""
        count, height, width, _ = self.features.shape
        return count, len(self.weights.output_bias), height - 2, width - 2

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return SparseHead(self.features[index], self.weights)
        if isinstance(index, tuple) and len(index) == 4 and all(isinstance(i, np.ndarray) for i in index):
            picture, channel, y, x = index
            cells, number = np.unique(self._cells(picture, y, x), return_inverse=True)
            return self._outputs(cells)[number, channel]
        return np.asarray(self)[index]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001
        count, channels, height, width = self.shape
        cells = self._cells(*np.indices((count, height, width)))
        outputs = self._outputs(cells.ravel()).reshape(count, height, width, channels)
        return np.ascontiguousarray(outputs.transpose(0, 3, 1, 2), dtype or self.dtype)

    def _cells(self, picture: Indices, y: Indices, x: Indices) -> Indices:
        """Return the flat index, in the features, of the first of the 3 × 3 cells around each cell."""
        _, height, width, _ = self.features.shape
        return np.asarray((picture * height + y) * width + x, np.intp)

    def _outputs(self, cells: Indices) -> Floats:
        """Return all channels of M cells, (M, C), given by the flat indices of `_cells`."""
        width, features = self.features.shape[2:]
        rows = min(ROWS, max(len(cells), 1))
        padded = np.pad(cells, (0, -len(cells) % rows))
        around = padded[:, None] + (np.arange(3)[:, None] * width + np.arange(3)).ravel()
        w = self.weights
        inputs = self.features.reshape(-1, features).take(around, axis=0)
        filtered = np.einsum("mkf,kf->mf", inputs, w.depthwise)
        hidden = np.maximum(filtered.reshape(-1, rows, features) @ w.hidden + w.hidden_bias, 0)
        outputs = np.asarray(hidden @ w.output + w.output_bias, np.float32)
        return outputs.reshape(-1, outputs.shape[-1])[: len(cells)]


def frame_features(features: Floats) -> Floats:
    """Return features (N, F, h, w) as `SparseHead` takes them: (N, h + 2, w + 2, F), zero-padded by one cell."""
    count, channels, height, width = features.shape
    framed = np.zeros((count, height + 2, width + 2, channels), np.float32)
    framed[:, 1:-1, 1:-1] = features.transpose(0, 2, 3, 1)
    return framed


def concatenate_heads(heads: Sequence[Floats]) -> Floats:
    """Concatenate heads along N; sparse heads must have the same weights."""
    sparse: list[Any] = [head for head in heads if isinstance(head, SparseHead)]
    if len(sparse) < len(heads):
        return np.concatenate(heads)
    return cast(Floats, SparseHead(np.concatenate([head.features for head in sparse]), sparse[0].weights))
