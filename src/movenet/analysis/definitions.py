"""The table of angles, `angles.json`, which Python, the live page and the notebook widget all read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.pose import KEYPOINTS

TABLE_FILE: Final = Path(__file__).with_name("angles.json")
"""`joints`: name, neighbour, joint, other neighbour. `segments`: name, keypoints at its start, keypoints at its end."""

_TABLE: Final = json.loads(TABLE_FILE.read_text(encoding="utf-8"))

JOINT_ANGLES: Final[tuple[str, ...]] = tuple(row[0] for row in _TABLE["joints"])
"""Names of the included angles, such as "left_knee": the joint at which two limbs meet."""
SEGMENT_ANGLES: Final[tuple[str, ...]] = tuple(row[0] for row in _TABLE["segments"])
"""Names of the angles of body segments to the horizontal, such as "trunk"."""
ANGLE_NAMES: Final = (*JOINT_ANGLES, *SEGMENT_ANGLES)
"""All angles: first the joints, then the segments."""

JOINT_POINTS: Final[NDArray[np.intp]] = np.array(
    [[KEYPOINTS.index(name) for name in row[1:]] for row in _TABLE["joints"]]
)
"""Shape (J, 3): keypoints of one neighbour, the joint, the other neighbour."""


def _mean_of(end: int) -> NDArray[np.float64]:
    weights = np.zeros((len(SEGMENT_ANGLES), len(KEYPOINTS)))
    for row, segment in enumerate(_TABLE["segments"]):
        weights[row, [KEYPOINTS.index(name) for name in segment[end]]] = 1 / len(segment[end])
    return weights


SEGMENT_STARTS: Final = _mean_of(1)
"""Shape (S, 17): weights of the keypoints whose mean is the start of each segment."""
SEGMENT_ENDS: Final = _mean_of(2)
"""Shape (S, 17): the same of its end."""
SEGMENT_POINTS: Final[NDArray[np.bool_]] = np.asarray((SEGMENT_STARTS + SEGMENT_ENDS) > 0)
"""Shape (S, 17): the keypoints of each segment."""


def javascript_module() -> str:
    """Return the table as a JavaScript module that exports `ANGLE_TABLE`."""
    return f"export const ANGLE_TABLE = {TABLE_FILE.read_text(encoding='utf-8').strip()};\n"


def joint_table() -> list[list[str]]:
    """Return the rows of the joints: name, neighbour, joint, other neighbour."""
    return [list(row) for row in _TABLE["joints"]]
