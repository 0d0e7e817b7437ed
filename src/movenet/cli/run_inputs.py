"""The inputs of `movenet run`: photos, and videos, cameras and streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from movenet.cli.output import print_error
from movenet.cli.standard_input import read_standard_input
from movenet.errors import FileError, MediaError
from movenet.media.file_type import FileType, file_type
from movenet.media.listing import PHOTO_SUFFIXES, VIDEO_SUFFIXES, is_listing, list_media
from movenet.media.location import Address, Camera, Location, locate
from movenet.media.sources.pictures import is_pattern, list_matching
from movenet.media.sources.web_photo import WebPhoto

Photo: TypeAlias = Path | WebPhoto

NAMES_AT_ONCE: Final = 16
"""Names that are looked up side by side: an address whose server does not answer keeps no other waiting."""


@dataclass(frozen=True, slots=True)
class Video:
    """An input of several frames: a video, an animation, numbered pictures, a camera or a stream."""

    location: Location
    type: FileType = FileType.VIDEO
    """What a file holds."""
    name: str = ""
    """Name in messages and records; "" for the location."""

    def __str__(self) -> str:
        return self.name or str(self.location)

    @property
    def is_local(self) -> bool:
        """Whether it is in the file system: neither a camera nor an address."""
        return isinstance(self.location, Path)

    @property
    def may_be_live(self) -> bool:
        """Whether it is a camera or an address of a stream; what an http address has is known only when it is open."""
        return isinstance(self.location, Camera) or (
            isinstance(self.location, Address) and not self.location.is_cloud
        )

    @property
    def has_no_end(self) -> bool:
        """Whether it is certainly live."""
        return self.may_be_live and not (isinstance(self.location, Address) and self.location.is_web)

    @property
    def audio_file(self) -> Path | None:
        """The file that may have an audio track."""
        path = self.location if isinstance(self.location, Path) and self.location.is_file() else None
        return path if self.type in (FileType.VIDEO, FileType.UNKNOWN) else None


@dataclass(slots=True)
class Inputs:
    """The inputs by kind, each once, in the order given."""

    photos: list[Photo] = field(default_factory=list)
    videos: list[Video] = field(default_factory=list)
    all_found: bool = True
    """Whether every name on the command line led to an input."""

    def files(self) -> Iterator[Path]:
        """Yield every file that is read."""
        yield from (photo for photo in self.photos if isinstance(photo, Path))
        for video in self.videos:
            if isinstance(video.location, Path):
                yield from list_matching(video.location) if is_pattern(video.location) else [video.location]


def sort_inputs(names: Iterable[str]) -> Inputs:
    """Return the inputs by kind; a name that leads to no input is reported on stderr."""
    inputs, known = Inputs(), set[Photo | Video]()
    with ThreadPoolExecutor(NAMES_AT_ONCE, thread_name_prefix="movenet-inputs") as pool:
        for found in [pool.submit(_read_name, name) for name in names]:
            try:
                for item in found.result():
                    if item in known:
                        continue
                    known.add(item)
                    inputs.videos.append(item) if isinstance(item, Video) else inputs.photos.append(item)
            except FileError as error:
                print_error(error)
                inputs.all_found = False
    return inputs


def _read_name(name: str) -> list[Photo | Video]:
    return [read_standard_input()] if name == "-" else list(_items(name))


def _items(name: str) -> Iterator[Photo | Video]:
    location = locate(name)
    if isinstance(location, Address) and location.is_cloud:
        yield from _objects(location)
    elif isinstance(location, Address):
        yield (location.is_web and _fetch(location)) or Video(location)
    elif isinstance(location, Camera) or is_pattern(location):
        yield Video(location)
    elif is_listing(location):
        yield from _listed(location)
    else:
        yield _classified(location, file_type(location))


def _objects(address: Address) -> Iterator[Photo | Video]:
    from movenet.media.cloud import CloudObject
    from movenet.media.sources.cloud_object import fetch_object
    from movenet.scale.listing import list_objects

    place = CloudObject(address)
    for found in list_objects(place) if place.is_listing else [address]:
        yield fetch_object(found) or Video(found)


def _fetch(address: Address) -> WebPhoto | None:
    from movenet.media.sources.download import fetch_photo

    return fetch_photo(address)


def _listed(path: Path) -> Iterator[Photo | Video]:
    found = list_media(path)
    if not found:
        known = " ".join(sorted(PHOTO_SUFFIXES | VIDEO_SUFFIXES))
        raise MediaError(f"nothing to read in {path}: expected photos or videos, such as {known}")
    yield from (_classified(file, kind) for file, kind in found)


def _classified(path: Path, kind: FileType) -> Photo | Video:
    return path if kind is FileType.PHOTO else Video(path, kind)
