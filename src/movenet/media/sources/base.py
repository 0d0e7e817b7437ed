"""Base of all sources of frames, and their settings."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from movenet.media.frame import Frame

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Timeouts of cameras and streams, and requests to them."""

    stall_s: float = 3.0
    """A stream that sends nothing for so many seconds counts as lost and is connected to again."""
    first_wait_s: float = 0.25
    """Pause in seconds before the first attempt to reconnect."""
    wait_factor: float = 2.0
    """Factor by which the pause grows with every failed attempt."""
    longest_wait_s: float = 4.0
    """Longest pause in seconds between two attempts."""
    give_up_after_s: float = 9.0
    """Longest wait in seconds for a picture, at the start and after a loss; then the source raises MediaError."""
    camera_size: tuple[int, int] | None = None
    """Width and height in pixels to request from a camera, which takes the nearest it has; None is its default."""
    camera_rate_fps: float | None = None
    """Frames per second to request from a camera; None is its default."""
    options: tuple[tuple[str, str], ...] = ()
    """Options of FFmpeg for opening a stream, such as ("rtsp_transport", "udp")."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Settings of all sources."""

    folder_rate_fps: float = 30.0
    """Frames per second of a folder of pictures."""
    prefetch: int = 3
    """Number of frames of a recording that are decoded in the background in advance."""
    start_s: float = 0.0
    """Frames of a recording before this time, in seconds, are left out."""
    end_s: float = math.inf
    """Frames of a recording from this time on, in seconds, are left out."""
    damage_limit: int = 100
    """Number of unreadable packets in a row that end a recording."""
    live: LiveSettings = field(default_factory=LiveSettings)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Properties of a source, known once its first frame has been read."""

    name: str
    """The path, the address without its password, or the camera."""
    width: int
    """Width of the first frame in square pixels, upright; later frames may differ."""
    height: int
    """Height of the first frame in square pixels, upright; later frames may differ."""
    rate_fps: float | None = None
    """Mean frames per second; None if unknown or if there is only one frame."""
    frame_count: int | None = None
    """Number of frames by the header or the duration: an estimate, for example for a progress bar."""
    duration_s: float | None = None
    """Duration in seconds, if known."""
    live: bool = False
    """Whether the source is live: frames arrive in real time and are dropped if they are not taken."""


class Source(ABC):
    """Iterator of frames in presentation order, with strictly increasing times from 0.

    A source can be iterated once. It is a context manager; leaving it releases the file or camera and ends its thread.
    """

    def __init__(self, info: SourceInfo) -> None:
        """Set the properties of the source."""
        self.info = info

    @property
    def name(self) -> str:
        """The path, the address without its password, or the camera."""
        return self.info.name

    @property
    def width(self) -> int:
        """Width of the first frame in pixels, upright; later frames may differ."""
        return self.info.width

    @property
    def height(self) -> int:
        """Height of the first frame in pixels, upright; later frames may differ."""
        return self.info.height

    @property
    def rate_fps(self) -> float | None:
        """Mean frames per second, if known."""
        return self.info.rate_fps

    @property
    def frame_count(self) -> int | None:
        """Estimated number of frames, if known."""
        return self.info.frame_count

    @property
    def duration_s(self) -> float | None:
        """Duration in seconds, if known."""
        return self.info.duration_s

    @property
    def live(self) -> bool:
        """Whether frames arrive in real time and are dropped if they are not taken."""
        return self.info.live

    @property
    def damage(self) -> int:
        """Number of packets or pictures so far that could not be read and were left out."""
        return 0

    @property
    def dropped(self) -> int:
        """Number of frames of a live source so far that were replaced by a newer one before they were taken."""
        return 0

    @property
    def losses(self) -> int:
        """Number of lost connections of a live source so far."""
        return 0

    def __iter__(self) -> Iterator[Frame]:
        return self

    @abstractmethod
    def __next__(self) -> Frame:
        """Return the next frame.

        Raises:
            MediaError: The source failed before its end.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the file or camera and end the thread; a second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
