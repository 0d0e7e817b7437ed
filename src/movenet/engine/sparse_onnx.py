"""Removes the sparse heads from an ONNX model for ONNX Runtime and reads their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from movenet.decode.sparse_head import SPARSE, HeadWeights

_LAYERS: Final = ("Conv answer", "Relu", "Conv pointwise", "Conv depthwise")
"""The nodes of a head from the last to the first: operation type and, if it has weights, the name of its layer."""


@dataclass(frozen=True, slots=True)
class SparseHeads:
    """What replaces the sparse heads of a model."""

    features: str
    """Name of the output that they are computed from: (N, F, h, w) float32."""
    weights: dict[str, HeadWeights]
    """Head name → its weights."""


def remove_sparse_heads(model: ModelProto) -> SparseHeads | None:
    """Replace the outputs of the sparse heads, in the model itself, by the features that they are computed from.

    A model without sparse heads, or with one of another structure, stays as it is: the result is None.
    """
    graph = model.graph
    outputs = [output.name for output in graph.output]
    producers = {name: node for node in graph.node for name in node.output}
    heads = {name: _parse_head(producers, name) for name in SPARSE if name in outputs}
    inputs = {layers["depthwise"].input[0] for layers in heads.values() if layers is not None}
    if None in heads.values() or len(inputs) != 1:
        return None
    (features,) = inputs
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    tensors |= {
        node.output[0]: tensors[node.input[0]]
        for node in graph.node
        if node.op_type == "Cast" and node.input[0] in tensors
    }
    weights = {name: _read_weights(tensors, layers) for name, layers in heads.items() if layers is not None}
    dense = [output for output in graph.output if output.name not in SPARSE]
    _keep_outputs(graph, [*dense, helper.make_tensor_value_info(features, TensorProto.FLOAT, None)])
    return SparseHeads(features, weights)


def _parse_head(producers: Mapping[str, NodeProto], output: str) -> dict[str, NodeProto] | None:
    """Return the convolutions of the head with this output by name; None if its structure differs."""
    layers = {}
    for layer in _LAYERS:
        kind, _, name = layer.partition(" ")
        node = producers.get(output)
        if node is None or node.op_type != kind:
            return None
        layers[name] = node
        output = node.input[0]
    return layers


def _read_weights(tensors: Mapping[str, TensorProto], layers: Mapping[str, NodeProto]) -> HeadWeights:
    """Return the weights of a head, given the tensors of the graph by the names under which its nodes read them."""

    def read(name: str) -> NDArray[np.float32]:
        return np.asarray(numpy_helper.to_array(tensors[name]), np.float32)

    parts = {}
    for layer in ("depthwise", "pointwise", "answer"):
        _, weight, *bias = layers[layer].input
        parts[layer] = read(weight)
        if bias:
            parts[f"{layer}_bias"] = read(bias[0])
    return HeadWeights.from_layers(parts)


def _keep_outputs(graph: GraphProto, outputs: list[Any]) -> None:
    """Set the outputs of a graph, and remove the nodes and weights that none of them needs."""
    needed = {output.name for output in outputs}
    nodes = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed.update(node.input)
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    for field, kept in ((graph.node, nodes[::-1]), (graph.initializer, tensors), (graph.output, outputs)):
        del field[:]
        field.extend(kept)
