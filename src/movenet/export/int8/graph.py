"""A network as a list of steps that can be walked, rescaled and written again with int8 weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor

from movenet.export.int8.sums import check_sums

STEPS: Final = ("Conv", "Clip", "Relu", "Add", "Resize")
"""What a network consists of, after the scaling of the pixels."""
LEVEL: Final = np.float32(1 / 127.5)
"""One grey level, in the input range of the network, −1…1."""
ZERO: Final = 128
"""The grey level that stands for 0. The network's own 0 is 127.5: half a level is moved into the first bias."""

Visitor = Callable[[NodeProto, Tensor, Mapping[str, Tensor]], Tensor]
"""A function of a node, its output and the values so far; returns the output to use instead."""


@dataclass(frozen=True)
class Grid:
    """256 levels of a tensor: value = (level − zero) · step."""

    step: np.float32
    zero: int

    def __call__(self, values: Tensor) -> Tensor:
        """Round to the nearest level."""
        return torch.fake_quantize_per_tensor_affine(values, float(self.step), self.zero, 0, 255)


@dataclass(frozen=True)
class QuantizedWeights:
    """A convolution's weights: value = level · step of its output channel."""

    levels: NDArray[np.int8]
    steps: NDArray[np.float32]

    @property
    def values(self) -> NDArray[np.float32]:
        """The weights as floating-point quantization."""
        return self.levels.astype(np.float32) * self.steps.reshape(-1, *[1] * (self.levels.ndim - 1))


@dataclass
class Quantization:
    """Everything that turns a graph into an int8 network."""

    grids: dict[str, Grid]
    """By tensor."""
    weights: dict[str, QuantizedWeights]
    """By the name of the convolution; one that is missing stays in floating point."""
    biases: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """By the name of the convolution."""


class Graph:
    """A network: nodes in order of execution, weights and biases by the name of the convolution."""

    def __init__(self, model: onnx.ModelProto):
        """Take a model that `to_onnx` made."""
        self.inputs, self.outputs = list(model.graph.input), list(model.graph.output)
        self.properties = {p.key: p.value for p in model.metadata_props}
        self.steps = [node for node in model.graph.node if node.op_type in STEPS]
        self.convs = [step for step in self.steps if step.op_type == "Conv"]
        stored = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        resizes = [step for step in self.steps if step.op_type == "Resize"]
        self.constants = {name: stored[name] for step in resizes for name in step.input[1:] if name}
        self.weights, self.biases = {}, {}
        for conv in self.convs:
            conv.name = conv.input[1].removesuffix(".weight.f32")
            self.weights[conv.name] = stored[f"{conv.name}.weight"].astype(np.float32)
            none = np.zeros(len(self.weights[conv.name]), np.float32)
            self.biases[conv.name] = stored.get(f"{conv.name}.bias", none).astype(np.float32)
        self.maker = {step.output[0]: step for step in self.steps}
        self.users: dict[str, list[NodeProto]] = {}
        for step in self.steps:
            for tensor in inputs_of(step):
                self.users.setdefault(tensor, []).append(step)

    @property
    def pixels(self) -> str:
        """The tensor that the first convolution takes."""
        return str(self.convs[0].input[0])

    def streams(self) -> list[set[str]]:
        """Return sets of tensors whose channels may be scaled together without changing the network's answer.

        Scaling commutes with adding, resizing and ReLU; ReLU6, and the answers themselves, hold it fast.
        """
        leader = {tensor: tensor for tensor in self.maker}
        for step in self.steps:
            if step.op_type in ("Add", "Resize", "Relu"):
                group = {leader[tensor] for tensor in (*inputs_of(step), step.output[0])}
                leader = {t: min(group) if of in group else of for t, of in leader.items()}
        fast = {leader[o.name] for o in self.outputs}
        for step in self.steps:
            if step.op_type == "Clip":
                fast |= {leader[step.input[0]], leader[step.output[0]]}
        return [{t for t in leader if leader[t] == of} for of in sorted({*leader.values()} - fast)]

    def rescale(self, tensors: Iterable[str], factors: NDArray[np.float32]) -> None:
        """Divide the channels of a stream by the factors where they are made, and undo it where they are used."""
        for tensor in tensors:
            if (maker := self.maker[tensor]).op_type == "Conv":
                self.weights[maker.name] /= factors[:, None, None, None]
                self.biases[maker.name] /= factors
            for user in self.users.get(tensor, []):
                if user.op_type == "Conv":
                    by_row = attributes(user).get("group", 1) > 1
                    shape = (-1, 1, 1, 1) if by_row else (1, -1, 1, 1)
                    self.weights[user.name] *= factors.reshape(shape)

    def walk(
        self,
        squares: NDArray[np.uint8],
        quantization: Quantization | None = None,
        visit: Visitor = lambda step, output, values: output,
    ) -> dict[str, Tensor]:
        """Return the raw heads of squares (N, H, W, 3), in float32, with values rounded as the quantization says."""
        quantization = quantization or Quantization({}, {})
        values = {self.pixels: torch.from_numpy(squares.transpose(0, 3, 1, 2) * LEVEL - 1)}
        if self.pixels in quantization.grids:
            values[self.pixels] -= float(LEVEL / 2)
        last = {tensor: users[-1] for tensor, users in self.users.items()}
        for step in self.steps:
            output = visit(step, self._compute(step, values, quantization), values)
            grid = quantization.grids.get(step.output[0])
            values[step.output[0]] = grid(output) if grid else output
            for tensor in [t for t in inputs_of(step) if last[t] is step]:
                values.pop(tensor, None)
        return {output.name: values[output.name] for output in self.outputs}

    def _compute(self, step: NodeProto, values: Mapping[str, Tensor], quantization: Quantization) -> Tensor:
        x = values[step.input[0]]
        if step.op_type == "Conv":
            int8 = quantization.weights.get(step.name)
            weights = int8.values if int8 else self.weights[step.name]
            bias = torch.from_numpy(quantization.biases.get(step.name, self.biases[step.name]))
            attrs = attributes(step)
            options = {"stride": tuple(attrs.get("strides", (1, 1))), "groups": attrs.get("group", 1)}
            return F.conv2d(padded(step, x), torch.from_numpy(weights), bias, **options)
        if step.op_type == "Add":
            return x + values[step.input[1]]
        if step.op_type == "Resize":
            return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return x.clamp(0, 6) if step.op_type == "Clip" else x.relu()

    def write(self, quantization: Quantization, properties: Mapping[str, str]) -> onnx.ModelProto:
        """Return the network as ONNX, with a pair of QuantizeLinear and DequantizeLinear at every grid.

        Raises:
            ModelError: if its sums are not exact on every processor.
        """
        writer = _Writer(self, quantization)
        graph = helper.make_graph(writer.nodes, "movenet", self.inputs, self.outputs, writer.tensors)
        opset = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=10, producer_name="movenet")
        check_sums(model)
        helper.set_model_props(model, {**self.properties, **properties, "movenet.int8_sums": "exact"})
        onnx.checker.check_model(model, full_check=True)
        return model


class _Writer:
    """Writes the steps one by one, each with what it needs before it."""

    def __init__(self, graph: Graph, quantization: Quantization):
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []
        self._graph, self._numbers = graph, quantization
        self._rounded: dict[str, str] = {}
        for name, value in {**graph.constants, "zero": np.float32(0), "six": np.float32(6)}.items():
            self._hold(name, value)
        self._scale_pixels()
        for step in graph.steps:
            self._add(step)
            self._round(step.output[0])

    def _hold(self, name: str, value: Any) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **options: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **options))
        return output

    def _scale_pixels(self) -> None:
        """Convert pixels to the network's input range, on a grid that represents every grey level exactly."""
        planes = self._node("Transpose", [self._graph.inputs[0].name], "planes", perm=[0, 3, 1, 2])
        floats = self._node("Cast", [planes], "planes.f32", to=TensorProto.FLOAT)
        zero = ZERO if self._graph.pixels in self._numbers.grids else 127.5
        centred = self._node("Sub", [floats, self._hold("grey", np.float32(zero))], "centred")
        self._node("Mul", [centred, self._hold("level", LEVEL)], self._graph.pixels)
        self._round(self._graph.pixels)

    def _round(self, tensor: str) -> None:
        if grid := self._numbers.grids.get(tensor):
            step = self._hold(f"{tensor}.step", grid.step)
            zero = self._hold(f"{tensor}.zero", np.uint8(grid.zero))
            levels = self._node("QuantizeLinear", [tensor, step, zero], f"{tensor}.u8")
            self._rounded[tensor] = self._node("DequantizeLinear", [levels, step, zero], f"{tensor}.rounded")

    def _add(self, step: NodeProto) -> None:
        node = NodeProto()
        node.CopyFrom(step)
        floating = step.op_type == "Conv" and step.name not in self._numbers.weights
        for i, tensor in enumerate(node.input):
            if not floating:
                node.input[i] = self._rounded.get(tensor, tensor)
        if step.op_type == "Clip":
            node.input[1:] = ["zero", "six"]
        if step.op_type == "Conv":
            node.input[1:] = self._float_weights(step.name) if floating else self._int8_weights(step)
        self.nodes.append(node)

    def _float_weights(self, name: str) -> list[str]:
        weights, bias = self._graph.weights[name], self._numbers.biases[name]
        return [self._hold(f"{name}.weight", weights), self._hold(f"{name}.bias", bias)]

    def _int8_weights(self, step: NodeProto) -> list[str]:
        """The bias lies in int32 on the grid of the sums, where an integer convolution adds it."""
        int8, bias = self._numbers.weights[step.name], self._numbers.biases[step.name]
        sums = (int8.steps * self._numbers.grids[step.input[0]].step).astype(np.float32)
        parts = {"weight": (int8.levels, int8.steps), "bias": (np.rint(bias / sums).astype(np.int32), sums)}
        for kind, (levels, steps) in parts.items():
            name = self._hold(f"{step.name}.{kind}", levels)
            inputs = [name, self._hold(f"{name}.step", steps)]
            self._node("DequantizeLinear", inputs, f"{name}.f32", axis=0)
        return [f"{step.name}.{kind}.f32" for kind in parts]


def inputs_of(step: NodeProto) -> list[str]:
    """Return the tensors that a step takes from other steps."""
    return list(step.input[:2] if step.op_type == "Add" else step.input[:1])


def attributes(step: NodeProto) -> dict[str, Any]:
    """Return a step's attributes by name."""
    return {a.name: helper.get_attribute_value(a) for a in step.attribute}


def padded(conv: NodeProto, x: Tensor) -> Tensor:
    """Pad with zeros as the convolution does."""
    top, left, bottom, right = attributes(conv).get("pads", [0] * 4)
    return F.pad(x, (left, right, top, bottom))
