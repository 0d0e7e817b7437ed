"""Quantization to int8: the grids, the level of each weight (GPTQ), and the correction of the biases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import NodeProto
from torch import Tensor

from movenet.export.int8.graph import (
    LEVEL,
    ZERO,
    Graph,
    Grid,
    Quantization,
    QuantizedWeights,
    attributes,
    padded,
)

Floats = NDArray[np.float64]

FIRST: Final = 32
"""Number of squares for the equalisation and the correction of biases."""
BATCH: Final = 8
SAMPLES: Final = 2500
"""Values of a tensor sampled from each picture, to choose its grid."""
PLACES: Final = 96
"""Positions of a picture where the input of a convolution is sampled."""
LARGEST: Final = 127
"""Largest level of a weight."""
LARGEST_PAIR: Final = 128
"""Largest sum of the levels of two weights of one sign whose products a kernel adds in 16 bits (see `int8_sums`)."""
WEAKEST: Final = 0.01
"""Least range of a channel in the equalisation, relative to the largest of its tensor."""
DAMPING: Final = 0.01
"""Damping: added to the diagonal of a covariance, relative to its mean (calibration data are a sample)."""


def quantize(graph: Graph, squares: NDArray[np.uint8], floating: tuple[str, ...]) -> Quantization:
    """Return the int8 quantization of a graph. The graph is equalized in place; its output stays the same.

    Calibrated on squares (N, side, side, 3) uint8 RGB; convolutions whose names begin as `floating` says stay in
    floating point.
    """
    with torch.inference_mode():
        equalize(graph, collect_statistics(graph, squares[:FIRST]).ranges)
        statistics = collect_statistics(graph, squares)
        integer = [conv for conv in graph.convs if not conv.name.startswith(floating)]
        kept = {conv.name for conv in graph.convs} - {conv.name for conv in integer}
        weights = {
            conv.name: round_weights(conv, graph.weights[conv.name], statistics.covariance(conv.name))
            for conv in integer
        }
        quantization = Quantization(choose_grids(graph, statistics, kept), weights)
        correct_biases(graph, quantization, squares[:FIRST])
    return quantization


@dataclass
class ActivationStatistics:
    """Statistics of the tensors over the calibration pictures."""

    samples: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    """By tensor: sampled values, with minimum and maximum of each batch."""
    ranges: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """By tensor: the largest absolute value of each channel."""
    patches: dict[str, tuple[Tensor, Tensor, int]] = field(default_factory=dict)
    """By convolution: sum of the products of its inputs, sum of its inputs, and their number."""
    means: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """By tensor: the mean of each channel."""

    def covariance(self, conv: str) -> Floats:
        """Return the covariance of a convolution's inputs: (I, I), or (C, I, I) channel by channel."""
        products, total, count = self.patches[conv]
        mean = total / count
        return (products / count - mean[..., :, None] * mean[..., None, :]).double().numpy()


def collect_statistics(graph: Graph, squares: NDArray[np.uint8]) -> ActivationStatistics:
    """Run the graph on the squares in floating point and collect statistics."""
    statistics, rng = ActivationStatistics(), np.random.default_rng(0)

    def visit(step: NodeProto, output: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        _record_output(statistics, str(step.output[0]), output, rng)
        if step.op_type == "Conv":
            _record_patches(statistics, step, values[step.input[0]], rng)
        return output

    for batch in _batches(squares):
        graph.walk(batch, visit=visit)
    statistics.means = {
        tensor: total / np.float32(len(squares)) for tensor, total in statistics.means.items()
    }
    return statistics


def _batches(squares: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(squares), BATCH):
        yield squares[start : start + BATCH]


def _record_output(
    statistics: ActivationStatistics, tensor: str, output: Tensor, rng: np.random.Generator
) -> None:
    flat = output.reshape(-1)
    some = flat[torch.from_numpy(rng.integers(0, len(flat), SAMPLES * len(output)))]
    outermost = torch.stack([flat.min(), flat.max()])
    statistics.samples.setdefault(tensor, []).append(torch.cat([some, outermost]).numpy())
    ranges = output.abs().amax((0, 2, 3)).numpy()
    statistics.ranges[tensor] = np.maximum(statistics.ranges.get(tensor, 0), ranges)
    statistics.means[tensor] = statistics.means.get(tensor, 0) + output.mean((2, 3)).sum(0).numpy()


def _record_patches(
    statistics: ActivationStatistics, conv: NodeProto, x: Tensor, rng: np.random.Generator
) -> None:
    options = attributes(conv)
    x, (rows, columns) = padded(conv, x), options["kernel_shape"]
    stride = options.get("strides", (1, 1))[0]
    size = [x.shape[0], (x.shape[2] - rows) // stride + 1, (x.shape[3] - columns) // stride + 1]
    n, i, j = (torch.from_numpy(rng.integers(0, most, PLACES * len(x))) for most in size)
    around = [
        x[n, :, i * stride + row, j * stride + column] for row in range(rows) for column in range(columns)
    ]
    patches = torch.stack(around, -1)  # (places, channels, rows · columns)
    if options.get("group", 1) > 1:
        products = torch.einsum("sci,scj->cij", patches, patches)
    else:
        patches = patches.flatten(1)
        products = patches.T @ patches
    before, total, count = statistics.patches.get(conv.name, (0, 0, 0))
    statistics.patches[conv.name] = (before + products, total + patches.sum(0), count + len(patches))


def equalize(graph: Graph, ranges: dict[str, NDArray[np.float32]]) -> None:
    """Equalize the ranges of channels that share a grid, where the output does not change (Nagel et al. 2019)."""
    for stream in graph.streams():
        far = np.max([ranges[tensor] for tensor in stream], axis=0)
        graph.rescale(stream, np.maximum(far / far.max(), WEAKEST))


def choose_grid(values: NDArray[np.float32]) -> Grid:
    """Return the grid with the least squared error; it contains 0 and may clip outliers."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    best, least = Grid(np.float32(1), 0), np.inf
    for share in np.linspace(0.3, 1, 36):
        step = np.float32(max(share * (high - low), 1e-6) / 255)
        zero = int(np.clip(round(-share * low / float(step)), 0, 255))
        rounded = (np.clip(np.rint(values / step) + zero, 0, 255) - zero) * step
        error = float(np.square(rounded - values).mean())
        if error < least:
            best, least = Grid(step, zero), error
    return best


def choose_grids(graph: Graph, statistics: ActivationStatistics, floating: set[str]) -> dict[str, Grid]:
    """Return a grid for each tensor that is the input of an integer convolution, or a term of a sum that is."""
    tensors = {str(conv.input[0]) for conv in graph.convs if conv.name not in floating}
    for step in graph.steps:
        if step.op_type == "Add" and step.output[0] in tensors:
            tensors |= set(step.input)
    grids = {
        tensor: choose_grid(np.concatenate(statistics.samples[tensor])) for tensor in tensors - {graph.pixels}
    }
    return grids | ({graph.pixels: Grid(LEVEL, ZERO)} if graph.pixels in tensors else {})


def round_weights(conv: NodeProto, weights: NDArray[np.float32], covariance: Floats) -> QuantizedWeights:
    """Return the levels of a convolution's weights that change its output least on the recorded inputs.

    Two weights of one sign whose products may be added in 16 bits stay within `LARGEST_PAIR`: two neighbouring input
    channels where the kernel has one position, any two where it has more (`int8_sums` proves it from the file).
    """
    rows = weights.reshape(len(weights), -1).astype(np.float64)
    largest = LARGEST if weights[0, 0].size == 1 else LARGEST_PAIR // 2
    if attributes(conv).get("group", 1) > 1:
        fits = [_round_row(row, c, np.abs(rows).max()) for row, c in zip(rows, covariance, strict=True)]
        levels, steps = np.concatenate([f[0] for f in fits]), np.array([f[1] for f in fits])
    else:
        steps = _steps(rows, largest)
        levels = _round_together(rows, covariance, steps, largest)
    return QuantizedWeights(levels.reshape(weights.shape).astype(np.int8), steps.astype(np.float32))


def _round_row(row: Floats, covariance: Floats, largest_weight: float) -> tuple[Floats, float]:
    """Return the levels (1, I) and the step of one channel's few weights, the best of several steps.

    `largest_weight` is the largest absolute weight of all channels.
    """
    largest = LARGEST_PAIR // 2
    own = max(float(np.abs(row).max()), 1e-3 * largest_weight)
    best, least = (np.zeros((1, len(row))), 1.0), np.inf
    for share in np.linspace(0.8, 1, 15):
        step = float(np.float32(share * own / largest))
        levels = _round_together(row[None], covariance, np.array([step]), largest)
        change = levels[0] * step - row
        if (error := float(change @ covariance @ change)) < least:
            best, least = (levels, step), error
    return best


def _steps(rows: Floats, largest: int, power: float = 2.4) -> Floats:
    """Return for each row (O, I) the step that rounds its weights best; a little power above 2 spares the large."""
    ranges = np.maximum(np.abs(rows).max(1), 1e-3 * np.abs(rows).max())
    shares = np.linspace(0.6, 2, 57)
    errors = []
    for share in shares:
        steps = (share * ranges / largest)[:, None]
        rounded = np.rint(_limit_pairs(rows / steps, largest)) * steps
        errors.append((np.abs(rounded - rows) ** power).sum(1))
    return np.asarray(shares[np.argmin(errors, axis=0)] * ranges / largest, np.float32).astype(np.float64)


def _round_together(rows: Floats, covariance: Floats, steps: Floats, largest: int) -> Floats:
    """Round the weights (O, I) column by column; later columns compensate the error so far (GPTQ).

    GPTQ (Frantar et al. 2022, algorithm 1): the weight of an input is corrected as its covariance with the rounded
    ones tells. Inputs of the largest variance go first.
    """
    variance = np.diag(covariance)
    if not 1e-9 < variance.sum() < np.inf:
        return np.trunc(_limit_pairs(rows / steps[:, None], largest))
    order = np.argsort(-variance, kind="stable")
    place = np.argsort(order)
    after = _inverse_factor(((covariance + covariance.T) / 2)[order][:, order], variance.mean())
    rest, levels = rows[:, order] / steps[:, None], np.zeros_like(rows)
    for i, column in enumerate(order):
        other = column ^ 1  # the neighbour; the last of an odd number has none
        partner = rest[:, place[other]] if other < len(order) else np.zeros(len(rest))
        share = 0.5 if other < len(order) and place[other] > i else 1.0
        levels[:, column] = np.rint(_limit(rest[:, i], partner, share, largest))
        error = (rest[:, i] - levels[:, column]) / after[i, i]
        rest[:, i] = levels[:, column]
        rest[:, i + 1 :] -= error[:, None] * after[i, i + 1 :]
    return levels


def _limit_pairs(targets: Floats, largest: int) -> Floats:
    """Return the targets (O, I) of neighbouring columns so that no pair exceeds its limit, each giving way by half."""
    even = targets.shape[1] // 2 * 2
    others = np.zeros_like(targets)
    others[:, :even] = targets[:, :even].reshape(len(targets), -1, 2)[..., ::-1].reshape(len(targets), even)
    return _limit(targets, others, 0.5, largest)


def _limit(targets: Floats, others: Floats, share: float, largest: int) -> Floats:
    """Clip targets to `largest`, and lessen them by a share of what their sums with the others exceed the limit by.

    The share is 1 where the other one is rounded already. Two of different sign cannot exceed it.
    """
    targets, others = np.clip(targets, -largest, largest), np.clip(others, -largest, largest)
    sums = targets + others
    return np.asarray(targets - share * np.sign(sums) * np.maximum(np.abs(sums) - LARGEST_PAIR, 0))


def _inverse_factor(covariance: Floats, scale: float) -> Floats:
    """Return the upper factor of a covariance's inverse, damped as much as it takes to be positive definite."""
    damping = DAMPING
    while True:
        try:
            inverse = np.linalg.inv(covariance + damping * scale * np.eye(len(covariance)))
            return np.asarray(np.linalg.cholesky(inverse).T)
        except np.linalg.LinAlgError:
            damping *= 10


def correct_biases(graph: Graph, quantization: Quantization, squares: NDArray[np.uint8]) -> None:
    """Correct each bias so that the channels of the convolution keep their mean after quantization of all before it."""
    means = collect_statistics(graph, squares).means
    biases = {name: bias.copy() for name, bias in graph.biases.items()}

    def visit(step: NodeProto, output: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        if step.op_type != "Conv":
            return output
        missing = torch.from_numpy(means[step.output[0]]) - output.mean((0, 2, 3))
        biases[step.name] += missing.numpy()
        return output + missing[:, None, None]

    graph.walk(squares, quantization, visit)
    quantization.biases = biases
