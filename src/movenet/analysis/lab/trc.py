"""TRC, the marker trajectories of Motion Analysis and OpenSim: tab-separated text, here in metres, y up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from movenet.analysis.lab.markers import Markers
from movenet.analysis.lab.text import parse_file, to_numbers, write_lines

METRES = {"m": 1.0, "mm": 0.001, "cm": 0.01}


def write_trc(path: str | Path, markers: Markers) -> None:
    """Write markers; unknown positions are empty cells.

    Raises:
        FileError: the file cannot be written.
    """
    path, count = Path(path), len(markers.positions_m)
    rate, names = f"{markers.rate_hz:.6f}", markers.names
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{count}\t{len(names)}\tm\t{rate}\t1\t{count}",
        "Frame#\tTime\t" + "\t".join(f"{name}\t\t" for name in names),
        "\t\t" + "\t".join(f"X{at}\tY{at}\tZ{at}" for at in range(1, len(names) + 1)),
        "",
    ]
    for at, (time_s, row) in enumerate(zip(markers.times_s, markers.positions_m, strict=True), start=1):
        cells = ["" if np.isnan(value) else f"{value:.6f}" for value in row.ravel()]
        lines.append(f"{at}\t{time_s:.6f}\t" + "\t".join(cells))
    write_lines(path, lines)


def read_trc(path: str | Path) -> Markers:
    """Return the markers of a TRC file in metres.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no TRC file.
    """
    return parse_file(Path(path), _parse, "a TRC file")


def _parse(lines: list[str]) -> Markers:
    if not lines[0].startswith("PathFileType"):
        raise ValueError("the first line is not PathFileType")
    header = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=False))
    names = tuple(name for name in lines[3].split("\t")[2:] if name.strip())
    rows = [line.split("\t") for line in lines[5:] if line.strip()]
    width = 2 + 3 * len(names)
    table = to_numbers([[*row, *[""] * width][:width] for row in rows]).reshape(-1, width)
    positions = table[:, 2:].reshape(len(table), len(names), 3) * METRES[header["Units"].strip()]
    return Markers(names, float(header["DataRate"]), float(table[0, 1]), positions)
