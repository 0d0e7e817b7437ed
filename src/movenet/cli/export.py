"""`movenet export`: a model for another runtime, written only if its answers agree with torch's."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from movenet.cli.options import WEB_PAGE, PeopleName
from movenet.cli.output import print_line, print_progress, print_status, progress
from movenet.cli.output_folders import make_folders
from movenet.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from movenet.decode import Heads
    from movenet.export.job import Runner
    from movenet.export.run import Assess, Exported
    from movenet.live.models_table import WebModels
    from movenet.models import ModelCard


class FormatName(str, Enum):
    """Values of --format: `movenet.export.formats.FORMATS`."""

    onnx = "onnx"
    openvino = "openvino"
    litert = "litert"
    ncnn = "ncnn"
    coreml = "coreml"
    torch = "torch"
    web = "web"


class StoredPrecisionName(str, Enum):
    """Values of --precision: `movenet.export.job.Precision`."""

    fp32 = "fp32"
    fp16 = "fp16"
    int8 = "int8"


class AnswerName(str, Enum):
    """Values of --answer: `movenet.export.job.Answer`."""

    heads = "heads"
    keypoints = "keypoints"


ModelArgument = Annotated[
    str, typer.Argument(help="lightning, thunder, multipose, posenet or an ONNX file written by movenet.")
]
FormatOption = Annotated[
    FormatName | None,
    typer.Option(
        "--format",
        "-f",
        help="The runtime that loads it; default: told by the ending of -o.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", help="The file; NAME.json beside it describes it. For web: the folder.")
]
SideOption = Annotated[
    int | None, typer.Option(help="Side of the input square in pixels, for formats of fixed size.")
]
PicturesOption = Annotated[
    Path | None, typer.Option(help="Folder of pictures to check with and to calibrate int8 on.")
]
ApOption = Annotated[
    Path | None, typer.Option(help="COCO keypoint annotations to measure the export's AP on.")
]

PrecisionOption = Annotated[StoredPrecisionName, typer.Option(help="How weights are stored.")]
AnswerOption = Annotated[
    AnswerName, typer.Option(help="Output: raw heads, or keypoints as Google's graph returns them.")
]
ImagesOption = Annotated[Path | None, typer.Option(help="Folder of the pictures of --ap.")]
SitePeopleOption = Annotated[
    PeopleName | None,
    typer.Option(help="Whom the page tracks first.", metavar="one|many", rich_help_panel=WEB_PAGE),
]
SiteExerciseOption = Annotated[
    str | None,
    typer.Option(help="Exercise that the page counts: a name or a .toml file.", rich_help_panel=WEB_PAGE),
]
WebGpuOption = Annotated[
    Path | None,
    typer.Option(
        help="The npm package onnxruntime-web (.tgz), whose WebGPU build is added.", rich_help_panel=WEB_PAGE
    ),
]
SiteProbabilitiesOption = Annotated[
    bool,
    typer.Option("--probabilities", help="Keypoint scores become probabilities.", rich_help_panel=WEB_PAGE),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the description (JSON), and nothing else.")]


def export(
    model: ModelArgument,
    *,
    out: OutOption,
    format: FormatOption = None,  # noqa: A002
    precision: PrecisionOption = StoredPrecisionName.fp32,
    answer: AnswerOption = AnswerName.heads,
    side: SideOption = None,
    pictures: PicturesOption = None,
    ap: ApOption = None,
    images: ImagesOption = None,
    people: SitePeopleOption = None,
    exercise: SiteExerciseOption = None,
    webgpu: WebGpuOption = None,
    probabilities: SiteProbabilitiesOption = False,
    json: JsonOption = False,
) -> None:
    """Write a model for another runtime, or a web page. It is compared with torch on real pictures first.

    If the answers differ by more than the precision explains, nothing is written and the exit code is 1.
    `--format web` writes a folder for any http server: a page that runs the model in the visitor's browser.
    """
    if format is FormatName.web:
        defaults = (StoredPrecisionName.fp32, AnswerName.heads, None, None, None, None, False)
        if (precision, answer, side, pictures, ap, images, json) != defaults:
            raise ModelError(
                "--format web takes --people, --exercise, --webgpu, --probabilities and --out only"
            )
        site = _site_models(model, people or PeopleName.one, exercise, probabilities=probabilities)
        _write_site(site, out, webgpu)
        return
    site_only = {"people": people, "exercise": exercise, "webgpu": webgpu, "probabilities": probabilities}
    for name, given in site_only.items():
        if given:
            raise ModelError(f"--{name} is for --format web: the other formats hold the network alone")
    print_progress("loading torch")
    try:
        from movenet.export.run import SHEET, ExportRequest, export_model, format_of
    except ImportError as error:
        raise MissingExtraError(str(error.name), "export", "exporting") from None

    assess = None if ap is None else _ap_measurement(ap, images, answer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converters, about their own internals
        name = format.value if format else format_of(out)
        request = ExportRequest(name, precision.value, answer.value, side, pictures)
        make_folders([out])
        done = export_model(model, out, request, assess, print_progress, _compared)
    if json:
        print(out.with_name(out.name + SHEET).read_text(encoding="utf-8"), end="")
    else:
        runs_here = name in ("onnx", "openvino") and answer is AnswerName.heads
        _print_exported(done, f"{name} {precision.value}", runs_here=runs_here)


def _compared(squares: Iterable[NDArray[np.uint8]], count: int) -> Iterator[NDArray[np.uint8]]:
    return progress(squares, "comparing", count)


def _print_exported(done: Exported, made: str, *, runs_here: bool) -> None:
    d, measured = done.difference, "" if done.assessed is None else f" · AP {done.assessed['AP']:.3f}"
    print_line(f"{done.path}  {made}, {done.bytes / 1e6:.2f} MB{measured}")
    print_line(
        f"against torch, {d.keypoints} keypoints in {d.squares} squares: median {d.median_px:.1g} px, "
        f"90 % within {d.p90_px:.1g} px, largest {d.largest_px:.1g} px, score {d.largest_score:.1g}"
    )
    if runs_here:
        print_status(f"next: movenet run photo.jpg --model {done.path}")


def _write_site(site: WebModels, out: Path, webgpu: Path | None) -> None:
    from movenet.live.site import write_site

    size = write_site(site, out, webgpu)
    print_line(f"{out}  web, {size / 1e6:.1f} MB: python -m http.server --directory {out}")


def _site_models(model: str, people: PeopleName, exercise: str | None, *, probabilities: bool) -> WebModels:
    """Return what the page of --format web offers."""
    from movenet.engine import open_engine
    from movenet.live.models_table import web_models
    from movenet.models import find_model

    found = find_model(model)
    card = open_engine(found).card if isinstance(found, Path) else found
    return web_models(card, people.value, exercise, probabilities=probabilities)


def _ap_measurement(annotations: Path, images: Path | None, answer: AnswerName) -> Assess:
    """Return a function that measures an export's AP: whole pictures, detector and crop (top-down).

    Raises:
        ModelError: The folder of the pictures is missing, or the export returns keypoints instead of heads.
    """
    if images is None or answer is not AnswerName.heads:
        raise ModelError("--ap needs --images, the folder of the list's pictures, and an export of heads")
    folder = images

    def assess_export(card: ModelCard, run: Runner) -> Mapping[str, Any]:
        import numpy as np

        from movenet.engine import ScriptedEngine
        from movenet.estimator import Estimator
        from movenet.evaluation import assess, read_truth, to_estimates
        from movenet.evaluation.protocol import measure

        def infer(squares: NDArray[np.uint8]) -> Heads:
            answers = [run(square) for square in squares[:, None]]
            return {name: np.concatenate([one[name] for one in answers]) for name in card.heads}

        truth = read_truth(annotations)
        measured = measure(
            Estimator(ScriptedEngine(card, infer), min_score=0.0),
            truth,
            folder,
            progress=lambda answers, count: progress(answers, "measuring AP", count),
        )
        scores = assess(truth, to_estimates(measured.results, truth)).scores
        rounded = {name: round(scores[name], 4) for name in ("AP", "AP50", "AP75")}
        count = len(truth.images(folder))
        return {**rounded, "list": truth.name, "images": count, "protocol": measured.protocol["pictures"]}

    return assess_export
