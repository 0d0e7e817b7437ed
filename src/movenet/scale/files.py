"""The poses of one file, photo or video: what every executor of a job does with a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from movenet.calibration import curve_of, with_probabilities
from movenet.errors import DataError, MediaError, MoveNetError
from movenet.estimator import Estimator
from movenet.media.file_type import FileType
from movenet.media.listing import listed_type
from movenet.media.location import Address, Camera, Location, locate
from movenet.media.photo import read_photo
from movenet.media.sources.base import SourceSettings
from movenet.media.sources.opening import open_location
from movenet.records import Record
from movenet.video import ONE_EURO, VideoEstimator
from movenet.video.segments import smooth_frames, track_frames

Smooth = Literal["off", "causal", "offline"]
"""Smoothing of videos: none, frame by frame, or of the whole recording."""


def smoothing(name: str | None) -> Smooth:
    """Return the smoothing of this name; None is "causal".

    Raises:
        DataError: It is unknown.
    """
    if name not in (None, *get_args(Smooth)):
        raise DataError(f"expected smoothing off, causal or offline, got {name}")
    return cast(Smooth, name or "causal")


@dataclass(frozen=True, slots=True)
class FileSettings:
    """How the poses of files are estimated."""

    open_estimator: Callable[[int | None], Estimator]
    """Opens an estimator that uses so many threads; None for its default. It is called where the estimator runs."""
    smooth: Smooth = "causal"
    probabilities: bool = False
    """Whether keypoint scores become the probability that the keypoint is right."""

    def for_json(self) -> dict[str, Any]:
        """Return what the records depend on besides the models, ready for JSON."""
        return {"smooth": self.smooth, "probabilities": self.probabilities}


@dataclass(frozen=True, slots=True, eq=False)
class FilePoses:
    """The poses of one file, or why it has none."""

    source: str
    """Path, or address without its password."""
    records: tuple[Record, ...] = ()
    """One of a photo, one per frame of a video."""
    error: str | None = None
    estimate_s: float = 0.0
    """Time of estimation, in seconds; for a photo without reading the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo that is read: an (H, W, 3) uint8 RGB picture."""

    name: str
    image: NDArray[np.uint8]


def read_file(name: str) -> Photo | Location:
    """Return the photo of this name, or the location of a video.

    Raises:
        MoveNetError: It is a camera, missing, or damaged.
    """
    location = locate(name)
    if isinstance(location, Camera):
        raise MediaError(f"expected photos and recordings, got {location}, which has no end")
    if isinstance(location, Address):
        return _fetch(location)
    if not location.is_dir() and listed_type(location) is FileType.PHOTO:
        return Photo(str(location), read_photo(location))
    return location


def _fetch(address: Address) -> Photo | Address:
    from movenet.media.sources.cloud_object import fetch_object
    from movenet.media.sources.download import fetch_photo

    fetch = fetch_object if address.is_cloud else fetch_photo
    photo = fetch(address) if address.is_cloud or address.is_web else None
    return Photo(str(photo), photo.read()) if photo else address


class FileEstimator:
    """Estimates the poses of files, one at a time."""

    def __init__(self, settings: FileSettings, threads: int | None = None) -> None:
        """Open the models.

        Raises:
            MoveNetError: A model cannot be opened, or has no probabilities and these are asked for.
        """
        self._settings = settings
        self._estimator = settings.open_estimator(threads)
        self._model = self._estimator.engine.card
        if settings.probabilities:
            curve_of(self._model)
        self.keypoints = self._model.keypoint_names
        """Names of the keypoints."""

    def records(
        self, file: Photo | Location, is_stopped: Callable[[], bool] = lambda: False
    ) -> tuple[Record, ...]:
        """Return the record of a photo, or of each frame of a video.

        Args:
            file: as returned by `read_file`.
            is_stopped: asked after each frame of a video.

        Raises:
            MoveNetError: A video is a live stream, cannot be read to its end, or was stopped.
        """
        if isinstance(file, Photo):
            height, width = file.image.shape[:2]
            return (
                self._calibrated(
                    Record(file.name, 0, 0.0, width, height, tuple(self._estimator(file.image)))
                ),
            )
        return tuple(map(self._calibrated, self._track(file, is_stopped)))

    def _track(self, location: Location, is_stopped: Callable[[], bool]) -> Iterator[Record]:
        smoothing = ONE_EURO if self._settings.smooth == "causal" else None
        tracker = VideoEstimator(self._estimator, smoothing=smoothing)
        with open_location(location, SourceSettings()) as source:
            if source.live:
                raise MediaError(
                    f"expected photos and recordings, got the stream {location}, which has no end"
                )
            frames = []
            for frame, _ in track_frames(source, tracker):
                if is_stopped():
                    raise MediaError(f"{location}: stopped")
                frames.append(frame)
        if not frames:
            raise MediaError(f"{location} has no frame")
        for frame in smooth_frames(frames) if self._settings.smooth == "offline" else frames:
            yield Record(str(location), frame.index, frame.time_s, frame.width, frame.height, frame.poses)

    def _calibrated(self, record: Record) -> Record:
        if not self._settings.probabilities:
            return record
        return replace(record, poses=tuple(with_probabilities(pose, self._model) for pose in record.poses))


def failed(name: str, error: MoveNetError) -> FilePoses:
    """Return the result of a file that could not be read."""
    return FilePoses(source_of(name), error=str(error))


def source_of(name: str) -> str:
    """Return the source under which a file is recorded: its path, or its address without the password.

    Pictures of a batch may have no name: theirs is empty.
    """
    if not name:
        return name
    location = locate(name)
    return str(location) if isinstance(location, Address | Path) else name
