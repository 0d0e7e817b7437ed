"""Core ML's programs, read from their package and computed in torch: the proof where Core ML itself cannot run.

The format is Apple's MIL.proto and its weight file: behind a header of 64 bytes, records of 64 bytes (magic number,
type, size, place), each naming a run of numbers. Only the operations that a MoveNet or a PoseNet needs are known.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor

from movenet.errors import EngineError

RECORD: Final = struct.Struct("<IIQQ")
MAGIC: Final = 0xDEADBEEF
IMMEDIATE: Final = {
    11: ("floats", np.float32),
    23: ("ints", np.int32),
    1: ("bools", bool),
    2: ("strings", object),
}
"""Quantization of MIL.proto's DataType: where a value is stored and its type."""
STORED: Final = {10: np.float16, 11: np.float32}
FLOAT16: Final = 10


class Program:
    """A program of a package, ready to be computed in float32."""

    def __init__(self, path: Path):
        """Read graph and weights.

        Raises:
            EngineError: if the package holds no program.
        """
        from coremltools.models.utils import load_spec

        spec = load_spec(str(path))
        functions = spec.mlProgram.functions
        if "main" not in functions:
            raise EngineError(f"expected a Core ML program in {path}, got {spec.WhichOneof('Type')}")
        main = functions["main"]
        self._operations = list(main.block_specializations[main.opset].operations)
        self._weights = (path / "Data" / "com.apple.CoreML" / "weights" / "weight.bin").read_bytes()

    def __call__(self, pictures: Mapping[str, Tensor], names: Iterable[str]) -> dict[str, Tensor]:
        """Compute the answers of these names from the inputs.

        Raises:
            EngineError: if an operation is not known here.
        """
        known: dict[str, Any] = dict(pictures)
        with torch.inference_mode():
            for operation in self._operations:
                known[operation.outputs[0].name] = self._compute(operation, known)
        return {name: known[name].float() for name in names}

    def _compute(self, operation: Any, known: Mapping[str, Any]) -> Any:
        if operation.type == "const":
            return self._value(operation.attributes["val"])
        given = {
            name: [
                known[bound.name] if bound.name else self._value(bound.value) for bound in argument.arguments
            ]
            for name, argument in operation.inputs.items()
        }
        if operation.type not in OPERATIONS:
            raise EngineError(f"the Core ML operation '{operation.type}' is not known here")
        return OPERATIONS[operation.type]({name: value[0] for name, value in given.items()})

    def _value(self, value: Any) -> Any:
        kind = value.type.tensorType
        shape = [dimension.constant.size for dimension in kind.dimensions]
        if value.HasField("blobFileValue"):
            place = self._place(value.blobFileValue.offset)
            count = int(np.prod(shape, dtype=int))
            array = np.frombuffer(self._weights, STORED[kind.dataType], count, place)
            return torch.from_numpy(array.reshape(shape).astype(np.float32))
        return _immediate(value.immediateValue.tensor, kind.dataType, shape)

    def _place(self, offset: int) -> int:
        """Return where the numbers of the record at an offset begin."""
        magic, _, _, place = RECORD.unpack_from(self._weights, offset)
        if magic != MAGIC:
            raise EngineError("the weights of the Core ML package are damaged")
        return int(place)


def _immediate(tensor: Any, kind: int, shape: list[int]) -> Any:
    """Return a value that stands in the graph itself: a tensor, or of a single one the plain number or text."""
    if kind == FLOAT16:
        values: Any = np.frombuffer(tensor.bytes.values, np.float16).astype(np.float32)
    else:
        field, dtype = IMMEDIATE[kind]
        values = np.array(list(getattr(tensor, field).values), dtype)
    if not shape:
        return values[0].item() if hasattr(values[0], "item") else values[0]
    return torch.from_numpy(values.reshape(shape))


def _convolve(g: Mapping[str, Any]) -> Tensor:
    """Compute a convolution; MIL's padding is top, bottom, left, right."""
    pads = {"valid": [0, 0, 0, 0]}.get(g["pad_type"]) or g["pad"].tolist()
    x = F.pad(g["x"], (pads[2], pads[3], pads[0], pads[1]))
    strides, dilations = g["strides"].tolist(), g["dilations"].tolist()
    return F.conv2d(x, g["weight"], g.get("bias"), strides, 0, dilations, int(g["groups"]))


def _enlarge(g: Mapping[str, Any]) -> Tensor:
    factors = (float(g["scale_factor_height"]), float(g["scale_factor_width"]))
    return F.interpolate(
        g["x"], scale_factor=factors, mode="bilinear", align_corners=bool(g["align_corners"])
    )


def _pad(g: Mapping[str, Any]) -> Tensor:
    """Pad the last axes; MIL names the pads from the first of them to the last, torch from the last to the first."""
    pairs = g["pad"].reshape(-1, 2).flip(0).flatten().tolist()
    return F.pad(g["x"], pairs, value=float(g["constant_val"]))


OPERATIONS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "add": lambda g: g["x"] + g["y"],
    "cast": lambda g: g["x"],
    "clip": lambda g: g["x"].clamp(g["alpha"], g["beta"]),
    "conv": _convolve,
    "mul": lambda g: g["x"] * g["y"],
    "pad": _pad,
    "relu": lambda g: g["x"].relu(),
    "relu6": lambda g: F.relu6(g["x"]),
    "sub": lambda g: g["x"] - g["y"],
    "transpose": lambda g: g["x"].permute(g["perm"].tolist()),
    "upsample_bilinear": _enlarge,
}
"""The operations of MIL that a network needs, by name."""
