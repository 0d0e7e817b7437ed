"""Writes networks as ONNX files with raw heads, which every engine reads, and reads them back into PyTorch."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from movenet.errors import EngineError, ModelError
from movenet.models import family_of
from movenet.networks.movenet import Architecture, Network, fill
from movenet.networks.posenet import PoseNet

OPSET: Final = 18
AXES: Final = {0: "batch", 1: "height", 2: "width"}
"""Dynamic axes of the input; height and width are multiples of 32."""
METADATA_PREFIX: Final = "movenet."
EQUAL_TENSORS: Final = METADATA_PREFIX + "twins"
"""Property of files with equal tensors, of which the exporter keeps one: JSON, removed tensor → kept tensor."""
MIN_FP16_SIZE: Final = 10_000
"""Tensors of at least this many numbers are stored in fp16, smaller ones only if that is exact.

Large tensors are 95 % of a file. Biases and first layers are small: in fp16 they would change PoseNet's heads by up to
0.09 of their range, against 0.003 with this limit (measured).
"""


def to_onnx(
    network: Network | PoseNet, metadata: Mapping[str, str], stored: Literal["fp16", "fp32"] = "fp16"
) -> onnx.ModelProto:
    """Convert a network to an ONNX model: uint8 RGB pictures (N, H, W, 3) in, raw heads (N, C, h, w) out.

    Initializers have the names of the network's state dict. They are stored in fp16 (but see `MIN_FP16_SIZE`) or in
    fp32, each followed by a cast to float32. The same network gives the same bytes.
    """
    model = _trace(network)
    remove_trace_info(model)
    _name_axes(model)
    state = network.state_dict()
    duplicates = _equal_tensors(model, state)
    store_weights(model, set(state), stored)
    helper.set_model_props(model, {**properties_of(network, metadata), **duplicates})
    onnx.checker.check_model(model, full_check=True)
    return model


def properties_of(network: Network | PoseNet, metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the properties of this network's file: its architecture and `metadata`, with `METADATA_PREFIX`."""
    architecture = {name: _text(value) for name, value in asdict(network.architecture).items()}
    return {METADATA_PREFIX + k: v for k, v in {**architecture, **metadata}.items()}


def architecture_of(model: onnx.ModelProto) -> Architecture:
    """Return the architecture stored in the properties of an ONNX model written by movenet.

    Raises:
        ModelError: if a property is missing, or is not a number where one is required.
    """
    props = {p.key.removeprefix(METADATA_PREFIX): p.value for p in model.metadata_props}
    try:
        return Architecture(float(props["width"]), tuple(props["heads"].split()), int(props["keypoints"]))
    except KeyError as error:
        raise ModelError(
            f"expected an ONNX file written by movenet, got one without the property {error}"
        ) from None
    except ValueError as error:
        raise ModelError(f"expected numbers in the properties width and keypoints: {error}") from None


def build_network(architecture: Architecture) -> Network | PoseNet:
    """Return a PoseNet or MoveNet network, depending on the heads, with random weights."""
    return PoseNet(architecture) if family_of(architecture.heads) == "posenet" else Network(architecture)


def read_properties(path: Path) -> dict[str, str]:
    """Return the metadata properties of an ONNX file.

    Raises:
        ModelError: if the file is missing or is no ONNX file.
    """
    model = _load(path)
    return {p.key: p.value for p in model.metadata_props}


def read_state(model: onnx.ModelProto) -> dict[str, torch.Tensor]:
    """Return the state dict stored in an ONNX model written by movenet, as float32.

    Raises:
        ModelError: if a tensor is damaged or stored in another file.
    """
    names = {node.input[0] for node in model.graph.node if node.op_type == "Cast" and node.input}
    state = {t.name: _to_tensor(t) for t in model.graph.initializer if t.name in names}
    props = {p.key: p.value for p in model.metadata_props}
    try:
        duplicates = dict(json.loads(props.get(EQUAL_TENSORS, "{}")))
        return state | {name: state[kept].clone() for name, kept in duplicates.items() if kept in state}
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelError(f"expected names of tensors as the property {EQUAL_TENSORS}: {error}") from None


def _to_tensor(tensor: onnx.TensorProto) -> torch.Tensor:
    """Return a tensor of an ONNX file as float32.

    Raises:
        ModelError: if it is damaged, not floating point, or stored in another file.
    """
    if tensor.data_location == TensorProto.EXTERNAL:
        raise ModelError(f"expected all weights in the file, got the tensor {tensor.name} in another one")
    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.FLOAT16):
        raise ModelError(f"expected {tensor.name} in float32 or float16, got the type {tensor.data_type}")
    try:
        return torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
    except (ValueError, TypeError, OverflowError) as error:
        raise ModelError(f"the tensor {tensor.name} is damaged: {error}") from None


def read_network(path: Path) -> Network | PoseNet:
    """Load the network stored in an ONNX file written by movenet; every tensor must fit.

    Raises:
        EngineError: if its weights are int8.
        ModelError: if the file is no ONNX file, was not written by movenet, or its tensors do not fit its
            architecture.
    """
    model = _load(path)
    if any(node.op_type == "DequantizeLinear" for node in model.graph.node):
        raise EngineError(
            f"expected weights in floating point, got int8 in {path}: choose the engine openvino"
        )
    try:
        architecture, state = architecture_of(model), read_state(model)
        _check_shapes(architecture, state)
        return fill(build_network(architecture), state)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def _check_shapes(architecture: Architecture, state: Mapping[str, torch.Tensor]) -> None:
    """Compare the tensors with those of the architecture, without allocating it: a file may state any size.

    Raises:
        ModelError: if names or shapes differ, or no such network can exist.
    """
    try:
        with torch.device("meta"):
            expected = {n: tuple(t.shape) for n, t in build_network(architecture).state_dict().items()}
    except (RuntimeError, KeyError, ValueError, OverflowError, TypeError) as error:
        raise ModelError(f"there is no network of {architecture} ({type(error).__name__}: {error})") from None
    got = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in sorted(expected.keys() | got.keys()):
        if expected.get(name) != got.get(name):
            raise ModelError(
                f"the tensors do not fit the architecture: expected {name} of shape {expected.get(name)}, "
                f"got {got.get(name)}"
            )


def _load(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(path, format="protobuf", load_external_data=False)
    except (OSError, DecodeError) as error:
        raise ModelError(f"cannot read {path} as an ONNX file: {error}") from None
    texts = (text for entry in model.metadata_props for text in (entry.key, entry.value))
    # Protobuf returns text that is no UTF-8 as bytes.
    if (damaged := next((text for text in texts if isinstance(text, bytes)), None)) is not None:
        raise ModelError(f"{path} is damaged: expected properties in UTF-8, got {damaged!r:.80}")
    return model


def _text(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _trace(network: Network | PoseNet) -> onnx.ModelProto:
    auto, fixed = torch.export.Dim.AUTO, torch.export.Dim.STATIC
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program = torch.onnx.export(
        network.eval(),
        (torch.zeros(2, 192, 192, 3, dtype=torch.uint8),),
        input_names=["images"],
        output_names=list(network.architecture.heads),
        dynamic_shapes=({0: auto, 1: auto, 2: auto, 3: fixed},),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    if program is None:  # the signature allows None, for exports directly to a file
        raise ModelError("torch.onnx.export returned no program")
    return program.model_proto


def _equal_tensors(model: onnx.ModelProto, state: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """Return the property `EQUAL_TENSORS` (none if empty): tensors that the model lacks → the equal one it has."""
    kept = {tensor.name for tensor in model.graph.initializer}
    duplicates = {
        name: next(other for other in state if other in kept and torch.equal(state[other], tensor))
        for name, tensor in state.items()
        if name not in kept
    }
    return {EQUAL_TENSORS: json.dumps(duplicates)} if duplicates else {}


def remove_trace_info(model: onnx.ModelProto) -> None:
    """Remove source lines and intermediate shapes, which differ between computers."""
    graph = model.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer, graph, model):
        del part.metadata_props[:]
    for part in (graph, model, *graph.node):
        part.doc_string = ""
    del graph.value_info[:]
    model.producer_name, model.producer_version = "movenet", ""
    graph.name = "movenet"


def _name_axes(model: onnx.ModelProto) -> None:
    for axis, name in AXES.items():
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    for output in model.graph.output:
        batch, _, height, width = output.type.tensor_type.shape.dim
        batch.dim_param, height.dim_param, width.dim_param = "batch", "rows", "columns"


def store_weights(model: onnx.ModelProto, names: set[str], stored: Literal["fp16", "fp32"]) -> None:
    """Store the weights of these names in fp16 (but see `MIN_FP16_SIZE`) or fp32, each followed by a cast."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.name in names:
            _rename_input(graph, tensor.name, f"{tensor.name}.f32")
            casts.append(
                helper.make_node("Cast", [tensor.name], [f"{tensor.name}.f32"], to=TensorProto.FLOAT)
            )
            if stored == "fp16":
                tensor.CopyFrom(numpy_helper.from_array(_to_fp16(numpy_helper.to_array(tensor)), tensor.name))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _to_fp16(array: NDArray[np.float32]) -> NDArray[np.floating]:
    half = array.astype(np.float16)
    return half if array.size >= MIN_FP16_SIZE or np.array_equal(half, array) else array


def _rename_input(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
