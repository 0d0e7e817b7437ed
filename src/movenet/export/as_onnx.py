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
from movenet.export.int8.rounding import quantize
from movenet.export.job import INPUT, OUTPUT, ExportJob, Runner
from movenet.models import INT8, MODELS
from movenet.networks.onnx_file import OPSET, properties_of, remove_trace_info, store_weights, to_onnx

FLOATING = ("backbone.blocks.0.", "pyramid.merge.", "heads.")
"""Convolutions that stay in floating point in int8, by the start of their names: int8 costs them accuracy and saves
nothing (docs/int8.md)."""


def convert(job: ExportJob, path: Path) -> None:
    """Write the job as an ONNX file of any input size (keypoints of one person: of the job's size only)."""
    if job.precision == "int8":
        _write_int8(job, path)
        return
    made = to_onnx(job.network, job.metadata, job.precision) if job.answer == "heads" else _fused(job)
    path.write_bytes(made.SerializeToString(deterministic=True))


def open_file(path: Path, job: ExportJob) -> Runner:
    """Return a runner of the file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name, kind = session.get_inputs()[0].name, np.uint8 if job.answer == "heads" else np.int32

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        return dict(zip(job.names, session.run(list(job.names), {name: square.astype(kind)}), strict=True))

    return run


def _fused(job: ExportJob) -> onnx.ModelProto:
    """Return Google's own input and output: int32 (1, side, side, 3), or (1, H, W, 3) for many people."""
    auto, fixed = torch.export.Dim.AUTO, torch.export.Dim.STATIC
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    # Two different sides: of equal ones torch would conclude that they are always equal.
    height = 2 * job.side if job.card.is_multi_person else job.side
    sides = auto if job.card.is_multi_person else fixed
    program = torch.onnx.export(
        job.module.eval(),
        (torch.zeros(1, height, job.side, 3, dtype=torch.int32),),
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
    remove_trace_info(model)
    store_weights(model, set(job.module.state_dict()), "fp16" if job.precision == "fp16" else "fp32")
    if job.card.is_multi_person:
        for axis, name in {1: "height", 2: "width"}.items():
            model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    helper.set_model_props(model, properties_of(job.network, job.metadata))
    onnx.checker.check_model(model, full_check=True)
    return model


def _write_int8(job: ExportJob, path: Path) -> None:
    """Write the int8 model of the wheel where there is one of this very network, else calibrate one here."""
    made = MODELS.get(job.card.name + INT8)
    if made is not None and job.card == MODELS.get(job.card.name):
        made.check()
        shutil.copyfile(made.path, path)
        return
    graph = Graph(to_onnx(job.network, job.metadata, "fp32"))
    quantization = quantize(graph, job.squares, FLOATING)
    path.write_bytes(graph.write(quantization, {}).SerializeToString(deterministic=True))
