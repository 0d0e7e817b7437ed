"""Ways to follow many people side by side, over scenes of people who cross, leave and come back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from movenet.atomic import atomic_write
from movenet.errors import MediaError
from movenet.estimator import Estimator
from movenet.pose import Pose
from movenet.synthetic.scene import Scene
from movenet.video import VideoEstimator
from movenet.video_evaluation.contest import Follower
from movenet.video_evaluation.identities import Cast, Identities, identify
from movenet.video_evaluation.tfjs_tracker import TfjsTracker

HEADS: Final = (
    "way",
    "HOTA",
    "found",
    "kept",
    "MOTA",
    "IDF1",
    "switches",
    "shared ids",
    "ids a person",
    "ms",
)
"""Of a table of `to_cells`."""
DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one way of following."""

    way: str
    identities: Identities


def ways(estimator: Estimator) -> Mapping[str, Callable[[], Follower]]:
    """Return what starts to follow a new scene, for each way; the estimator is one of many people."""
    return {
        "tfjs's ids": lambda: TfjsTracker(estimator),
        "ours, off": VideoEstimator(estimator, smoothing=None).stream,
        "ours, causal": VideoEstimator(estimator).stream,
    }


def compare(scenes: Iterable[Scene], starts: Mapping[str, Callable[[], Follower]]) -> list[Row]:
    """Show the same frames to all ways and measure them; one frame at a time is held.

    Raises:
        DataError: if a photo cannot be read.
        MoveNetError: if a package for the evaluation is missing.
    """
    casts: dict[str, list[Cast]] = {way: [] for way in starts}
    for scene in scenes:
        for way, cast in follow_scene(scene, starts).items():
            casts[way].append(cast)
    return [Row(way, identify(found)) for way, found in casts.items()]


def follow_scene(scene: Scene, starts: Mapping[str, Callable[[], Follower]]) -> dict[str, Cast]:
    """Render a scene once and let each way follow the people through it."""
    followers = {way: start() for way, start in starts.items()}
    poses: dict[str, list[Sequence[Pose]]] = {way: [] for way in starts}
    busy_s = dict.fromkeys(starts, 0.0)
    for image, time_s in scene.frames():
        for way, follower in followers.items():
            start_s = time.perf_counter()
            poses[way].append(follower(image, time_s))
            busy_s[way] += time.perf_counter() - start_s
    size, truths = (scene.filming.width, scene.filming.height), scene.truths()
    return {way: Cast(truths, poses[way], size, scene.filming.rate_hz, busy_s[way]) for way in starts}


def to_cells(row: Row) -> tuple[str, ...]:
    """Return a row of the table under `HEADS`, as people read it."""
    i = row.identities
    shares = (f"{value:.3f}" for value in (i.hota, i.found, i.kept, i.mota, i.idf1))
    return (
        row.way,
        *shares,
        f"{i.switches}",
        f"{i.shared_ids}",
        f"{i.ids_per_person:.2f}",
        f"{1000 * i.frame_s:.1f}",
    )


def to_plain(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as JSON holds them, rounded."""
    return [
        {"way": row.way} | {name: round(value, DIGITS) for name, value in asdict(row.identities).items()}
        for row in rows
    ]


def write_report(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write figures.json into a folder, which is made if it is missing.

    Raises:
        MediaError: if a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(f"cannot make the folder {folder}: {error.strerror}") from None
    with atomic_write(folder / "figures.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
