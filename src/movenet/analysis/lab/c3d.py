"""C3D, the binary format of motion capture, in millimetres, y up (extra `c3d`: ezc3d)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from movenet.analysis.lab.markers import Markers
from movenet.analysis.lab.trc import METRES
from movenet.atomic import atomic_write
from movenet.errors import DataError, FileError, MissingExtraError


def write_c3d(path: str | Path, markers: Markers) -> None:
    """Write markers; unknown positions are NaN.

    Raises:
        FileError: the file cannot be written.
        MissingExtraError: ezc3d is missing.
    """
    file = _ezc3d().c3d()
    points = np.ones((4, len(markers.names), len(markers.positions_m)))
    points[:3] = 1000 * markers.positions_m.transpose(2, 1, 0)
    file["header"]["points"]["first_frame"] = round(markers.start_s * markers.rate_hz)
    file["parameters"]["POINT"]["RATE"]["value"] = [markers.rate_hz]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(markers.names)
    file["data"]["points"] = points
    with atomic_write(Path(path)) as temporary:
        file.write(str(temporary))


def read_c3d(path: str | Path) -> Markers:
    """Return the markers of a C3D file in metres.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no C3D file.
        MissingExtraError: ezc3d is missing.
    """
    ezc3d = _ezc3d()
    if not Path(path).is_file():
        raise FileError(f"cannot read {path}: there is no such file")
    try:
        file = ezc3d.c3d(str(path))
        parameters = file["parameters"]["POINT"]
        rate_hz = float(parameters["RATE"]["value"][0])
        start_s = float(file["header"]["points"]["first_frame"]) / rate_hz
        points = np.asarray(file["data"]["points"])[:3].transpose(2, 1, 0)
        metres = METRES[parameters["UNITS"]["value"][0].strip()]
        names = tuple(parameters["LABELS"]["value"])
    except (OSError, RuntimeError, ValueError, IndexError, KeyError, ZeroDivisionError) as problem:
        raise DataError(f"{path}: expected a C3D file, got something else ({problem})") from problem
    return Markers(names, rate_hz, start_s, points * metres)


def _ezc3d() -> Any:
    try:
        import ezc3d
    except ImportError as problem:
        raise MissingExtraError("ezc3d", "c3d", "C3D") from problem
    return ezc3d
