"""Pre-annotations for Label Studio: tasks with a predicted skeleton for each person, and the labelling interface.

Format: https://labelstud.io/guide/predictions and https://labelstud.io/tags/keypointlabels. Label Studio has no
skeletons: a person is a rectangle, and keypoints that name it as their parent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np

from movenet._version import __version__
from movenet.atomic import atomic_write
from movenet.errors import DataError, FileError
from movenet.pose import KEYPOINTS, MIN_KEYPOINT_SCORE, Pose
from movenet.records import Record

POINT_PERCENT: Final = 0.5
"""Size of a keypoint, in per cent of the picture's width."""


def to_label_studio(
    records: Iterable[Record], url_of: Callable[[str], str] = str, min_score: float = MIN_KEYPOINT_SCORE
) -> list[dict[str, Any]]:
    """Return a task of Label Studio for each record of a photo, with its poses as a prediction.

    Coordinates are in per cent of the picture, as Label Studio has them. A keypoint keeps its score.

    Args:
        records: of photos, such as `movenet.read_records("poses.jsonl")` yields them.
        url_of: gives the address of a picture as Label Studio reaches it, from `Record.source`.
        min_score: keypoints of a lower score are left out.

    Raises:
        DataError: if the size of a picture is unknown.
    """
    return [_task(record, url_of(record.source), min_score) for record in records]


def write_label_studio(
    folder: Path,
    records: Iterable[Record],
    url_of: Callable[[str], str] = str,
    names: Sequence[str] = KEYPOINTS,
) -> None:
    """Write `tasks.json`, to import, and `labels.xml`, the labelling interface to paste, into a folder.

    Raises:
        DataError: as `to_label_studio`.
        FileError: if the files cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise FileError(f"cannot create {folder}: {problem.strerror}") from None
    tasks = json.dumps(to_label_studio(records, url_of), indent=1)
    for name, text in (("tasks.json", tasks), ("labels.xml", label_config(names))):
        with atomic_write(folder / name) as part:
            part.write_text(text + "\n", encoding="utf-8")


def label_config(names: Sequence[str] = KEYPOINTS) -> str:
    """Return the labelling interface: a rectangle "person", and a keypoint label for each name."""
    points = "\n".join(f"    <Label value={quoteattr(name)}/>" for name in names)
    return (
        '<View>\n  <Image name="image" value="$image" zoom="true"/>\n'
        '  <RectangleLabels name="people" toName="image">\n    <Label value="person"/>\n  </RectangleLabels>\n'
        f'  <KeyPointLabels name="keypoints" toName="image" strokeWidth="3">\n{points}\n  </KeyPointLabels>\n</View>'
    )


def _task(record: Record, url: str, min_score: float) -> dict[str, Any]:
    if not (record.width and record.height):
        raise DataError(f"{record.source}: expected the size of the picture, which these records do not have")
    results = [
        result
        for number, pose in enumerate(record.poses)
        for result in _results(pose, f"person{number}", (record.width, record.height), min_score)
    ]
    scores = [float(pose.score) for pose in record.poses]
    prediction = {
        "model_version": f"movenet {__version__}",
        "score": min(scores, default=0.0),
        "result": results,
    }
    return {"data": {"image": url}, "predictions": [prediction]}


def _results(pose: Pose, person: str, size: tuple[int, int], min_score: float) -> list[dict[str, Any]]:
    width, height = size
    common = {"to_name": "image", "image_rotation": 0, "original_width": width, "original_height": height}
    scale = np.array([100 / width, 100 / height])
    x, y, w, h = _inside(np.array(pose.bounds() or (0, 0, 0, 0), np.float64), size) * np.tile(scale, 2)
    box = {"x": x, "y": y, "width": w, "height": h, "rotation": 0, "rectanglelabels": ["person"]}
    results: list[dict[str, Any]] = [
        {"id": person, "type": "rectanglelabels", "from_name": "people", "value": box, "score": pose.score}
        | common
    ]
    names = pose.names if len(pose.names) == len(pose.keypoints) else map(str, range(len(pose.keypoints)))
    for name, point, score in zip(names, pose.keypoints * scale, pose.scores.tolist(), strict=True):
        if score < min_score or not ((point >= 0) & (point <= 100)).all():
            continue
        value = {
            "x": float(point[0]),
            "y": float(point[1]),
            "width": POINT_PERCENT,
            "keypointlabels": [name],
        }
        what = {"id": f"{person}_{name}", "parentID": person, "type": "keypointlabels"}
        results.append(what | {"from_name": "keypoints", "value": value, "score": score} | common)
    return results


def _inside(box: np.ndarray[Any, np.dtype[np.float64]], size: tuple[int, int]) -> Any:
    """Return the part of a box x, y, width, height that lies in the picture."""
    low = np.clip(box[:2], 0, size)
    return np.concatenate([low, np.clip(box[:2] + box[2:], 0, size) - low])
