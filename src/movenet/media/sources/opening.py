"""Opens a source of frames: what a path, a number or an address means."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from movenet.media.file_type import FileType, file_type
from movenet.media.location import Address, Camera, Location, locate
from movenet.media.sources.base import Source, SourceSettings

if TYPE_CHECKING:
    from movenet.media.sources.recording import Reel


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
        from movenet.media.sources.camera import open_camera

        return open_camera(location.device, settings.live)
    if isinstance(location, Address):
        from movenet.media.sources.url import open_address

        return open_address(location, settings)
    from movenet.media.sources.recording import Recording

    return Recording(_reel(location, settings), settings.ahead)


def _reel(path: Path, settings: SourceSettings) -> Reel:
    from movenet.media.photo import read_photo
    from movenet.media.sources.pictures import FolderReel, PhotoReel, is_pattern

    if path.is_dir() or is_pattern(path):
        return FolderReel(path, settings.folder_rate_fps)
    kind = file_type(path)
    if kind is FileType.PHOTO:
        return PhotoReel(str(path), partial(read_photo, path))
    if kind is FileType.WEBP:
        from movenet.media.sources.animation import AnimationReel

        return AnimationReel(path)
    from movenet.media.container import open_container
    from movenet.media.sources.video_file import VideoReel

    opened = open_container(str(path), demuxer=kind.ffmpeg_format)
    return VideoReel(opened, str(path), settings.damage_limit)
