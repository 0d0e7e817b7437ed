"""The poses of one picture, and the JSON object that holds them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from movenet.errors import DataError
from movenet.pose import Pose

PX_DIGITS: Final = 2
"""Decimals of coordinates: 0.01 px."""
SCORE_DIGITS: Final = 4
"""Decimals of scores."""
TIME_DIGITS: Final = 6
"""Decimals of times in seconds: 1 µs, so that no two frames have the same time."""
MAX_NUMBER: Final = float(np.finfo(np.float32).max)
"""Largest magnitude of a number: that of float32, which a pose holds."""


class AnyAngle(Protocol):
    """An angle, as `movenet.analysis.Angle`."""

    @property
    def degrees(self) -> float:
        """Degrees; NaN if unknown."""

    @property
    def reliability(self) -> float:
        """Probability that its keypoints are right, 0…1."""


class RecordedAngle(NamedTuple):
    """An angle read from a file."""

    degrees: float
    reliability: float


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The poses of one picture, and the picture's source, frame number, time and size."""

    source: str
    """Path of the photo or video, camera, or address without its password."""
    frame: int
    """Index of the frame; 0 for a photo and for the first frame of a video."""
    time_s: float
    """Seconds from the start of the video; 0 for a photo."""
    width: int
    """Width of the picture in pixels; 0 if unknown, as in records read from COCO results."""
    height: int
    """Height of the picture in pixels; 0 if unknown, as in records read from COCO results."""
    poses: tuple[Pose, ...] = ()
    """The people found; may be empty."""
    angles: tuple[Mapping[str, AnyAngle], ...] = ()
    """Joint angles of each person by name, if they were measured (`movenet.analysis.measure_angles`)."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.time_s):
            raise DataError(f"expected the time of frame {self.frame} in seconds, got {self.time_s}")
        if self.angles and len(self.angles) != len(self.poses):
            raise DataError(f"expected angles of {len(self.poses)} people, got those of {len(self.angles)}")


def to_json(record: Record) -> str:
    """Return the record as one line of JSON, without a newline.

    `{"source", "frame", "time_s", "width", "height", "poses": [{"id", "score", "box": [x, y, w, h],
    "keypoints": [[x, y, score], ...]}]}`; values that are
    not finite or not known are null. If angles were measured, each pose also has
    `"angles": {name: [degrees, reliability]}`.
    """
    # ASCII only, so that every terminal and pipe can carry it, with file names of any bytes.
    return json.dumps(to_plain(record), allow_nan=False, separators=(", ", ": "))


def from_json(line: str, where: str = "the record") -> Record:
    """Return the record of one line of JSON written by `to_json`; null becomes NaN.

    Raises:
        DataError: The line holds no record; `where` names the line in the message.
    """
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise DataError(
            f"{where}: expected a JSON object, got {line.strip()[:40]!r} ({problem})"
        ) from problem
    return from_plain(plain, where)


def to_plain(record: Record) -> dict[str, Any]:
    """Return the record as dicts, lists and rounded numbers, ready for JSON."""
    return {
        "source": record.source,
        "frame": int(record.frame),
        "time_s": round(float(record.time_s), TIME_DIGITS),
        "width": int(record.width),
        "height": int(record.height),
        "poses": [
            _plain_pose(pose) | ({"angles": _plain_angles(angles)} if record.angles else {})
            for pose, angles in zip(record.poses, record.angles or ({},) * len(record.poses), strict=True)
        ],
    }


def _plain_angles(angles: Mapping[str, AnyAngle]) -> dict[str, Any]:
    return {
        name: _finite([round(angle.degrees, PX_DIGITS), round(angle.reliability, SCORE_DIGITS)])
        for name, angle in angles.items()
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
    """Return numbers as nested lists, with None for NaN and infinity."""
    array = np.asarray(values, np.float64)
    if np.isfinite(array).all():
        return array.tolist()
    return np.where(np.isfinite(array), array.astype(object), np.array(None, object)).tolist()


def from_plain(plain: Any, where: str) -> Record:
    """Return the record that `to_plain` turned into dicts, lists and numbers.

    Raises:
        DataError: A value is missing or of the wrong type; `where` is the file and line for the message.
    """
    try:
        return Record(
            source=_text(plain["source"]),
            frame=to_int(plain["frame"]),
            time_s=_finite_number(plain["time_s"]),
            width=to_int(plain["width"]),
            height=to_int(plain["height"]),
            poses=tuple(_pose(pose) for pose in _list(plain["poses"])),
            angles=_angles(plain["poses"]),
        )
    except KeyError as problem:
        raise DataError(f"{where}: expected the key {problem}, got none") from problem
    except (AttributeError, TypeError, ValueError, OverflowError) as problem:
        raise DataError(f"{where}: expected a record of poses, got a malformed one ({problem})") from problem


def _pose(plain: Any) -> Pose:
    keypoints = to_array(plain["keypoints"]).astype(np.float32)
    if keypoints.ndim != 2 or keypoints.shape[1] != 3:
        raise ValueError(f"keypoints of shape {keypoints.shape} instead of (17, 3)")
    return Pose(
        keypoints=np.ascontiguousarray(keypoints[:, :2]),
        scores=np.ascontiguousarray(keypoints[:, 2]),
        score=to_float(plain["score"]),
        box=None if plain["box"] is None else _box(plain["box"]),
        id=None if plain["id"] is None else to_int(plain["id"]),
    )


def _angles(plain: Any) -> tuple[Mapping[str, RecordedAngle], ...]:
    """Return the angles of all poses; nothing unless each has some."""
    if not plain or not all("angles" in pose for pose in plain):
        return ()
    return tuple(
        {name: RecordedAngle(*map(to_float, pair)) for name, pair in pose["angles"].items()} for pose in plain
    )


def _box(plain: Any) -> tuple[float, float, float, float]:
    x, y, width, height = to_array(plain).tolist()
    return x, y, width, height


def to_array(values: Any) -> NDArray[np.float64]:
    """Return nested lists of JSON numbers as an array of at most two dimensions; null becomes NaN.

    Raises:
        ValueError: A value is no number, the lists differ in length or have more levels, or a number is infinite or
            beyond float32.
        OverflowError: A number is beyond float64.
    """
    array = np.array(values, object)
    if array.ndim > 2 or not {*map(type, array.flat)} <= {int, float, type(None)}:
        raise ValueError(f"expected numbers or null, got {str(values)[:40]}")
    floats = array.astype(np.float64)
    if (np.abs(floats) > MAX_NUMBER).any():
        raise ValueError("a number is infinite or beyond float32")
    return floats


def to_int(value: Any) -> int:
    """Return a whole number as an integer of 64 bits.

    Raises:
        ValueError: It is text, a boolean, a fraction or too large.
        OverflowError: It is infinite.
    """
    if type(value) not in (int, float) or value != int(value) or not -(2**63) <= value < 2**63:
        raise ValueError(f"expected a whole number, got {str(value)[:40]}")
    return int(value)


def to_float(value: Any) -> float:
    """Return one JSON number; null becomes NaN.

    Raises:
        ValueError: It is no number, infinite or beyond float32.
        OverflowError: It is beyond float64.
    """
    array = to_array(value)
    if array.ndim:
        raise ValueError(f"expected a number or null, got {str(value)[:40]}")
    return float(array)


def _finite_number(value: Any) -> float:
    finite = to_float(value)
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
