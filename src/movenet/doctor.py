"""Is this installation sound? Each finding says so, or what to do about it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version

import numpy as np

from movenet.engine import ENGINES, Runtime, cache_folder, open_engine
from movenet.errors import MoveNetError
from movenet.models import MODELS, ModelCard


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    says: str
    sound: bool = True


def examine() -> list[Finding]:
    """Look at the package, the models, the engines and the processor."""
    return [*_software(), *map(_model, MODELS.values()), *map(_engine, ENGINES), _cache()]


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
        return Finding(name, "missing: reinstall movenet", sound=False)


def _opencv() -> Finding:
    """Several OpenCVs overwrite each other's files; which one is left is luck."""
    found = sorted(
        {d.name for d in distributions() if d.name.lower().replace("_", "-").startswith("opencv-")}
    )
    if len(found) == 1:
        return Finding("opencv", f"{found[0]} {version(found[0])}")
    names = ", ".join(found) or "none"
    return Finding("opencv", f"expected exactly one, found {names}: uninstall all but one", sound=False)


def _model(card: ModelCard) -> Finding:
    def check() -> str:
        card.check()
        return f"{card.path.name}, SHA-256 as published"

    return _try(card.name, check)


def _engine(name: str) -> Finding:
    """Run the smallest model once; an engine that was not installed is no fault unless it is the default."""

    def run() -> str:
        engine = open_engine("lightning", Runtime(name))
        engine(np.zeros((1, engine.card.side, engine.card.side, 3), np.uint8))
        return f"works, precision {engine.precision}"

    finding = _try(f"engine {name}", run)
    return finding if name == Runtime().engine else Finding(finding.what, finding.says)


def _cache() -> Finding:
    folder = cache_folder()
    return Finding(
        "cache of compiled models", str(folder) if folder else "none: models are compiled at every start"
    )


def _try(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(what, attempt())
    except MoveNetError as error:
        return Finding(what, str(error), sound=False)


def processor_name() -> str:
    """Return the processor's name and those of its features that matter for speed."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 (a device, not a file)
            info = dict(
                line.split("\t:", 1) if "\t:" in line else line.split(":", 1) for line in file if ":" in line
            )
    except OSError:
        return platform.processor() or "unknown"
    fields = {key.strip(): value.strip() for key, value in info.items()}
    flags = set(fields.get("flags", fields.get("Features", "")).split())
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")
    present = ", ".join(flag for flag in wanted if flag in flags)
    return (
        f"{fields.get('model name', platform.processor() or sys.platform)} ({present or 'no wide vectors'})"
    )
