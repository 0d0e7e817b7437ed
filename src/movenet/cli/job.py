"""A run of `movenet run`, checked and with all its outputs named before anything is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from movenet.cli.copies import check_outputs, make_folders, name_copies
from movenet.cli.inputs import Film, Photo, sort_inputs
from movenet.drawing import Style
from movenet.errors import DataError, MoveNetError
from movenet.media.location import Camera
from movenet.records import Record, number_in_name


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for; None where nothing was said."""

    out: Path | None
    """Where the annotated copies go: a file or a folder."""
    records: Path | None
    json: bool
    """Whether each picture is printed as a line of JSON."""
    smooth: str | None
    """"off", "causal" or "offline"."""
    palette: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with which input."""

    photos: dict[Photo, Path | None]
    """Each photo and where its annotated copy goes; None if none is wanted."""
    films: dict[Film, Path | None]
    all_found: bool
    """Whether there was something behind every input."""
    records: Path | None
    json: bool
    smooth: str
    style: Style

    def printed(self, film: Film) -> bool:
        """Return whether frames are printed: a camera or stream without any other output is worth watching."""
        return self.json or not (film.is_local or self.films[film] or self.records)


def plan(names: Sequence[str], wishes: Wishes, *, usual_palette: str) -> Job:
    """Sort the inputs, check the wishes against them, and name every output; its folders are there afterwards.

    `usual_palette` is that of videos.

    Raises:
        MoveNetError: A wish does not apply to these inputs, or an output cannot be had.
    """
    inputs = sort_inputs(names)
    drawn = [item for item in (*inputs.photos, *inputs.films) if _is_drawn(item, wishes)]
    copies = dict(zip(drawn, name_copies(drawn, wishes.out), strict=True))
    palette = wishes.palette or ("clear" if inputs.photos else usual_palette)
    job = Job(
        photos={photo: copies.get(photo) for photo in inputs.photos},
        films={film: copies.get(film) for film in inputs.films},
        all_found=inputs.all_found,
        records=wishes.records,
        json=wishes.json,
        smooth=wishes.smooth or "causal",
        style=Style(palette),
    )
    if job.photos or job.films:
        _check_wishes(job, wishes)
        _check_image_ids(job)
        check_outputs([*copies.values(), *([wishes.records] if wishes.records else [])], inputs)
        make_folders(copies.values())
    return job


def _is_drawn(item: Photo | Film, wishes: Wishes) -> bool:
    """Tell whether an input gets an annotated copy: if asked for, or if there is no other output."""
    watched = isinstance(item, Film) and not item.is_local
    return wishes.out is not None or not (wishes.json or wishes.records or watched)


def _check_wishes(job: Job, wishes: Wishes) -> None:
    if wishes.smooth is not None and not job.films:
        raise MoveNetError("--smooth is for videos: expected one among the inputs, got photos only")
    if job.smooth == "offline" and any(isinstance(film.location, Camera) for film in job.films):
        raise MoveNetError("--smooth offline needs a recording: use causal for a camera")
    if wishes.palette is not None and not any((*job.photos.values(), *job.films.values())):
        raise MoveNetError("--palette is for annotated copies: expected -o, or neither --json nor --records")


def _check_image_ids(job: Job) -> None:
    """Refuse COCO results, early, for pictures that would share an image id: it is a number and nothing else."""
    if job.records is None or job.records.suffix.lower() != ".json":
        return
    ids = Counter(number_in_name(Record(str(photo), 0, 0.0, 1, 1)) for photo in job.photos)
    if len(job.films) > 1 or (job.films and job.photos) or any(times > 1 for times in ids.values()):
        raise DataError(
            f"{job.records}: COCO results name a picture by one number only, a photo's name or a video's frame; "
            "expected one video, or photos with different numbers in their names, or records as .jsonl"
        )
