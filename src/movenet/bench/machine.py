"""What a measurement was taken on: no figure of speed means anything without it."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from movenet.checkup import processor_name
from movenet.cores import usable_cores

PACKAGES: Final = ("movenet", "numpy", "openvino", "onnxruntime", "torch", "av", "opencv-python-headless")
"""Whose version matters for speed; those not installed are left out."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, software and day."""

    processor: str
    """The name the processor gives itself, and its wide vectors."""
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
