"""OpenVINO's own format: a graph (.xml) and its weights (.bin), run by OpenVINO."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from movenet.engine import openvino_core
from movenet.export import as_onnx
from movenet.export.job import ExportJob, Runner


def convert(job: ExportJob, path: Path) -> None:
    """Write the job as .xml and .bin."""
    import openvino

    onnx_path = path.with_suffix(".onnx")
    as_onnx.convert(job, onnx_path)
    model = openvino.convert_model(onnx_path)
    openvino.save_model(model, path, compress_to_fp16=job.precision == "fp16")
    onnx_path.unlink()


def open_file(path: Path, job: ExportJob) -> Runner:
    """Return a runner of the file, in float32 (int8 layers in int8)."""
    config = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino_core().compile_model(path, "CPU", config)
    kind = np.uint8 if job.answer == "heads" else np.int32

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        answers = model([square.astype(kind)])
        return {name: np.array(answers[name]) for name in job.names}

    return run
