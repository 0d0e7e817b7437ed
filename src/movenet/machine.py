"""This computer: number of cores, processor name, and processor features that affect speed and exactness of int8."""

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
"""Packages whose versions affect speed; those not installed are left out of reports."""

X86: Final = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
"""Features of x86 processors, as Linux names them."""
ARM: Final = ("asimd", "asimddp", "i8mm", "bf16")
"""Features of ARM processors, as Linux names them."""

INT8_DOT_PRODUCTS: Final = frozenset({"avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm"})
"""Features that accumulate products of 8-bit integers in 32 bits; without them, 16-bit sums can overflow."""
BF16: Final = frozenset({"avx512_bf16", "amx_bf16"})
"""Features of x86 processors that compute in bf16."""

_AVX512: Final = {"avx2", "avx512f"}
_VNNI: Final = _AVX512 | {"avx512_vnni"}
_AVX512_BF16: Final = _VNNI | {"avx512_bf16"}
INSTRUCTION_LIMITS: Final[Mapping[str, frozenset[str]]] = {
    "SSE41": frozenset(),
    "AVX": frozenset(),
    "AVX2": frozenset({"avx2"}),
    "AVX2_VNNI": frozenset({"avx2", "avx_vnni"}),
    "AVX2_VNNI_2": frozenset({"avx2", "avx_vnni"}),
    "AVX512_CORE": frozenset(_AVX512),
    "AVX512_CORE_VNNI": frozenset(_VNNI),
    "AVX512_CORE_BF16": frozenset(_AVX512_BF16),
    "AVX512_CORE_FP16": frozenset(_AVX512_BF16 | {"avx_vnni"}),
}
"""Value of the environment variable ONEDNN_MAX_CPU_ISA → the features of `X86` that OpenVINO then uses at most.

Values that are not listed limit nothing: they are above all of `X86`, or unknown to oneDNN.
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
"""Name in macOS's sysctl → feature."""
_WINDOWS: Final = {19: "asimd", 40: "avx2", 41: "avx512f", 43: "asimddp"}
"""Number in Windows' IsProcessorFeaturePresent → feature; there are none for VNNI, AMX and bf16."""


@dataclass(frozen=True, slots=True)
class Processor:
    """Name and features of a processor, as reported by the operating system."""

    name: str
    features: frozenset[str]
    """The features of `X86` and `ARM` that the system reports as present."""

    def __str__(self) -> str:
        present = ", ".join(feature for feature in (*X86, *ARM) if feature in self.features)
        return f"{self.name} ({present or 'no wide vectors'})"

    def limited(self, limit: str) -> frozenset[str]:
        """Return the features that OpenVINO uses if ONEDNN_MAX_CPU_ISA is `limit` (upper or lower case)."""
        return self.features - (set(X86) - _allowed(limit))


@cache
def processor() -> Processor:
    """Return this computer's processor; features that the system does not report count as absent."""
    if sys.platform == "darwin":
        return read_sysctl(_sysctl())
    if sys.platform == "win32":
        return read_windows(ctypes.windll.kernel32.IsProcessorFeaturePresent)
    try:
        return read_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        return Processor(_generic_name(), frozenset())


def processor_name() -> str:
    """Return the processor's name and, in brackets, its features that affect speed."""
    return str(processor())


def features() -> frozenset[str]:
    """Return the processor features that OpenVINO uses in this process; ONEDNN_MAX_CPU_ISA can limit them."""
    return processor().limited(os.environ.get("ONEDNN_MAX_CPU_ISA", ""))


def may_use_bf16() -> bool:
    """Return whether ONEDNN_MAX_CPU_ISA lets OpenVINO use the bf16 instructions of an x86 processor that has them."""
    return not BF16.isdisjoint(_allowed(os.environ.get("ONEDNN_MAX_CPU_ISA", "")))


def has_int8_dot_products() -> bool:
    """Return whether int8 sums are exact on this processor for every model (`INT8_DOT_PRODUCTS`)."""
    return not INT8_DOT_PRODUCTS.isdisjoint(features())


def _allowed(limit: str) -> frozenset[str]:
    return INSTRUCTION_LIMITS.get(limit.upper(), frozenset(X86))


def read_cpuinfo(text: str) -> Processor:
    """Parse Linux's /proc/cpuinfo: lines "key : value", one block per core."""
    fields = _fields(text)
    flags = fields.get("flags", fields.get("Features", "")).split()
    return Processor(fields.get("model name") or _generic_name(), frozenset(flags) & {*X86, *ARM})


def read_sysctl(text: str) -> Processor:
    """Parse the output of macOS's `sysctl`: lines "key: value"; the value 1 means that a feature is present."""
    fields = _fields(text)
    present = frozenset(feature for name, feature in _SYSCTL.items() if fields.get(name) == "1")
    return Processor(fields.get("machdep.cpu.brand_string") or _generic_name(), present)


def read_windows(is_present: Callable[[int], int]) -> Processor:
    """Read the features with Windows' IsProcessorFeaturePresent, which returns 0 for an absent feature."""
    return Processor(
        _generic_name(), frozenset(feature for number, feature in _WINDOWS.items() if is_present(number))
    )


def _fields(text: str) -> dict[str, str]:
    """Parse lines "key: value"; of repeated keys the first counts."""
    pairs = [line.partition(":") for line in text.splitlines() if ":" in line]
    return {key.strip(): value.strip() for key, _, value in reversed(pairs)}


def _generic_name() -> str:
    return platform.processor() or platform.machine() or "unknown"


def _sysctl() -> str:
    import subprocess

    command = ["/usr/sbin/sysctl", "hw.optional", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def usable_cores() -> int:
    """Return the number of CPU cores this process may use (its affinity)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for_video() -> int:
    """Return the number of threads for inference while a video is decoded and encoded: half of the cores, at least 1.

    With more, inference threads wait for cores that the codecs use, and delay the other threads (measured on two cores,
    docs/speed.md).
    """
    return max(usable_cores() // 2, 1)


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, software versions and date of a speed measurement."""

    processor: str
    """Name of the processor and, in brackets, its features."""
    cores: int
    """Number of cores that this process may use."""
    system: str
    """Operating system and architecture, such as "Linux x86_64"."""
    versions: Mapping[str, str]
    """Name → version, of Python and of the installed `PACKAGES`."""
    date: str
    """YYYY-MM-DD."""

    def __str__(self) -> str:
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.processor}, {cores}, {self.system}\n{versions}, {self.date}"


def this_machine() -> Machine:
    """Return processor, software versions and date for this computer."""
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
