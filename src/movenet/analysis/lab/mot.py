"""MOT, OpenSim's motion files: a table of angles over time in degrees."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.definitions import ANGLE_NAMES
from movenet.analysis.lab.text import parse_file, to_numbers, write_lines
from movenet.analysis.track import Track


class Motion(NamedTuple):
    """Angles over time."""

    names: tuple[str, ...]
    times_s: NDArray[np.float64]
    """Shape (T,): seconds."""
    degrees: NDArray[np.float64]
    """Shape (T, A); NaN where unknown."""


def write_mot(path: str | Path, track: Track) -> None:
    """Write the angles of a track as `Track.angle` gives them (joints: 180 is straight), "nan" where unknown.

    Raises:
        FileError: the file cannot be written.
    """
    path = Path(path)
    degrees = np.stack([track.angle(name) for name in ANGLE_NAMES], axis=1)
    lines = [
        path.stem,
        "version=1",
        f"nRows={len(track)}",
        f"nColumns={len(ANGLE_NAMES) + 1}",
        "inDegrees=yes",
        "endheader",
        "\t".join(("time", *ANGLE_NAMES)),
        *(
            f"{time_s:.6f}\t" + "\t".join(f"{value:.4f}" for value in row)
            for time_s, row in zip(track.times_s, degrees, strict=True)
        ),
    ]
    write_lines(path, lines)


def read_mot(path: str | Path) -> Motion:
    """Return the angles of a MOT file in degrees.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no MOT file.
    """
    return parse_file(Path(path), _parse, "a MOT file")


def _parse(lines: list[str]) -> Motion:
    end = [line.strip().lower() for line in lines].index("endheader")
    header = dict(line.split("=", 1) for line in lines[1:end] if "=" in line)
    names = lines[end + 1].split("\t")
    table = to_numbers([line.split("\t") for line in lines[end + 2 :] if line.strip()]).reshape(
        -1, len(names)
    )
    degrees = table[:, 1:] if header.get("inDegrees", "yes").strip() == "yes" else np.degrees(table[:, 1:])
    return Motion(tuple(names[1:]), table[:, 0], degrees)
