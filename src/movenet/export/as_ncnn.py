"""ncnn: a graph (.param) and its weights (.bin), made by pnnx and run by ncnn."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from movenet.errors import EngineError
from movenet.export.job import ChannelsFirst, ExportJob, Runner

INPUT = "in0"
"""Name that pnnx gives the input; the outputs are out0, out1 … in the job of `ExportJob.names`."""
AS_FP32, AS_FP16 = bytes(4), (0x01306B47).to_bytes(4, "little")
"""Marks before the weights of a layer in ncnn's file."""
FLOATING = ("use_fp16_storage", "use_fp16_arithmetic", "use_fp16_packed", "use_bf16_storage")


def convert(job: ExportJob, path: Path) -> None:
    """Write the job as .param and .bin.

    It takes float32 (3, side, side), RGB, 0…255: `ncnn.Mat.from_pixels` as it is.

    Raises:
        EngineError: if pnnx fails.
    """
    import pnnx

    traced, shape = path.with_suffix(".pt"), [1, 3, job.side, job.side]
    example = torch.zeros(shape)
    with torch.no_grad():
        torch.jit.trace(ChannelsFirst(job.module).eval(), example).save(str(traced))  # type: ignore[no-untyped-call]
    options = [f"inputshape={shape}".replace(" ", ""), "fp16=0"]
    options += [f"ncnnparam={path.name}", f"ncnnbin={path.with_suffix('.bin').name}"]
    done = subprocess.run(
        [pnnx.EXEC_PATH, traced.name, *options], cwd=path.parent, capture_output=True, text=True
    )
    if done.returncode or not path.is_file():
        raise EngineError(f"pnnx failed: {done.stderr.strip()[-300:]}")
    if job.precision == "fp16":
        _halve(path)
    for rest in path.parent.iterdir():
        if rest not in (path, path.with_suffix(".bin")):
            rest.unlink()


def _halve(path: Path) -> None:
    """Store the weights of convolutions in fp16: pnnx can, but turns what is below 6·10⁻⁵ into 0 (measured: 0.2 px)."""
    binary, out = path.with_suffix(".bin").read_bytes(), bytearray()
    at = 0
    for line in path.read_text(encoding="utf-8").splitlines()[2:]:
        if not line.startswith("Convolution"):
            continue
        said = dict(part.split("=", 1) for part in line.split() if "=" in part)
        count, biases = int(said["6"]), int(said["0"]) * int(said.get("5", "0"))
        weights = np.frombuffer(binary, np.float32, count, at + len(AS_FP32)).astype(np.float16)
        rest = at + len(AS_FP32) + 4 * count
        out += AS_FP16 + weights.tobytes() + bytes(-2 * count % 4) + binary[rest : rest + 4 * biases]
        at = rest + 4 * biases
    if at != len(binary):
        raise EngineError(
            f"expected weights of convolutions alone, got {len(binary) - at} bytes more from pnnx"
        )
    path.with_suffix(".bin").write_bytes(out)


def open_file(path: Path, job: ExportJob) -> Runner:
    """Return a runner of the file, in float32."""
    import ncnn

    network = ncnn.Net()
    network.opt.use_vulkan_compute = False
    for option in FLOATING:
        setattr(network.opt, option, False)
    if network.load_param(str(path)) or network.load_model(str(path.with_suffix(".bin"))):
        raise EngineError(f"ncnn cannot read {path}")

    def run(square: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        extractor = network.create_extractor()
        # ncnn does not hold on to the array of a Mat: its clone owns its numbers.
        picture = np.ascontiguousarray(square[0].transpose(2, 0, 1), np.float32)
        extractor.input(INPUT, ncnn.Mat(picture).clone())
        answers = (extractor.extract(f"out{i}")[1] for i in range(len(job.names)))
        return {name: np.array(answer)[None] for name, answer in zip(job.names, answers, strict=True)}

    return run
