"""Removes the sparse heads from an OpenVINO network and outputs their input and their weights instead.

The weights are constant outputs, so that a compiled network from the cache still has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.decode.sparse_head import SPARSE, HeadWeights

FEATURES: Final = "features"
"""Name of the output that the sparse heads are computed from: (N, h + 2, w + 2, F), see `SparseHead`."""
PARTS: Final = ("depthwise", "depthwise_bias", "pointwise", "pointwise_bias", "answer", "answer_bias")
"""Weights of a sparse head, each an output named "HEAD.PART"."""
_LAYERS: Final = (
    "Result",
    "Add answer_bias",
    "Convolution answer",
    "Relu",
    "Add pointwise_bias",
    "Convolution pointwise",
    "Add depthwise_bias",
    "GroupConvolution depthwise",
)
"""The nodes of a head from the last to the first: operation type and, if it has weights, their name in `PARTS`.

Only int8 models have a bias after the depthwise convolution.
"""


def without_sparse_heads(network: Any) -> Any:
    """Return a network whose outputs are the dense heads, `FEATURES` and the weights of the sparse heads.

    A network with a sparse head of another structure is returned unchanged.
    """
    outputs = {name: output for output in network.outputs for name in output.get_names()}
    heads = {name: _parse_head(outputs[name].get_node()) for name in SPARSE if name in outputs}
    if not heads or None in heads.values():
        return network
    import openvino
    from openvino import opset13

    results = [outputs[name].get_node().input_value(0) for name in outputs if name not in SPARSE]
    for head, parts in heads.items():
        *weights, (_, features) = (parts or {}).items()
        for name, value in weights:
            value.add_names({f"{head}.{name}"})
            results.append(value)
    channels_last = opset13.transpose(features, [0, 2, 3, 1])
    frame = [0, 1, 1, 0]
    framed = opset13.pad(channels_last, frame, frame, "constant").output(0)
    framed.add_names({FEATURES})
    results.append(framed)
    return openvino.Model(results, network.get_parameters(), network.get_friendly_name())


def read_weights(head: str, outputs: Mapping[str, NDArray[np.float32]]) -> HeadWeights:
    """Return the weights of a sparse head, given the values of the network's outputs by name."""
    return HeadWeights.from_layers(
        {name: outputs[f"{head}.{name}"] for name in PARTS if f"{head}.{name}" in outputs}
    )


def _parse_head(node: Any) -> dict[str, Any] | None:
    """Return the weights and, last, the input of the head that ends in a node; None if its structure differs."""
    parts = {}
    for layer in _LAYERS:
        kind, _, name = layer.partition(" ")
        if node.get_type_name() != kind:
            if name == "depthwise_bias":
                continue
            return None
        if name:
            parts[name] = node.input_value(1)
        value = node.input_value(0)
        node = value.get_node()
    return {**parts, FEATURES: value}
