"""torch.export's archive (.pt2), run by torch without a line of this package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from movenet.export.job import ExportJob, Runner


def convert(job: ExportJob, path: Path) -> None:
    """Write the job as an archive for any number of pictures of any size (with many people: one picture)."""
    auto, fixed = torch.export.Dim.AUTO, torch.export.Dim.STATIC
    one = job.answer == "keypoints" and job.card.is_multi_person
    kind = torch.uint8 if job.answer == "heads" else torch.int32
    # Two different sides: of equal ones torch would conclude that they are always equal.
    images = torch.zeros(1 if one else 2, 2 * job.side, job.side, 3, dtype=kind)
    axes = {0: fixed if one else auto, 1: auto, 2: auto, 3: fixed}
    program = torch.export.export(job.module.eval(), (images,), dynamic_shapes=(axes,))
    torch.export.save(program, path, extra_files={"movenet.json": json.dumps(job.metadata)})


def open_file(path: Path, job: ExportJob) -> Runner:
    """Return a runner of the file."""
    module = torch.export.load(path).module()
    kind = torch.uint8 if job.answer == "heads" else torch.int32

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        with torch.inference_mode():
            answers = module(torch.from_numpy(square).to(kind))
        answers = (answers,) if job.answer == "keypoints" else answers
        return {name: answer.numpy() for name, answer in zip(job.names, answers, strict=True)}

    return run
