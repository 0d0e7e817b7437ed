"""What was found in one picture, and the one JSON object that says it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError
from movenet.pose import Pose

PX_DIGITS: Final = 2
"""Coordinates are written to a hundredth of a pixel."""
SCORE_DIGITS: Final = 4
TIME_DIGITS: Final = 6
"""Times are written to a microsecond: the frames of a 30 fps video then never share one."""
LARGEST: Final = float(np.finfo(np.float32).max)
"""Numbers that are larger are no coordinates: a pose holds float32."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The poses of one picture, and which picture that was."""

    source: str
    """The photo, video, camera or address it came from."""
    frame: int
    """0 for a photo or the first frame of a video."""
    time_s: float
    """Seconds from the start of the video; 0 for a photo."""
    width: int
    """Of the picture, in pixels; 0 where it was read from COCO results, which do not say."""
    height: int
    """Of the picture, in pixels; 0 where it was read from COCO results, which do not say."""
    poses: tuple[Pose, ...] = ()
    """Everyone found; empty if nobody was."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.time_s):
            raise DataError(f"expected the time of frame {self.frame} in seconds, got {self.time_s}")


def to_json(record: Record) -> str:
    """Return the record as one line of JSON, without the line's end.

    `{"source", "frame", "time_s", "width", "height", "poses": [{"id", "score", "box": [x, y, w, h],
    "keypoints": [[x, y, score], ...]}]}`; what is not finite, or not given, is null.
    """
    # Escaped beyond ASCII, so that any screen, pipe and file name (even one that is no text) can carry it.
    return json.dumps(to_plain(record), allow_nan=False, separators=(", ", ": "))


def from_json(line: str, where: str = "the record") -> Record:
    """Return the record that one line of JSON holds; null becomes NaN again.

    Raises:
        DataError: The line is no such object; `where` stands for it in the sentence.
    """
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise DataError(
            f"{where}: expected a JSON object, got {line.strip()[:40]!r} ({problem})"
        ) from problem
    return from_plain(plain, where)


def to_plain(record: Record) -> dict[str, Any]:
    """Return the record as the nested lists and numbers that JSON holds, rounded."""
    return {
        "source": record.source,
        "frame": int(record.frame),
        "time_s": round(float(record.time_s), TIME_DIGITS),
        "width": int(record.width),
        "height": int(record.height),
        "poses": [_plain_pose(pose) for pose in record.poses],
    }


def _plain_pose(pose: Pose) -> dict[str, Any]:
    keypoints = np.round(np.column_stack([pose.keypoints, pose.scores]).astype(np.float64), PX_DIGITS)
    keypoints[:, 2] = np.round(pose.scores.astype(np.float64), SCORE_DIGITS)
    return {
        "id": None if pose.id is None else int(pose.id),
        "score": _finite(np.round(pose.score, SCORE_DIGITS)),
        "box": None if pose.box is None else _finite(np.round(pose.box, PX_DIGITS)),
        "keypoints": _finite(keypoints),
    }


def _finite(values: ArrayLike) -> Any:
    """Return numbers as nested lists, with None for those that JSON has no word for."""
    array = np.asarray(values, np.float64)
    if np.isfinite(array).all():
        return array.tolist()
    return np.where(np.isfinite(array), array.astype(object), np.array(None, object)).tolist()


def from_plain(plain: Any, where: str) -> Record:
    """Return the record of which `to_plain` made these lists and numbers.

    Raises:
        DataError: Something is missing or of the wrong kind; `where` says in which file and line.
    """
    try:
        return Record(
            source=_text(plain["source"]),
            frame=whole(plain["frame"]),
            time_s=_finite_number(plain["time_s"]),
            width=whole(plain["width"]),
            height=whole(plain["height"]),
            poses=tuple(_pose(pose) for pose in _list(plain["poses"])),
        )
    except KeyError as problem:
        raise DataError(f"{where}: expected the key {problem}, got none") from problem
    except (TypeError, ValueError, OverflowError) as problem:
        raise DataError(
            f"{where}: expected a record of poses, got something malformed ({problem})"
        ) from problem


def _pose(plain: Any) -> Pose:
    keypoints = numbers(plain["keypoints"]).astype(np.float32)
    if keypoints.ndim != 2 or keypoints.shape[1] != 3:
        raise ValueError(f"keypoints of shape {keypoints.shape} instead of (17, 3)")
    return Pose(
        keypoints=np.ascontiguousarray(keypoints[:, :2]),
        scores=np.ascontiguousarray(keypoints[:, 2]),
        score=number(plain["score"]),
        box=None if plain["box"] is None else _box(plain["box"]),
        id=None if plain["id"] is None else whole(plain["id"]),
    )


def _box(plain: Any) -> tuple[float, float, float, float]:
    x, y, width, height = numbers(plain).tolist()
    return x, y, width, height


def numbers(values: Any) -> NDArray[np.float64]:
    """Return nested lists of JSON numbers as an array; null is NaN.

    Raises:
        ValueError: Something else is in them, the lists are of different lengths or nested more than twice, or a
            number is infinite or beyond float32.
        OverflowError: A number is beyond float64.
    """
    array = np.array(values, object)
    if array.ndim > 2 or not {*map(type, array.flat)} <= {int, float, type(None)}:
        raise ValueError(f"expected numbers or null, got {str(values)[:40]}")
    wide = array.astype(np.float64)
    if (np.abs(wide) > LARGEST).any():
        raise ValueError("a number is infinite or beyond float32")
    return wide


def whole(value: Any) -> int:
    """Return a number as an integer of 64 bits.

    Raises:
        ValueError: It is none: text, a truth value, a fraction, too large.
        OverflowError: It is infinite.
    """
    if type(value) not in (int, float) or value != int(value) or not -(2**63) <= value < 2**63:
        raise ValueError(f"expected a whole number, got {str(value)[:40]}")
    return int(value)


def number(value: Any) -> float:
    """Return one JSON number; null is NaN.

    Raises:
        ValueError: It is something else, infinite or beyond float32.
        OverflowError: It is beyond float64.
    """
    array = numbers(value)
    if array.ndim:
        raise ValueError(f"expected a number or null, got {str(value)[:40]}")
    return float(array)


def _finite_number(value: Any) -> float:
    finite = number(value)
    if not math.isfinite(finite):
        raise ValueError("expected a number, got null or NaN")
    return finite


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {str(value)[:40]}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {str(value)[:40]}")
    return value
