"""What every source of frames has: its settings, what is known of it, and the frames."""

from __future__ import annotations

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
    """How patient to be with cameras and streams, and how to ask them."""

    stall_s: float = 3.0
    """A stream that sends nothing for so long counts as lost and is connected to again."""
    first_wait_s: float = 0.25
    """Pause before connecting again after a loss; it grows while that fails."""
    wait_factor: float = 2.0
    longest_wait_s: float = 4.0
    give_up_after_s: float = 9.0
    """Longest wait for a picture, at the start and after a loss; then the source ends with an error."""
    camera_size: tuple[int, int] | None = None
    """Width and height to ask a camera for, in pixels; it answers with the nearest it has. None: its own."""
    camera_rate_fps: float | None = None
    """Pictures per second to ask a camera for. None: its own."""
    options: tuple[tuple[str, str], ...] = ()
    """FFmpeg's options for opening a stream, such as ("rtsp_transport", "udp")."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How sources are read."""

    folder_rate_fps: float = 30.0
    """Pictures per second of a folder of numbered pictures."""
    ahead: int = 3
    """Pictures of a recording decoded in the background before they are asked for."""
    damage_limit: int = 100
    """A recording ends where so many packets in a row cannot be read."""
    live: LiveSettings = field(default_factory=LiveSettings)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source once its first picture is there."""

    name: str
    """The path, the address without its password, or the camera."""
    width: int
    """Square pixels of the first picture, upright; later ones may differ."""
    height: int
    rate_fps: float | None = None
    """Pictures per second on average; None if unknown or if there is only one."""
    frame_count: int | None = None
    """As the file says or as its length suggests: an estimate, good for a progress bar."""
    duration_s: float | None = None
    live: bool = False
    """Pictures come in their own time, and are lost if nobody takes them."""


class Source(ABC):
    """Frames one after the other, in the order they are shown, with strictly rising times from 0.

    A source is read once. It is a context manager; leaving it frees the file or camera and ends its thread.
    """

    def __init__(self, info: SourceInfo) -> None:
        """Take over what is known."""
        self.info = info

    @property
    def name(self) -> str:
        """The path, the address without its password, or the camera."""
        return self.info.name

    @property
    def width(self) -> int:
        """Pixels of the first picture, upright; later ones may differ."""
        return self.info.width

    @property
    def height(self) -> int:
        """Pixels of the first picture, upright; later ones may differ."""
        return self.info.height

    @property
    def rate_fps(self) -> float | None:
        """Pictures per second on average, if known."""
        return self.info.rate_fps

    @property
    def frame_count(self) -> int | None:
        """How many pictures to expect: an estimate, if there is one."""
        return self.info.frame_count

    @property
    def duration_s(self) -> float | None:
        """How long the recording is, if known."""
        return self.info.duration_s

    @property
    def live(self) -> bool:
        """Whether pictures come in their own time."""
        return self.info.live

    @property
    def damage(self) -> int:
        """Packets or pictures so far that could not be read and were left out."""
        return 0

    @property
    def dropped(self) -> int:
        """Pictures of a live source so far that a newer one replaced before they were taken."""
        return 0

    def __iter__(self) -> Iterator[Frame]:
        return self

    @abstractmethod
    def __next__(self) -> Frame:
        """Return the next frame.

        Raises:
            MediaError: The source broke off, not merely ended.
        """

    @abstractmethod
    def close(self) -> None:
        """Free the file or camera and end the thread; nothing happens the second time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
