"""`movenet analyze --export`: the formats of laboratories, by the ending of the name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from movenet.analysis.lab import (
    make_markers,
    write_c3d,
    write_deeplabcut,
    write_mot,
    write_openpose,
    write_trc,
)
from movenet.analysis.summary import PersonSummary
from movenet.errors import DataError, MoveNetError
from movenet.records import Record

NEED_SCALE: Final = (".trc", ".c3d")
ENDINGS: Final = (*NEED_SCALE, ".mot", ".dlc.csv", ".openpose")


def check_lab(path: Path, *, has_scale: bool) -> None:
    """Check the name of the output before anything is read.

    Raises:
        MoveNetError: The ending is unknown, or the format needs a scale.
    """
    ending = _ending(path)
    if ending in NEED_SCALE and not has_scale:
        raise MoveNetError(f"{ending} is in metres: expected the person's --height for the scale")


def export_lab(
    path: Path, records: Sequence[Record], people: Sequence[PersonSummary], scales: Sequence[float | None]
) -> None:
    """Write the person seen longest, or all people where the format has room for them.

    Raises:
        DataError: Nobody is found.
        MoveNetError: The file cannot be written, or a package is missing.
    """
    ending = _ending(path)
    if ending == ".openpose":
        write_openpose(path, records)
        return
    if not people:
        raise DataError(f"expected a person to write to {path}, got none")
    best = max(range(len(people)), key=lambda at: people[at].track.found.sum())
    track, scale = people[best].track, scales[best]
    if ending == ".dlc.csv":
        write_deeplabcut(path, [person.track for person in people])
    elif ending == ".mot":
        write_mot(path, track)
    elif scale is not None:
        (write_trc if ending == ".trc" else write_c3d)(path, make_markers(track, scale))


def _ending(path: Path) -> str:
    name = path.name.lower()
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), None)
    if ending is None:
        raise MoveNetError(f"expected a name ending in {', '.join(ENDINGS)}, got {path}")
    return ending
