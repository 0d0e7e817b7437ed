"""OpenPose's JSON: a folder with a file per frame; pixels, y down, a confidence per keypoint."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import temporary_folder
from movenet.errors import DataError, FileError
from movenet.pose import Pose
from movenet.records import Record

_COCO_18: Final = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)
_BODY_25: Final = (0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11)
ORDERS: Final = {17: tuple(range(17)), 18: _COCO_18, 25: _BODY_25}
"""For files of 17 (COCO), 18 (OpenPose's COCO) and 25 (BODY_25) keypoints: where each of COCO's 17 is."""


def write_openpose(folder: str | Path, records: Iterable[Record]) -> None:
    """Write a folder of NAME_000000000000_keypoints.json, a file per frame with COCO's 17 keypoints, by frame number.

    An unknown keypoint is 0, 0, 0, as OpenPose writes it. The files keep neither times nor the size of the pictures.

    Raises:
        FileError: the folder exists and is not empty, or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileError(f"expected a new folder for OpenPose's files, got {folder}, which exists")
    with temporary_folder(folder) as temporary:
        frames = temporary / "frames"
        frames.mkdir()
        for record in records:
            people = [_plain(pose) for pose in record.poses]
            name = f"{folder.stem}_{record.frame:012d}_keypoints.json"
            (frames / name).write_text(json.dumps({"version": 1.3, "people": people}), encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        frames.rename(folder)


def _plain(pose: Pose) -> dict[str, Any]:
    values = np.column_stack([pose.keypoints, pose.scores]).astype(np.float64)
    values[~np.isfinite(values).all(axis=1)] = 0.0
    key = -1 if pose.id is None else int(pose.id)
    return {"person_id": [key], "pose_keypoints_2d": np.round(values, 4).ravel().tolist()}


def read_openpose(folder: str | Path, rate_hz: float) -> list[Record]:
    """Return the frames of a folder of OpenPose files, of 17, 18 or 25 keypoints, as COCO's 17.

    Args:
        folder: the folder.
        rate_hz: frames per second, which the files do not state.

    Raises:
        FileError: the folder cannot be read, or holds no such file.
        DataError: a file is malformed.
    """
    folder = Path(folder)
    if not rate_hz > 0:
        raise DataError(f"expected a frame rate above 0, got {rate_hz}")
    files = sorted(folder.glob("*_keypoints.json"))
    if not files:
        raise FileError(f"expected files ..._keypoints.json in {folder}, got none")
    numbers = [_number(file) for file in files]
    return [
        Record(str(folder), number, (number - numbers[0]) / rate_hz, 0, 0, tuple(_read(file)))
        for number, file in zip(numbers, files, strict=True)
    ]


def _number(file: Path) -> int:
    text = file.name.removesuffix("_keypoints.json").rpartition("_")[2]
    if not text.isdecimal():
        raise DataError(f"expected a frame number in the name of {file}")
    return int(text)


def _read(file: Path) -> list[Pose]:
    try:
        plain = json.loads(file.read_bytes())
        return [_pose(person) for person in plain["people"]]
    except OSError as problem:
        raise FileError(f"cannot read {file}: {problem.strerror}") from problem
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        raise DataError(f"{file}: expected OpenPose's JSON, got something else ({problem})") from problem


def _pose(person: Any) -> Pose:
    values: NDArray[np.float64] = np.array(person["pose_keypoints_2d"], np.float64).reshape(-1, 3)
    values = values[list(ORDERS[len(values)])]
    keypoints = np.where(values[:, 2:] > 0, values[:, :2], np.nan).astype(np.float32)
    scores = np.clip(values[:, 2], 0, 1).astype(np.float32)
    key = int(person.get("person_id", [-1])[0])
    return Pose(keypoints, scores, float(scores.mean()), id=None if key < 0 else key)
