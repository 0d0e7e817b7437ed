"""Core ML's package (.mlpackage): Core ML itself runs on Apple's systems alone, so what was written is read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from movenet.export.coreml_reader import Program
from movenet.export.job import ChannelsFirst, ExportJob, Runner

INPUT = "images"


def convert(job: ExportJob, path: Path) -> None:
    """Write the job as a package that takes one RGB picture of side × side (iOS 16, macOS 13 and later)."""
    import coremltools as ct

    square = torch.zeros(1, 3, job.side, job.side)
    program = torch.export.export(ChannelsFirst(job.module).eval(), (square,)).run_decompositions({})
    single = job.precision == "fp32"
    made = ct.convert(
        program,
        inputs=[ct.ImageType(name=INPUT, shape=tuple(square.shape), color_layout=ct.colorlayout.RGB)],
        outputs=[ct.TensorType(name=name, dtype=np.float32) for name in job.names],
        compute_precision=ct.precision.FLOAT32 if single else ct.precision.FLOAT16,
        minimum_deployment_target=ct.target.iOS16,
        skip_model_load=True,
    )
    made.user_defined_metadata.update({f"movenet.{name}": said for name, said in job.metadata.items()})
    made.save(str(path))


def open_file(path: Path, job: ExportJob) -> Runner:
    """Return what computes the saved program as its operations say: not Core ML, but the same graph and weights."""
    program = Program(path)

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        picture = torch.from_numpy(square.transpose(0, 3, 1, 2).astype(np.float32))
        return {name: answer.numpy() for name, answer in program({INPUT: picture}, job.names).items()}

    return run
