"""What the inputs of `movenet run` are: photos, or videos, cameras and streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from movenet.cli.output import complain
from movenet.errors import MediaError
from movenet.media.file_type import FileType, file_type
from movenet.media.listing import PHOTO_SUFFIXES, VIDEO_SUFFIXES, is_listing, list_media
from movenet.media.location import Address, Camera, Location, locate
from movenet.media.sources.base import LiveSettings
from movenet.media.sources.pictures import is_pattern, matching
from movenet.media.sources.web_photo import WebPhoto, fetch_photo


@dataclass(frozen=True, slots=True)
class Film:
    """A video, an animation, numbered pictures, a camera or a stream."""

    location: Location
    type: FileType = FileType.VIDEO
    """What a file holds."""

    def __str__(self) -> str:
        return str(self.location)

    @property
    def is_local(self) -> bool:
        """Whether it is something in the file system, not a camera or an address."""
        return isinstance(self.location, Path)

    @property
    def sound(self) -> Path | None:
        """The file that may have sound."""
        path = self.location if isinstance(self.location, Path) and self.location.is_file() else None
        return path if self.type in (FileType.VIDEO, FileType.UNKNOWN) else None


Photo: TypeAlias = Path | WebPhoto


@dataclass(slots=True)
class Inputs:
    """The inputs by kind, each once, in the order given."""

    photos: list[Photo] = field(default_factory=list)
    films: list[Film] = field(default_factory=list)
    all_found: bool = True
    """Whether there was something behind every name."""

    def files(self) -> Iterator[Path]:
        """Yield every file that is read."""
        yield from (photo for photo in self.photos if isinstance(photo, Path))
        for film in self.films:
            if isinstance(film.location, Path):
                yield from matching(film.location) if is_pattern(film.location) else [film.location]


def sort_inputs(names: Iterable[str]) -> Inputs:
    """Return the inputs by what they are; what cannot be found is named on stderr."""
    inputs, seen = Inputs(), set[Photo | Film]()
    for name in names:
        try:
            for item in _read_name(name):
                if item in seen:
                    continue
                seen.add(item)
                inputs.films.append(item) if isinstance(item, Film) else inputs.photos.append(item)
        except MediaError as error:
            complain(error)
            inputs.all_found = False
    return inputs


def _read_name(name: str) -> Iterator[Photo | Film]:
    location = locate(name)
    if isinstance(location, Address):
        photo = fetch_photo(location, LiveSettings().give_up_after_s) if location.is_web else None
        yield photo or Film(location)
    elif isinstance(location, Camera) or is_pattern(location):
        yield Film(location)
    elif is_listing(location):
        yield from _listed(location)
    else:
        yield _classified(location, file_type(location))


def _listed(path: Path) -> Iterator[Photo | Film]:
    found = list_media(path)
    if not found:
        known = " ".join(sorted(PHOTO_SUFFIXES | VIDEO_SUFFIXES))
        raise MediaError(f"nothing to read in {path}: expected photos or videos, such as {known}")
    yield from (_classified(file, kind) for file, kind in found)


def _classified(path: Path, kind: FileType) -> Photo | Film:
    return path if kind is FileType.PHOTO else Film(path, kind)
