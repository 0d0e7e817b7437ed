"""ONNX, run by ONNX Runtime."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper

from movenet.errors import ModelError
from movenet.export.int8.graph import Graph
from movenet.export.int8.rounding import quantise
from movenet.export.job import INPUT, OUTPUT, Order, Runner
from movenet.models import INT8, MODELS
from movenet.networks.onnx_file import OPSET, properties_of, remove_trace_metadata, store_weights, to_onnx

FLOATING = ("backbone.blocks.0.", "pyramid.merge.", "heads.")
"""Convolutions that stay in floating point in int8, by the start of their names: int8 costs them accuracy and saves
nothing (docs/int8.md)."""


def convert(order: Order, path: Path) -> None:
    """Write the order as an ONNX file, which takes any size (with keypoints of one person: the order's alone)."""
    if order.precision == "int8":
        _write_int8(order, path)
        return
    made = (
        to_onnx(order.network, order.metadata, order.precision) if order.answer == "heads" else _fused(order)
    )
    path.write_bytes(made.SerializeToString(deterministic=True))


def open_file(path: Path, order: Order) -> Runner:
    """Return what runs the file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name, kind = session.get_inputs()[0].name, np.uint8 if order.answer == "heads" else np.int32

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        return dict(
            zip(order.names, session.run(list(order.names), {name: square.astype(kind)}), strict=True)
        )

    return run


def _fused(order: Order) -> onnx.ModelProto:
    """Return Google's own input and output: int32 (1, side, side, 3), or (1, H, W, 3) for many people."""
    auto, fixed = torch.export.Dim.AUTO, torch.export.Dim.STATIC
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    # Two different sides: of equal ones torch would conclude that they are always equal.
    height = 2 * order.side if order.card.finds_many else order.side
    sides = auto if order.card.finds_many else fixed
    program = torch.onnx.export(
        order.module.eval(),
        (torch.zeros(1, height, order.side, 3, dtype=torch.int32),),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: fixed, 1: sides, 2: sides, 3: fixed},),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    if program is None:  # torch's signature allows it for exports straight to a file
        raise ModelError("torch gave no ONNX program")
    model = program.model_proto
    remove_trace_metadata(model)
    store_weights(model, set(order.module.state_dict()), "fp16" if order.precision == "fp16" else "fp32")
    if order.card.finds_many:
        for axis, name in {1: "height", 2: "width"}.items():
            model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    helper.set_model_props(model, properties_of(order.network, order.metadata))
    onnx.checker.check_model(model, full_check=True)
    return model


def _write_int8(order: Order, path: Path) -> None:
    """Write the int8 model of the wheel where there is one of this very network, else calibrate one here."""
    made = MODELS.get(order.card.name + INT8)
    if made is not None and order.card == MODELS.get(order.card.name):
        made.check()
        shutil.copyfile(made.path, path)
        return
    graph = Graph(to_onnx(order.network, order.metadata, "fp32"))
    numbers = quantise(graph, order.squares, FLOATING)
    path.write_bytes(graph.write(numbers, {}).SerializeToString(deterministic=True))
