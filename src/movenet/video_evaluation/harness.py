"""The evaluation harness: synthetic clips → methods → rows of metrics.

A `Comparison` names the methods and measures their runs; `single_person` and `multi_person` each hold one.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import atomic_write
from movenet.errors import FileError
from movenet.pose import Pose
from movenet.synthetic.camera import CameraSettings
from movenet.video import PoseFunction

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
MethodT = TypeVar("MethodT")
MetricsT = TypeVar("MetricsT")

DIGITS: Final = 4
"""Decimal places of metrics in JSON."""


class Clip(Protocol[T_co]):
    """A synthetic video whose ground truth of each frame is a `T`."""

    @property
    def camera(self) -> CameraSettings:
        """Format of the frames."""

    def truths(self) -> Sequence[T_co]:
        """Return the ground truth of each frame."""

    def frames(self) -> Iterator[tuple[NDArray[np.uint8], float]]:
        """Yield (image (H, W, 3) uint8 RGB, time in seconds)."""


@dataclass(frozen=True, slots=True, eq=False)
class Run(Generic[T]):
    """The poses of one method on the T frames of one clip."""

    truths: Sequence[T]
    """Ground truth of each frame."""
    poses: Sequence[Sequence[Pose]]
    """Poses of each frame."""
    size: tuple[int, int]
    """Width and height of the frames in pixels."""
    rate_hz: float
    busy_s: float
    """Computing time of the method, in seconds."""


@dataclass(frozen=True, slots=True)
class Row(Generic[MethodT, MetricsT]):
    """Metrics of one method; both are dataclasses."""

    method: MethodT
    metrics: MetricsT


@dataclass(frozen=True, slots=True)
class Comparison(Generic[T, MethodT, MetricsT]):
    """Methods to compare, and how their runs are measured and shown."""

    methods: Mapping[MethodT, Callable[[], PoseFunction]]
    """Each method, as a function that starts it on a new clip."""
    measure: Callable[[Mapping[MethodT, Sequence[Run[T]]]], Mapping[MethodT, MetricsT]]
    """Metrics of all methods, from their runs on all clips."""
    columns: Mapping[str, Callable[[MethodT, MetricsT], str]]
    """Columns of the table: head and text of a cell."""

    def compare(self, clips: Iterable[Clip[T]]) -> list[Row[MethodT, MetricsT]]:
        """Run all methods on the same frames and measure them; one frame at a time is in memory.

        Raises:
            DataError: if a photo cannot be read.
            MissingExtraError: if a package of the evaluation is missing.
        """
        runs: dict[MethodT, list[Run[T]]] = {method: [] for method in self.methods}
        for clip in clips:
            for method, run in run_methods(clip, self.methods).items():
                runs[method].append(run)
        return [Row(method, metrics) for method, metrics in self.measure(runs).items()]

    def to_cells(self, row: Row[MethodT, MetricsT]) -> tuple[str, ...]:
        """Return the texts of a row of the table, under `columns`."""
        return tuple(text(row.method, row.metrics) for text in self.columns.values())


def run_methods(
    clip: Clip[T], methods: Mapping[MethodT, Callable[[], PoseFunction]]
) -> dict[MethodT, Run[T]]:
    """Render a clip once and run each method on its frames."""
    functions = {method: start() for method, start in methods.items()}
    poses: dict[MethodT, list[Sequence[Pose]]] = {method: [] for method in methods}
    busy_s = dict.fromkeys(methods, 0.0)
    for image, time_s in clip.frames():
        for method, estimate in functions.items():
            start_s = time.perf_counter()
            poses[method].append(estimate(image, time_s))
            busy_s[method] += time.perf_counter() - start_s
    truths, size, rate_hz = clip.truths(), (clip.camera.width, clip.camera.height), clip.camera.rate_hz
    return {method: Run(truths, poses[method], size, rate_hz, busy_s[method]) for method in methods}


def to_plain(rows: Sequence[Row[Any, Any]]) -> list[dict[str, Any]]:
    """Return the rows for JSON, rounded; NaN and infinity become null."""
    return [
        asdict(row.method)
        | {
            name: round(value, DIGITS) if math.isfinite(value) else None
            for name, value in asdict(row.metrics).items()
        }
        for row in rows
    ]


def write_report(folder: Path, report: Mapping[str, Any]) -> None:
    """Write figures.json into a folder, which is made if it is missing.

    Raises:
        FileError: if a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {error.strerror}") from None
    with atomic_write(folder / "figures.json") as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
