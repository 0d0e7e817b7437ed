"""Is this installation sound, and does this machine compute rightly? Each finding says so, or what to do about it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, version
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from movenet.crop import Crop
from movenet.decode import Floats
from movenet.decode.families import READERS
from movenet.engine import ENGINES, Engine, Precision, Runtime, cache_state, open_engine
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
from movenet.models import DATA, MODELS, ModelCard

KNOWN_ANSWERS: Final = DATA / "known_answers.json"
"""By model, what it answers (see `answer`) where the arithmetic is right; written by tools/known_answers.py."""

PERSON: Final = (60.0, 20.0, 330.0, 490.0)
"""x, y, width, height of the person in the photo of the package, in pixels."""

SEEN: Final = 0.3
"""Least stored score of a keypoint to be compared."""

SHARE: Final = 0.75
"""This share of the keypoints is within the limit of the stored ones; the rest are in doubt in the picture itself."""

LIMITS_PX: Final[Mapping[str, float]] = {"fp32": 0.05, "int8": 0.7, "bf16": 1.5}
"""How far keypoints may be from the stored ones, in pixels of the square, by arithmetic.

Two orders of the same float32 sums: below .01; int8 sums that are exact: up to .4; int8 sums that overflow in 16 bits:
1.1 and more (measured with OpenVINO and ONNX Runtime on AVX2). bf16 has 8 bits for each number between two layers.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    says: str
    mark: Literal["ok", "mend", "absent"] = "ok"
    """Whether it is right, needs mending, or is an optional part that is not installed."""

    @property
    def sound(self) -> bool:
        """Whether there is nothing to mend."""
        return self.mark != "mend"


def examine() -> list[Finding]:
    """Look at the package, the models, the engines, their answers and the processor."""
    engines = (finding for name in ENGINES for finding in examine_engine(name))
    return [*_software(), *map(_model, MODELS.values()), *engines, *_arithmetic(), _cache()]


def _software() -> Iterator[Finding]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield Finding("movenet", f"{version('movenet')}, {python} on {platform.system()} {platform.machine()}")
    yield Finding("processor", processor_name())
    for package in ("numpy", "openvino", "av"):
        yield _package(package)
    yield _opencv()


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "missing: reinstall movenet", "mend")


def _opencv() -> Finding:
    """Several OpenCVs overwrite each other's files; which one is left is luck."""
    found = sorted(
        {d.name for d in distributions() if d.name.lower().replace("_", "-").startswith("opencv-")}
    )
    if len(found) == 1:
        return Finding("opencv", f"{found[0]} {version(found[0])}")
    names = ", ".join(found) or "none"
    return Finding("opencv", f"expected exactly one, found {names}: uninstall all but one", "mend")


def _model(card: ModelCard) -> Finding:
    def check() -> str:
        card.check()
        return f"{card.path.name}, SHA-256 as published"

    return _try(card.name, check)


def examine_engine(name: str) -> Iterator[Finding]:
    """Open an engine and check its answers in the precision it chooses and in f32."""
    what = f"engine {name}"
    try:
        chosen = open_engine("lightning", Runtime(name)).precision
    except MissingExtraError as error:
        yield Finding(what, f"not installed (optional): {error.command}", "absent")
        return
    except MoveNetError as error:
        yield Finding(what, str(error), "mend")
        return
    yield Finding(what, f"works, precision {chosen}")
    precisions: tuple[Precision, ...] = ("auto",) if chosen == "fp32" else ("auto", "fp32")
    for precision in precisions:
        runtime = Runtime(name, precision, threads=1)  # more would wait for each other on a busy machine
        shown = chosen if precision == "auto" else precision
        yield _try(f"answers of {name}, {shown}", lambda runtime=runtime: _answers(runtime))  # type: ignore[misc]


def _answers(runtime: Runtime) -> str:
    """Compare the answers of every model that an engine runs; PyTorch runs no int8."""
    names = [name for name in MODELS if runtime.engine != "torch" or not MODELS[name].is_int8]
    return check_answers(open_engine(MODELS[name].path, runtime) for name in names)


def check_answers(engines: Iterable[Engine]) -> str:
    """Compare what engines answer to the photo of the package with the stored answers.

    Raises:
        MoveNetError: if the keypoints of a model are elsewhere, with the distance by model.
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
    """Return how far `SHARE` of the keypoints are at most from the stored ones, in pixels of the square."""
    known = np.array(_known_answers()[engine.card.name])
    seen = known[..., 2] > SEEN
    apart = np.linalg.norm(answer(engine)[seen][:, :2] - known[seen][:, :2], axis=1)
    return float(np.quantile(apart, SHARE))


def limit_px(engine: Engine) -> float:
    """Return how far from the stored keypoints this engine's may be: its coarsest arithmetic decides."""
    kinds = {engine.precision, "int8" if engine.card.is_int8 else engine.precision}
    return max(LIMITS_PX[kind] for kind in kinds)


def answer(engine: Engine) -> Floats:
    """Return what an engine answers to `known_squares`: (4, K, 3) x, y in pixels of the square, and score."""
    side = engine.card.side
    reader = READERS[engine.card.family]
    answers = np.concatenate([reader.one(engine(square[None]), None, 1) for square in known_squares(side)])
    y, x, score = np.moveaxis(answers, -1, 0)
    return np.stack((x * side, y * side, score), axis=-1)


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


def _arithmetic() -> Iterator[Finding]:
    """Say which arithmetic is chosen here by default, and why."""
    yield _try("floats", _floats)
    yield Finding("int8", _int8())
    yield Finding("threads", f"{usable_cores()} for a photo, {threads_for_video()} beside a video")


def _floats() -> str:
    precision = open_engine("lightning", Runtime(precision="auto")).precision
    reason = "computes" if precision == "bf16" else "does not compute"
    return f"{precision} with OpenVINO: the processor {reason} bf16 in hardware"


def _int8() -> str:
    """Say whether the int8 models are taken by default on this processor."""
    present = sorted(INT8_DOT_PRODUCTS & features())
    has = f"has integer dot products ({', '.join(present)})" if present else "has no integer dot products"
    rule = find_int8_rule()
    used = f"used for {' and '.join(ACCURATE_IN_INT8)}" if rule.int8 else "not used unless asked for"
    return f"{used}: {rule.reason}; the sums are exact, the processor {has}"


def _cache() -> Finding:
    return Finding("cache of compiled models", cache_state()[1])


def _try(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(what, attempt())
    except (MoveNetError, RuntimeError) as error:  # the latter from runtimes that cannot compute
        return Finding(what, str(error), "mend")
