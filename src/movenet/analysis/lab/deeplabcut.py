"""DeepLabCut's CSV: three header lines (scorer, bodyparts, coords), or four with individuals; pixels, y down."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from movenet.analysis.lab.text import parse_file, to_numbers, write_lines
from movenet.analysis.track import Track
from movenet.errors import DataError
from movenet.pose import KEYPOINTS, Pose
from movenet.records import Record

SCORER = "movenet"


def write_deeplabcut(path: str | Path, tracks: Sequence[Track], rate_hz: float | None = None) -> None:
    """Write one person, or several as individuals; the likelihood is the probability of a keypoint.

    Rows are frames from the first one in which anyone was found, at a constant rate: DeepLabCut keeps no times.

    Args:
        path: the file.
        tracks: the people.
        rate_hz: frames per second; that of the first track if not given.

    Raises:
        DataError: there is nobody.
        FileError: the file cannot be written.
    """
    if not tracks:
        raise DataError("expected at least one person to write, got none")
    rate = rate_hz or (tracks[0].rate_hz if len(tracks[0]) > 1 else 1.0)
    start_s = min(track.times_s[0] for track in tracks)
    count = 1 + round((max(track.times_s[-1] for track in tracks) - start_s) * rate)
    table = np.full((count, len(tracks), len(KEYPOINTS), 3), np.nan)
    for person, track in enumerate(tracks):
        rows = np.round((track.times_s - start_s) * rate).astype(int)
        table[rows, person, :, :2] = track.keypoints
        table[rows, person, :, 2] = track.right
    people = [f"person{'' if track.id is None else track.id}" for track in tracks]
    columns = [
        (person, name, part) for person in people for name in KEYPOINTS for part in ("x", "y", "likelihood")
    ]
    heads = [("scorer", *(SCORER for _ in columns))]
    if len(tracks) > 1:
        heads.append(("individuals", *(column[0] for column in columns)))
    heads += [
        ("bodyparts", *(column[1] for column in columns)),
        ("coords", *(column[2] for column in columns)),
    ]
    body = (
        [str(at), *("" if np.isnan(value) else f"{value:.4f}" for value in row.ravel())]
        for at, row in enumerate(table)
    )
    write_lines(Path(path), (",".join(row) for row in (*heads, *body)))


def read_deeplabcut(path: str | Path, rate_hz: float) -> list[Record]:
    """Return the frames of a DeepLabCut CSV file of COCO's 17 keypoints; individuals become the ids 0, 1, ….

    Args:
        path: the file.
        rate_hz: frames per second, which the file does not state.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no such file, or has other keypoints.
    """
    if not rate_hz > 0:
        raise DataError(f"expected a frame rate above 0, got {rate_hz}")
    return parse_file(Path(path), lambda lines: _parse(lines, str(path), rate_hz), "a DeepLabCut CSV file")


def _parse(lines: list[str], source: str, rate_hz: float) -> list[Record]:
    rows = list(csv.reader(lines))
    heads = {
        row[0]: row[1:] for row in rows[:4] if row[0] in ("scorer", "individuals", "bodyparts", "coords")
    }
    people = heads.get("individuals", [""] * len(heads["bodyparts"]))
    place = {key: at for at, key in enumerate(zip(people, heads["bodyparts"], heads["coords"], strict=True))}
    body = rows[len(heads) :]
    table = to_numbers([row[1:] for row in body]).reshape(len(body), -1)
    names = list(dict.fromkeys(people))
    columns = np.array(
        [
            [[place[person, name, part] for part in ("x", "y", "likelihood")] for name in KEYPOINTS]
            for person in names
        ]
    )
    values = table[:, columns.ravel()].reshape(len(table), len(names), len(KEYPOINTS), 3)
    return [
        Record(source, at, at / rate_hz, 0, 0, tuple(_poses(frame, has_ids="individuals" in heads)))
        for at, frame in enumerate(values)
    ]


def _poses(frame: np.ndarray, *, has_ids: bool) -> list[Pose]:
    poses = []
    for person, points in enumerate(frame):
        if np.isfinite(points[:, 0]).any():
            scores = np.nan_to_num(points[:, 2]).astype(np.float32)
            keypoints = points[:, :2].astype(np.float32)
            poses.append(Pose(keypoints, scores, float(scores.mean()), id=person if has_ids else None))
    return poses
