"""Checks of the installation: packages, model files, engines and their answers, processor, with remedies."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, distributions, version
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop
from movenet.decode import Floats
from movenet.decode.families import DECODERS
from movenet.decode.votes import MIN_BANDWIDTH_CELLS, find_modes
from movenet.engine import ENGINES, Engine, Precision, Runtime, cache_state, device_of, open_engine
from movenet.engine.arithmetic import ACCURATE_IN_INT8, find_int8_rule
from movenet.errors import MissingExtraError, MoveNetError
from movenet.machine import (
    INT8_DOT_PRODUCTS,
    features,
    processor_name,
    threads_for_video,
    usable_cores,
)
from movenet.media.photo import read_photo
from movenet.models import DATA, MODELS, STRIDE, ModelCard

KNOWN_ANSWERS: Final = DATA / "known_answers.json"
"""Correct answers of each model, as of `answer`; written by tools/known_answers.py."""

PERSON: Final = (60.0, 20.0, 330.0, 490.0)
"""x, y, width, height of the person in the photo of the package, in pixels."""

MIN_SCORE: Final = 0.3
"""Lowest stored score of a keypoint that is compared."""

SHARE: Final = 0.75
"""Share of the keypoints that must be within the limit; the others are ambiguous in the picture."""

LIMITS_PX: Final[Mapping[frozenset[str], float]] = {
    frozenset({"fp32"}): 0.05,
    frozenset({"int8", "fp32"}): 0.7,
    frozenset({"fp16"}): 0.3,
    frozenset({"int8", "fp16"}): 1.0,
    frozenset({"bf16"}): 1.5,
    frozenset({"int8", "bf16"}): 3.0,
}
"""Largest distance of keypoints from the stored ones, in pixels of the square, by the precisions of the layers.

Measured with OpenVINO and ONNX Runtime on AVX2: below 0.01 px between two summation orders of float32, up to 0.4 px
with exact int8 sums, 1.1 px and more with int8 sums that overflow 16 bits. With OpenVINO and PyTorch on AVX-512 BF16:
up to 1.0 px in bf16, which stores 8 significant bits between layers, and up to 2.0 px with int8 layers between them.
In fp16, which stores 11, with PyTorch: 0.02 px for MoveNet and 0.09 px for PoseNet; with int8 layers the sum of the
two limits.
"""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check."""

    name: str
    """What was checked."""
    message: str
    """What was found, and the remedy if the check failed."""
    status: Literal["ok", "failed", "missing"] = "ok"
    """"missing" is an optional part that is not installed."""

    @property
    def passed(self) -> bool:
        """Whether the check did not fail."""
        return self.status != "failed"


def run_checks() -> list[CheckResult]:
    """Check the packages, the models, the engines, their answers and the processor."""
    engines = (result for name in ENGINES for result in check_engine(name))
    return [*_software(), *map(_model, MODELS.values()), *engines, *_arithmetic(), _cache()]


def _software() -> Iterator[CheckResult]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield CheckResult(
        "movenet", f"{version('movenet')}, {python} on {platform.system()} {platform.machine()}"
    )
    yield CheckResult("processor", processor_name())
    for package in ("numpy", "openvino", "av"):
        yield _package(package)
    yield _opencv()


def _package(name: str) -> CheckResult:
    try:
        return CheckResult(name, version(name))
    except PackageNotFoundError:
        return CheckResult(name, "missing: reinstall movenet", "failed")


def _opencv() -> CheckResult:
    """Check that exactly one OpenCV package is installed: several overwrite each other's files."""
    found = sorted(
        {d.name for d in distributions() if d.name.lower().replace("_", "-").startswith("opencv-")}
    )
    if len(found) == 1:
        return CheckResult("opencv", f"{found[0]} {version(found[0])}")
    names = ", ".join(found) or "none"
    return CheckResult("opencv", f"expected exactly one, found {names}: uninstall all but one", "failed")


def _model(card: ModelCard) -> CheckResult:
    def check() -> str:
        card.check()
        return f"{card.path.name}, SHA-256 as published"

    return _try(card.name, check)


def check_engine(name: str) -> Iterator[CheckResult]:
    """Check that an engine opens, and its answers on every device: on the CPU in the default precision and in fp32."""
    label = f"engine {name}"
    try:
        devices = ENGINES[name].find_devices()
        chosen = open_engine("lightning", Runtime(name)).precision
    except MissingExtraError as error:
        yield CheckResult(label, f"not installed (optional): {error.command}", "missing")
        return
    except MoveNetError as error:
        yield CheckResult(label, str(error), "failed")
        return
    yield CheckResult(label, f"works, precision {chosen}; devices: {', '.join(devices)}")
    precisions: tuple[Precision, ...] = ("auto",) if chosen == "fp32" else ("auto", "fp32")
    for precision in precisions:
        runtime = Runtime(
            name, precision, threads=1
        )  # more threads would wait for each other on a busy machine
        shown = chosen if precision == "auto" else precision
        yield _try(f"answers of {name}, {shown}", partial(_answers, runtime))
    for device in devices[1:]:
        yield _try(f"answers of {name} on the {device}", partial(_answers, Runtime(name, device=device)))


def _answers(runtime: Runtime) -> str:
    """Check the answers of every model that an engine runs; PyTorch runs no int8."""
    names = [name for name in MODELS if runtime.engine != "torch" or not MODELS[name].is_int8]
    return check_answers(ENGINES[runtime.engine](MODELS[name], runtime) for name in names)


def check_answers(engines: Iterable[Engine]) -> str:
    """Compare the keypoints that engines estimate in the package's photo with the stored ones.

    Raises:
        MoveNetError: if a model's keypoints are beyond the limit; names the models and distances.
    """
    limits = {engine.card.name: (distance_px(engine), limit_px(engine)) for engine in engines}
    wrong = [
        f"{name} is off by {distance:.2f} px, expected at most {limit} px"
        for name, (distance, limit) in limits.items()
        if not distance <= limit
    ]
    if wrong:
        raise MoveNetError(
            f"{'; '.join(wrong)}: do not use them here, choose another model, engine or precision, and report it"
        )
    return f"{', '.join(limits)}: keypoints where they are expected"


def distance_px(engine: Engine) -> float:
    """Return the `SHARE` quantile of the keypoints' distances from the stored ones, in pixels of the square."""
    known = np.array(_known_answers()[engine.card.name])
    seen = known[..., 2] > MIN_SCORE
    apart = np.linalg.norm(answer(engine)[seen][:, :2] - known[seen][:, :2], axis=1)
    return float(np.quantile(apart, SHARE))


def limit_px(engine: Engine) -> float:
    """Return the largest allowed distance of an engine, by its precisions; GPUs and NPUs may round fp32 to fp16."""
    integers = {"int8"} if engine.card.is_int8 else set()
    floats = engine.precision if device_of(engine) == "cpu" else "fp16"
    return LIMITS_PX[frozenset({floats, *integers})]


def answer(engine: Engine) -> Floats:
    """Return the keypoints in `known_squares`: (4, K, 3), x, y in pixels of the square, and score."""
    side, cast_votes = engine.card.side, DECODERS[engine.card.family].cast_votes
    bandwidths = np.full(engine.card.keypoints, MIN_BANDWIDTH_CELLS * STRIDE / side)
    answers = []
    for square in known_squares(side):
        positions, scores = find_modes([cast_votes(engine(square[None]), None, None)[0]], bandwidths)
        answers.append(np.concatenate((positions[:, ::-1] * side, scores[:, None]), axis=1))
    return np.stack(answers).astype(np.float32)


def known_squares(side: int) -> NDArray[np.uint8]:
    """Return the photo of the package whole and cut around the person, and both mirrored: (4, side, side, 3) RGB."""
    image = read_photo(DATA / "astronaut.jpg")
    crops = (Crop.whole(image.shape[1], image.shape[0], side), Crop.around_box(PERSON, 1.1, side))
    squares = np.stack([crop.cut(image) for crop in crops])
    return np.concatenate((squares, squares[:, :, ::-1]))


@cache
def _known_answers() -> dict[str, list[list[list[float]]]]:
    answers: dict[str, list[list[list[float]]]] = json.loads(KNOWN_ANSWERS.read_text(encoding="utf-8"))
    return answers


def _arithmetic() -> Iterator[CheckResult]:
    """Report the precision chosen by default, and why."""
    yield _try("floats", _floats)
    yield CheckResult("int8", _int8())
    yield CheckResult("threads", f"{usable_cores()} for a photo, {threads_for_video()} beside a video")


def _floats() -> str:
    precision = open_engine("lightning", Runtime(precision="auto")).precision
    reason = "computes" if precision == "bf16" else "does not compute"
    return f"{precision} with OpenVINO: the processor {reason} bf16 in hardware"


def _int8() -> str:
    """Report whether int8 models are used by default on this processor."""
    present = sorted(INT8_DOT_PRODUCTS & features())
    has = f"has integer dot products ({', '.join(present)})" if present else "has no integer dot products"
    rule = find_int8_rule()
    used = f"used for {' and '.join(ACCURATE_IN_INT8)}" if rule.int8 else "not used unless asked for"
    return f"{used}: {rule.reason}; the sums are exact, the processor {has}"


def _cache() -> CheckResult:
    return CheckResult("cache of compiled models", cache_state()[1])


def _try(name: str, check: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, check())
    except (MoveNetError, RuntimeError) as error:  # the latter from runtimes that cannot compute
        return CheckResult(name, str(error), "failed")
