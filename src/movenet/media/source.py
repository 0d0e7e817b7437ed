"""Where frames come from, behind one opener: recordings, animations, folders, photos, cameras and streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from movenet.media.file_type import FileType, file_type
from movenet.media.frame import Frame
from movenet.media.location import Address, Camera, Location, locate

if TYPE_CHECKING:
    from typing import Self

    from movenet.media.recording import Reel


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


def open_source(source: str | Path | int, settings: SourceSettings | None = None) -> Source:
    """Open whatever shows pictures, and wait for its first one.

    * a video file, or an animated GIF, PNG or WebP: every frame at its own time
    * a folder of pictures in counting order, or a pattern such as "shots/%05d.png"
    * a photo: one frame
    * a camera: its number (0 or "0") or its device ("/dev/video0")
    * an address: rtsp, rtmp, rtp, srt, udp and tcp are live; http and https are a photo or a recording if what
      stands behind the address is one or has an end, and live if not

    What a file is, its content says, not its name. A file or folder of the name given comes before a camera or an
    address, and a `Path` is always a path. Pictures are upright RGB with square pixels; transparent pixels are laid
    over white; interlaced video is deinterlaced; HDR video (PQ and HLG) is tone-mapped to BT.709.

    Raises:
        MediaError: There is no such thing, it cannot be read, has no picture, or is busy; for cameras and
            addresses within `settings.live.give_up_after_s`.
    """
    return open_location(locate(source), settings or SourceSettings())


def open_location(location: Location, settings: SourceSettings) -> Source:
    """Open what a source was found to mean; otherwise as `open_source`."""
    if isinstance(location, Camera):
        from movenet.media.camera import open_camera

        return open_camera(location.device, settings.live)
    if isinstance(location, Address):
        from movenet.media.network import open_address

        return open_address(location, settings)
    from movenet.media.recording import Recording

    return Recording(_reel(location, settings), settings.ahead)


def _reel(path: Path, settings: SourceSettings) -> Reel:
    from movenet.media.photo import read_photo
    from movenet.media.pictures import FolderReel, PhotoReel, is_pattern

    if path.is_dir() or is_pattern(path):
        return FolderReel(path, settings.folder_rate_fps)
    kind = file_type(path)
    if kind is FileType.PHOTO:
        return PhotoReel(str(path), partial(read_photo, path))
    if kind is FileType.WEBP:
        from movenet.media.animation import AnimationReel

        return AnimationReel(path)
    from movenet.media.container import open_container
    from movenet.media.video_file import VideoReel

    opened = open_container(str(path), demuxer=kind.ffmpeg_format)
    return VideoReel(opened, str(path), settings.damage_limit)
