"""What this machine has: cores, the name of its processor, and the features that decide how fast and exact sums are."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PACKAGES: Final = ("movenet", "numpy", "openvino", "onnxruntime", "torch", "av", "opencv-python-headless")
"""Packages whose version matters for speed; those not installed are left out."""

X86: Final = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
"""Features of x86 processors, as Linux names them."""
ARM: Final = ("asimd", "asimddp", "i8mm", "bf16")
"""Features of ARM processors, as Linux names them."""

INT8_DOT_PRODUCTS: Final = frozenset({"avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm"})
"""Features with which products of 8-bit integers are added in 32 bits; without them, in 16, where they can overflow."""

_AVX512: Final = {"avx2", "avx512f"}
_VNNI: Final = _AVX512 | {"avx512_vnni"}
_BF16: Final = _VNNI | {"avx512_bf16"}
INSTRUCTION_LIMITS: Final[Mapping[str, frozenset[str]]] = {
    "SSE41": frozenset(),
    "AVX": frozenset(),
    "AVX2": frozenset({"avx2"}),
    "AVX2_VNNI": frozenset({"avx2", "avx_vnni"}),
    "AVX2_VNNI_2": frozenset({"avx2", "avx_vnni"}),
    "AVX512_CORE": frozenset(_AVX512),
    "AVX512_CORE_VNNI": frozenset(_VNNI),
    "AVX512_CORE_BF16": frozenset(_BF16),
    "AVX512_CORE_FP16": frozenset(_BF16 | {"avx_vnni"}),
}
"""The features that OpenVINO still uses with each value of the environment variable ONEDNN_MAX_CPU_ISA.

Higher limits leave out none of `X86`, and oneDNN ignores a value that it does not know.
"""

_SYSCTL: Final = {
    "hw.optional.avx2_0": "avx2",
    "hw.optional.avx512f": "avx512f",
    "hw.optional.avx512vnni": "avx512_vnni",
    "hw.optional.AdvSIMD": "asimd",
    "hw.optional.arm.FEAT_DotProd": "asimddp",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_BF16": "bf16",
}
"""Features by their names in macOS."""
_WINDOWS: Final = {19: "asimd", 40: "avx2", 41: "avx512f", 43: "asimddp"}
"""Features by their numbers in Windows (IsProcessorFeaturePresent), which has none for VNNI, AMX and bf16."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What a processor says of itself."""

    name: str
    features: frozenset[str]
    """Those of `X86` and `ARM` that it has and the system reports."""

    def __str__(self) -> str:
        present = ", ".join(feature for feature in (*X86, *ARM) if feature in self.features)
        return f"{self.name} ({present or 'no wide vectors'})"

    def limited(self, limit: str) -> frozenset[str]:
        """Return the features that OpenVINO uses when ONEDNN_MAX_CPU_ISA is `limit`, in any case of letters."""
        return self.features - (set(X86) - INSTRUCTION_LIMITS.get(limit.upper(), frozenset(X86)))


@cache
def processor() -> Processor:
    """Return the processor of this machine; what the system does not report counts as absent."""
    if sys.platform == "darwin":
        return read_sysctl(_sysctl())
    if sys.platform == "win32":
        return read_windows(ctypes.windll.kernel32.IsProcessorFeaturePresent)
    try:
        return read_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        return Processor(_any_name(), frozenset())


def processor_name() -> str:
    """Return the processor's name and, in brackets, those of its features that matter for speed."""
    return str(processor())


def features() -> frozenset[str]:
    """Return the features of the processor that OpenVINO uses in this process: ONEDNN_MAX_CPU_ISA can limit them."""
    return processor().limited(os.environ.get("ONEDNN_MAX_CPU_ISA", ""))


def has_int8_dot_products() -> bool:
    """Tell whether products of 8-bit integers are added exactly here, whatever the weights of a model are."""
    return not INT8_DOT_PRODUCTS.isdisjoint(features())


def read_cpuinfo(text: str) -> Processor:
    """Read Linux's /proc/cpuinfo: lines "key : value", the same for every core."""
    fields = _fields(text)
    flags = fields.get("flags", fields.get("Features", "")).split()
    return Processor(fields.get("model name") or _any_name(), frozenset(flags) & {*X86, *ARM})


def read_sysctl(text: str) -> Processor:
    """Read what macOS's `sysctl` prints: lines "key: value", a feature's value being 1 where it is present."""
    fields = _fields(text)
    present = frozenset(feature for name, feature in _SYSCTL.items() if fields.get(name) == "1")
    return Processor(fields.get("machdep.cpu.brand_string") or _any_name(), present)


def read_windows(is_present: Callable[[int], int]) -> Processor:
    """Ask Windows' IsProcessorFeaturePresent, which answers 0 or another number, for each feature."""
    return Processor(
        _any_name(), frozenset(feature for number, feature in _WINDOWS.items() if is_present(number))
    )


def _fields(text: str) -> dict[str, str]:
    """Return the fields of lines "key: value"; of several, the first."""
    pairs = [line.partition(":") for line in text.splitlines() if ":" in line]
    return {key.strip(): value.strip() for key, _, value in reversed(pairs)}


def _any_name() -> str:
    return platform.processor() or platform.machine() or "unknown"


def _sysctl() -> str:
    import subprocess

    command = ["/usr/sbin/sysctl", "hw.optional", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for_video() -> int:
    """Return how many threads an inference should use while a video is decoded and encoded beside it.

    Half of the cores: threads that wait for a core that a codec has keep the others waiting, too. Measured on two
    cores (docs/speed.md); one stream's frames come one after the other, so it is never worth less than one thread.
    """
    return max(usable_cores() // 2, 1)


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, software and day of a measurement: no figure of speed means anything without them."""

    processor: str
    """The name of the processor, and its wide vectors."""
    cores: int
    """How many this process may use."""
    system: str
    versions: Mapping[str, str]
    """Of Python and the packages, by name."""
    date: str
    """YYYY-MM-DD."""

    def __str__(self) -> str:
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.processor}, {cores}, {self.system}\n{versions}, {self.date}"


def this_machine() -> Machine:
    """Look at the machine this runs on."""
    import datetime
    from importlib.metadata import PackageNotFoundError, version

    versions = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return Machine(
        processor=processor_name(),
        cores=usable_cores(),
        system=f"{platform.system()} {platform.machine()}",
        versions=versions,
        date=datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),
    )
