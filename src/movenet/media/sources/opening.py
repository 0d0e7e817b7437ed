"""Opening of sources of frames by path, number of a camera, or address."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from movenet.media.file_type import FileType, file_type
from movenet.media.location import Address, Camera, Location, locate
from movenet.media.sources.base import Source, SourceSettings

if TYPE_CHECKING:
    from movenet.media.sources.recording import FrameReader


def open_source(source: str | Path | int, settings: SourceSettings | None = None) -> Source:
    """Open a source of frames and wait for its first frame.

    * a video file, or an animated GIF, PNG or WebP: every frame with its time
    * a folder of pictures in natural order, or a pattern such as "shots/%05d.png"
    * a photo: one frame
    * a camera: its number (0 or "0") or its device ("/dev/video0")
    * an address: rtsp, rtmp, rtp, srt, udp and tcp are live; http and https are a photo, a recording (if it has a
      duration) or live; s3, gs and abfs are a photo or a recording in a cloud (with the extra `cloud`)

    The content of a file decides its type, not its name. An existing file or folder has priority over a camera or
    an address, and a `Path` is always a path. Frames are upright, with square pixels; transparent pixels are blended
    over white; interlaced video is deinterlaced; HDR video (PQ and HLG) is tone-mapped to BT.709. Video of YUV 4:2:0
    stays so until `Frame.image` is asked for; everything else is RGB.

    Raises:
        MediaError: The source does not exist, cannot be read, has no picture, or is busy; for cameras and addresses
            within `settings.live.give_up_after_s`.
    """
    return open_location(locate(source), settings or SourceSettings())


def open_location(location: Location, settings: SourceSettings) -> Source:
    """Open a source by its location; see `open_source`."""
    if isinstance(location, Camera):
        from movenet.media.sources.camera import open_camera

        return open_camera(location.device, settings.live)
    if isinstance(location, Address) and location.is_cloud:
        from movenet.media.sources.cloud_object import open_object

        return open_object(location, settings)
    if isinstance(location, Address):
        from movenet.media.sources.url import open_address

        return open_address(location, settings)
    from movenet.media.sources.recording import Recording

    return Recording(_frame_reader(location, settings), settings)


def _frame_reader(path: Path, settings: SourceSettings) -> FrameReader:
    from movenet.media.photo import read_photo
    from movenet.media.sources.pictures import FolderReader, PhotoReader, is_pattern

    if path.is_dir() or is_pattern(path):
        return FolderReader(path, settings.folder_rate_fps)
    kind = file_type(path)
    if kind is FileType.PHOTO:
        return PhotoReader(str(path), partial(read_photo, path))
    if kind is FileType.WEBP:
        from movenet.media.sources.animation import AnimationReader

        return AnimationReader(path)
    from movenet.media.container import open_container
    from movenet.media.sources.video_file import VideoReader

    opened = open_container(str(path), demuxer=kind.ffmpeg_format)
    return VideoReader(opened, str(path), settings.damage_limit)
