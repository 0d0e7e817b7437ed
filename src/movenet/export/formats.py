"""The table of export formats: precisions, outputs, required packages, and the runtime that verifies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from movenet.errors import MissingExtraError, ModelError
from movenet.export.job import Answer, ExportJob, Precision, Runner


@dataclass(frozen=True, slots=True)
class Format:
    """One format of a runtime."""

    name: str
    suffix: str
    precisions: tuple[Precision, ...]
    answers: tuple[Answer, ...]
    checked_by: str
    """Runtime that runs the export for verification."""
    packages: Mapping[str, str]
    """Required modules → the packages that provide them."""
    extra: str
    """Extra of movenet that installs those packages."""
    second: str | None = None
    """Suffix of a second file of the format, if any."""

    def check(self, precision: Precision, answer: Answer, target: Path) -> None:
        """Check a request before any work is done.

        Raises:
            ModelError: if the format does not offer it, or the target's name does not end as it must.
            MissingExtraError: if a package is missing.
        """
        if precision not in self.precisions:
            raise ModelError(f"{self.name} is offered in {', '.join(self.precisions)}, got {precision}")
        if answer not in self.answers:
            raise ModelError(f"{self.name} is offered with {', '.join(self.answers)}, got {answer}")
        if precision == "int8" and answer == "keypoints":
            raise ModelError("int8 is offered with heads: decode them with movenet.decode, in floating point")
        if target.suffix != self.suffix:
            raise ModelError(f"expected a name ending in {self.suffix} for {self.name}, got {target.name}")
        for module, package in self.packages.items():
            if find_spec(module) is None:
                raise MissingExtraError(package, self.extra, f"the format {self.name}")

    def convert(self, job: ExportJob, path: Path) -> None:
        """Write the job to `path`, which ends in the suffix and lies in an empty folder."""
        self._module.convert(job, path)

    def open_file(self, path: Path, job: ExportJob) -> Runner:
        """Return a runner of a file of this format, written for the job."""
        run: Runner = self._module.open_file(path, job)
        return run

    def files(self, path: Path) -> list[Path]:
        """Return all files of an export of this format, the main file last."""
        return [path] if self.second is None else [path.with_suffix(self.second), path]

    @property
    def _module(self) -> Any:
        return import_module(f"movenet.export.as_{self.name}")


_ONNX: Final = {"onnx": "onnx", "onnxscript": "onnxscript"}
_BOTH: Final = ("heads", "keypoints")
FORMATS: Final[Mapping[str, Format]] = {
    form.name: form
    for form in (
        Format(
            name="onnx",
            suffix=".onnx",
            precisions=("fp32", "fp16", "int8"),
            answers=_BOTH,
            checked_by="ONNX Runtime",
            packages={**_ONNX, "onnxruntime": "onnxruntime"},
            extra="export",
        ),
        Format(
            name="openvino",
            suffix=".xml",
            precisions=("fp32", "fp16", "int8"),
            answers=_BOTH,
            checked_by="OpenVINO",
            packages={**_ONNX, "openvino": "openvino", "onnxruntime": "onnxruntime"},
            extra="export",
            second=".bin",
        ),
        Format(
            name="litert",
            suffix=".tflite",
            precisions=("fp32", "fp16"),
            answers=_BOTH,
            checked_by="LiteRT",
            packages={"litert_torch": "litert-torch", "ai_edge_litert": "ai-edge-litert"},
            extra="litert",
        ),
        Format(
            name="ncnn",
            suffix=".param",
            precisions=("fp32", "fp16"),
            answers=("heads",),
            checked_by="ncnn",
            packages={"ncnn": "ncnn", "pnnx": "pnnx"},
            extra="ncnn",
            second=".bin",
        ),
        Format(
            name="coreml",
            suffix=".mlpackage",
            precisions=("fp32", "fp16"),
            answers=("heads",),
            checked_by="the saved program, computed by torch (Core ML runs on Apple's systems alone)",
            packages={"coremltools": "coremltools"},
            extra="coreml",
        ),
        Format(
            name="torch",
            suffix=".pt2",
            precisions=("fp32",),
            answers=_BOTH,
            checked_by="torch.export's archive, loaded again",
            packages={},
            extra="export",
        ),
    )
}
"""By the name that `movenet export --format` takes."""
