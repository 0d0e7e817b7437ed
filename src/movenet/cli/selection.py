"""Which frames of a video and which person: --from, --to, --every and --lock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from movenet.errors import MoveNetError
from movenet.media.sources.base import SourceSettings

if TYPE_CHECKING:
    from movenet.media import Source
    from movenet.pose import Pose
    from movenet.video import Lock


class Timed(Protocol):
    """A frame, or a record."""

    @property
    def time_s(self) -> float:
        """Time in seconds."""


T = TypeVar("T", bound=Timed)


@dataclass(frozen=True, slots=True)
class FrameSelection:
    """The frames to process.

    Raises:
        MoveNetError: The end is not after the start, or a number is not positive.
    """

    start_s: float = 0.0
    end_s: float = math.inf
    every_frames: int = 1
    """Every so many frames."""
    every_s: float = 0.0
    """At most one frame in so many seconds; 0 takes all."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise MoveNetError(
                f"expected --from of at least 0 and --to after it, got {self.start_s} and {self.end_s} seconds"
            )
        if self.every_frames < 1 or not 0 <= self.every_s < math.inf:
            raise MoveNetError(
                "expected --every above 0: a number of frames such as 5, or seconds such as 0.5s"
            )

    @property
    def takes_all(self) -> bool:
        """Whether every frame is processed."""
        return self == FrameSelection()

    def given(self) -> dict[str, bool]:
        """Return the options, and whether each was given and leaves something out."""
        every = (self.every_frames, self.every_s) != (1, 0.0)
        return {"--from": self.start_s > 0, "--to": self.end_s < math.inf, "--every": every}

    @property
    def source_settings(self) -> SourceSettings:
        """Settings of a source that begins with the part: a recording is decoded from a key frame before it."""
        return SourceSettings(start_s=self.start_s)

    def count(self, source: Source) -> int | None:
        """Return about how many frames of a source are processed, for a progress bar; None if that is unknown."""
        if self.takes_all or not (source.duration_s and source.rate_fps):
            return source.frame_count
        interval_s = max(self.every_frames / source.rate_fps, self.every_s)
        return math.ceil(max(min(self.end_s, source.duration_s) - self.start_s, 0.0) / interval_s)

    def select(self, frames: Iterable[T]) -> Iterator[T]:
        """Yield the frames to process; reading stops at the end."""
        index, next_s = 0, -math.inf
        for frame in frames:
            if frame.time_s > self.end_s:
                return
            if frame.time_s < self.start_s:
                continue
            # Times are rounded; half a microsecond is less than any frame.
            if index % self.every_frames == 0 and frame.time_s >= next_s - 5e-7:
                # The raster stays that of the first frame, so that one in 0.5 s stays two in a second.
                started = math.isfinite(next_s)
                next_s = max(next_s + self.every_s, frame.time_s) if started else frame.time_s + self.every_s
                yield frame
            index += 1


def select_frames(start_s: float | None, end_s: float | None, every: str | None) -> FrameSelection:
    """Return the selection of --from, --to and --every, each None if not given.

    Raises:
        MoveNetError: A value does not fit.
    """
    frames, seconds = (1, 0.0) if every is None else _parse_every(every)
    return FrameSelection(start_s or 0.0, math.inf if end_s is None else end_s, frames, seconds)


def _parse_every(text: str) -> tuple[int, float]:
    try:
        if text.endswith("s"):
            seconds = float(text.removesuffix("s"))
            return (1, seconds) if seconds > 0 else (0, 0.0)
        return int(text), 0.0
    except ValueError:
        return 0, 0.0


@dataclass(frozen=True, slots=True)
class PersonLock:
    """The person to process."""

    lock: Lock | None = None
    """As `VideoEstimator` takes it; None is its default."""
    id: int | None = None
    """Only the person of this id; None for all."""

    def select(self, poses: Iterable[Pose]) -> tuple[Pose, ...]:
        """Return the poses of the person of this id, or all."""
        return tuple(pose for pose in poses if self.id is None or pose.id == self.id)


def parse_lock(text: str | None) -> PersonLock:
    """Return the person of --lock: largest, central, prominent, X,Y, X,Y,WIDTH,HEIGHT or id:N.

    Raises:
        MoveNetError: The text is none of these.
    """
    if text is None:
        return PersonLock()
    if text in ("prominent", "largest", "central"):
        return PersonLock(lock=text)  # type: ignore[arg-type]  # one of the literals
    try:
        if text.startswith("id:"):
            return PersonLock(id=int(text.removeprefix("id:")))
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 2 and all(map(math.isfinite, numbers)):
        return PersonLock(lock=(numbers[0], numbers[1]))
    if len(numbers) == 4 and all(map(math.isfinite, numbers)):
        return PersonLock(lock=(numbers[0], numbers[1], numbers[2], numbers[3]))
    raise MoveNetError(
        f"expected --lock prominent, largest, central, X,Y or X,Y,WIDTH,HEIGHT in pixels, or id:N, got {text!r}"
    )
