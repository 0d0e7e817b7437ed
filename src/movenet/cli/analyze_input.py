"""The inputs of `movenet analyze`: records, or videos whose poses are estimated, and pictures of some moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from movenet.cli.output import frame_progress
from movenet.cli.selection import FrameSelection, PersonLock
from movenet.engine import Runtime
from movenet.errors import FileError, MoveNetError
from movenet.estimator import Estimator, People
from movenet.media import Source, SourceSettings
from movenet.media.file_type import FileType, file_type
from movenet.media.location import Camera, locate
from movenet.media.sources.opening import open_location
from movenet.records import Record, read_records
from movenet.video import VideoEstimator
from movenet.video.estimator import DEFAULT_LOCK

RECORD_SUFFIXES: Final = (".jsonl", ".csv", ".parquet", ".json")
PICTURE_PX: Final = 480
"""Longer side of the pictures in a report."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A video as the poses of its frames."""

    source: str
    records: Sequence[Record]
    video: Path | None
    """The file to take pictures from, if it is there."""

    def pictures(self, times_s: Sequence[float]) -> Callable[[float], tuple[bytes, int, int] | None]:
        """Return a function of a time that gives the picture as a JPEG file with its size; read here, in one pass."""
        found: dict[float, tuple[bytes, int, int]] = {}
        wanted = set(times_s) if self.video is not None else set()
        if self.video is not None and wanted:
            # Times of records are rounded: half a millisecond is less than any frame.
            start_s = max(min(wanted) - 5e-4, 0.0)
            with open_location(self.video, SourceSettings(start_s=start_s)) as source:
                for frame in source:
                    if frame.time_s in wanted or any(abs(frame.time_s - time_s) < 1e-5 for time_s in wanted):
                        found[round(frame.time_s, 4)] = (_jpeg(frame.image), frame.width, frame.height)
                    if frame.time_s > max(wanted):
                        break
        return lambda time_s: found.get(round(time_s, 4))


def _jpeg(image: np.ndarray) -> bytes:
    scale = min(1.0, PICTURE_PX / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    return bytes(
        cv2.imencode(".jpg", np.ascontiguousarray(small[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    )


class Reader:
    """Reads recordings; the model is opened when the first video needs it."""

    def __init__(
        self, model: str, people: People, runtime: Runtime, frames: FrameSelection, person: PersonLock
    ) -> None:
        """Take the options of the command line."""
        self.model = model
        self._people: People = people
        self._runtime = runtime
        self._frames = frames
        self._person = person
        self._estimator: VideoEstimator | None = None

    def read(self, name: str) -> Recording:
        """Return the poses of a video or of a file of records.

        Raises:
            MoveNetError: It is neither, or an option does not apply to it.
        """
        location = locate(name)
        if isinstance(location, Path) and location.suffix.lower() in RECORD_SUFFIXES:
            return self._read_records(location)
        if isinstance(location, Camera):
            raise MoveNetError(
                "expected a video or records to analyze, got a camera: record it with movenet run"
            )
        if isinstance(location, Path) and location.is_file() and file_type(location) is FileType.PHOTO:
            raise MoveNetError(f"expected a video or records to analyze, got the photo {name}")
        with open_location(location, self._frames.source_settings) as source:
            records = self._estimate(source)
            path = location if isinstance(location, Path) else None
            return Recording(source.name, records, path)

    def _read_records(self, path: Path) -> Recording:
        if self._person.lock is not None:
            raise MoveNetError("--lock of a place is for videos: expected id:N for records")
        records = list(self._frames.select(read_records(path)))
        sources = {record.source for record in records}
        if len(sources) > 1 and path.suffix.lower() != ".json":
            raise MoveNetError(f"expected the records of one video in {path}, got those of {len(sources)}")
        video = Path(next(iter(sources), ""))
        return Recording(str(path), self._chosen(records), video if video.is_file() else None)

    def _estimate(self, source: Source) -> list[Record]:
        if source.live:
            raise MoveNetError(f"{source.name} does not end: record it with movenet run --records first")
        stream = self._open().stream()
        records = []
        for frame in frame_progress(self._frames.select(source), source, self._frames.count(source)):
            poses = tuple(stream(frame.native, frame.time_s))
            size = (frame.width, frame.height)
            records.append(Record(source.name, frame.index, frame.time_s, *size, poses))
        return self._chosen(records)

    def _chosen(self, records: list[Record]) -> list[Record]:
        key = self._person.id
        if key is None:
            return records
        chosen = [
            Record(r.source, r.frame, r.time_s, r.width, r.height, self._person.select(r.poses))
            for r in records
        ]
        if not any(record.poses for record in chosen):
            ids = sorted({pose.id for record in records for pose in record.poses if pose.id is not None})
            known = ", ".join(map(str, ids)) or "none"
            raise FileError(f"nobody has the id {key}: expected one of {known}")
        return chosen

    def _open(self) -> VideoEstimator:
        if self._estimator is None:
            estimator = Estimator(self.model, people=self._people, runtime=self._runtime)
            # Not smoothed: limbs are put right first, and signals are smoothed without lag.
            self._estimator = VideoEstimator(
                estimator, lock=self._person.lock or DEFAULT_LOCK, smoothing=None
            )
        return self._estimator
