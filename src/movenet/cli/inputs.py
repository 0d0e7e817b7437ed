"""Which inputs of `movenet run` are photos, which move, and where the annotated copies go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Final

import cv2

from movenet.cli.output import complain
from movenet.errors import MediaError
from movenet.media import PHOTO_SUFFIXES, find_photos

MAYBE_ANIMATED: Final = (".gif", ".webp")
FILM_SUFFIXES: Final = (".mp4", ".m4v", ".mov", ".webm", ".gif")


def is_live(name: str) -> bool:
    """Tell whether an input is a camera or an address rather than something in the file system."""
    return name.isdecimal() or name.startswith("/dev/") or "://" in name


def sort_inputs(inputs: Iterable[str]) -> tuple[list[Path], list[str], bool]:
    """Return the photos, the videos and streams, and whether every input was found; what was not is named."""
    photos: list[Path] = []
    films: list[str] = []
    all_found = True
    for name in inputs:
        try:
            if _moves(name):
                films.append(name)
            else:
                photos += find_photos([name])
        except MediaError as error:
            complain(error)
            all_found = False
    return photos, films, all_found


def _moves(name: str) -> bool:
    path = Path(name)
    if is_live(name) or "%" in path.name:
        return True
    if not path.is_file():
        return False
    suffix = path.suffix.lower()
    if suffix in MAYBE_ANIMATED:
        return cv2.imcount(name) > 1
    return suffix not in PHOTO_SUFFIXES


def name_photos(photos: Sequence[Path], out: Path | None) -> list[Path]:
    """Return where the annotated copy of each photo goes.

    Raises:
        MediaError: if one file is named for several copies, or a copy would replace an input.
    """
    if out is not None and out.suffix.lower() in PHOTO_SUFFIXES:
        return _checked(photos, [_only(photos, out)])
    return _checked(
        photos, _distinct(_folder(out) / f"{photo.stem}{_photo_suffix(photo, out)}" for photo in photos)
    )


def name_film(film: str, out: Path | None, *, of: Sequence[str]) -> Path:
    """Return where the annotated copy of one of several videos goes.

    Raises:
        MediaError: as `name_photos` does.
    """
    if out is not None and out.suffix:
        return _checked([Path(film)], [_only(of, out)])[0]
    path = Path(film)
    suffix = path.suffix.lower() if path.suffix.lower() in FILM_SUFFIXES else ".mp4"
    ending = suffix if out is not None else f".pose{suffix}"
    stem = "camera" if is_live(film) else path.stem
    return _checked([path], [_folder(out) / f"{stem}{ending}"])[0]


def _photo_suffix(photo: Path, out: Path | None) -> str:
    suffix = photo.suffix if photo.suffix.lower() in PHOTO_SUFFIXES - {".gif"} else ".png"
    return suffix if out is not None else f".pose{suffix}"


def _folder(out: Path | None) -> Path:
    folder = out or Path()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _only(inputs: Sequence[object], out: Path) -> Path:
    if len(inputs) > 1:
        raise MediaError(f"expected a folder for {len(inputs)} annotated copies, got the file {out}")
    out.parent.mkdir(parents=True, exist_ok=True)
    return out


def _checked(inputs: Sequence[Path], targets: list[Path]) -> list[Path]:
    taken = {path.resolve() for path in inputs}
    if clash := next((target for target in targets if target.resolve() in taken), None):
        raise MediaError(f"{clash} is an input itself: choose another output")
    return targets


def _distinct(targets: Iterable[Path]) -> list[Path]:
    """Number the second and later targets of one name."""
    distinct: dict[Path, None] = {}
    for target in targets:
        names = chain([target], (target.with_stem(f"{target.stem}-{n}") for n in count(2)))
        distinct[next(name for name in names if name not in distinct)] = None
    return list(distinct)
