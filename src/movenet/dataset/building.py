"""Build a data set from clips: one frame in memory at a time; usable whenever it stops."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Person, from_coco_px, to_coco_px, to_entry
from movenet.atomic import atomic_write
from movenet.crop import Crop
from movenet.dataset.labelling import Label, LabelSettings
from movenet.dataset.novelty import NoveltyFilter, NoveltySettings, hash_picture
from movenet.dataset.replacement import begin_replacement
from movenet.dataset.selection import SelectionSettings, select
from movenet.dataset.store import IMAGES, MANIFEST, SUMMARY, Counts, assemble
from movenet.errors import DataError, MoveNetError
from movenet.media import Frame, open_source, write_photo
from movenet.media.location import locate
from movenet.oks import BOX_AREA_FRACTION

Labels = Callable[[NDArray[np.uint8]], Sequence[Label]]
Watch = Callable[[Iterator[Frame], Any], Iterable[Frame]]
"""Wraps the frames of a source, for example by a progress bar: a function of the frames and the source."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How a data set is built from clips."""

    selection: SelectionSettings = field(default_factory=SelectionSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    novelty: NoveltySettings = field(default_factory=NoveltySettings)
    val_share: float = 0.1
    """Share of the clips used for validation; at least one clip if there are two."""
    crop_factor: float = 1.6
    """Side of a picture, as a multiple of the person's longer side: margin for augmentation in training."""
    longest_px: int = 512
    """Largest longer side of a picture in pixels; larger ones are downscaled."""


@dataclass(frozen=True, slots=True, eq=False)
class BuildResult:
    """Result of a build."""

    counted: Counts
    left_out: Mapping[str, int]
    """Number of people or frames left out, by reason."""
    failed: Mapping[str, str]
    """Clips that could not be read to their end, with the error."""
    stopped: bool
    """Whether it was interrupted by Ctrl-C."""
    kept: bool = False
    """Whether the earlier data set of the folder was kept because the clips gave no picture."""


def build(
    clips: Sequence[str | Path],
    folder: Path,
    label: Labels,
    settings: BuildSettings = BuildSettings(),
    watch: Watch | None = None,
) -> BuildResult:
    """Build a data set from clips. After Ctrl-C the pictures made so far are a complete data set.

    Args:
        clips: videos, or anything else that `open_source` opens.
        folder: the target; new, empty, or an earlier data set, which is replaced at the end if there is at least
            one picture. Until then the new one is in the subfolder `.building`.
        label: returns the labels of a frame, such as a `Labeller`.
        settings: see `BuildSettings`.
        watch: wraps the frames of every clip, for example by a progress bar.

    Raises:
        DataError: if there is no clip, or the folder holds something else.
        FileError: if the folder cannot be written.
    """
    if not clips:
        raise DataError("expected at least one clip to make a data set of, got none")
    parts = split(clips, settings.val_share)
    new = begin_replacement(folder)
    maker = _Builder(new.folder, label, settings, Counter())
    failed, stopped = _fill(maker, clips, parts, watch)
    counted = assemble(new.folder)
    kept = new.earlier and not sum(counted.pictures.values())
    built = BuildResult(counted, dict(maker.left_out), failed, stopped, kept)
    _write_summary(new.folder, clips, parts, settings, built)
    new.discard() if kept else new.publish()
    return built


def _fill(
    maker: _Builder, clips: Sequence[str | Path], parts: Sequence[str], watch: Watch | None
) -> tuple[dict[str, str], bool]:
    """Write pictures and manifest; return the errors by clip, and whether it was interrupted."""
    failed: dict[str, str] = {}
    try:
        with (maker.folder / MANIFEST).open("w", encoding="utf-8") as manifest:
            for clip, part in zip(clips, parts, strict=True):
                try:
                    for entry in maker.entries(clip, watch):
                        manifest.write(json.dumps({"part": part, **entry}) + "\n")
                        manifest.flush()
                except MoveNetError as error:
                    failed[str(locate(clip))] = str(error)
    except KeyboardInterrupt:
        return failed, True
    return failed, False


def split(clips: Sequence[str | Path], val_share: float) -> list[str]:
    """Return "train" or "val" for each clip by a hash of its name, independent of the order of the clips."""
    ranks = [hashlib.sha256(Path(clip).name.encode()).hexdigest() for clip in clips]
    count = max(round(val_share * len(clips)), 1) if len(clips) > 1 and val_share > 0 else 0
    chosen = sorted(range(len(clips)), key=lambda i: ranks[i])[:count]
    return ["val" if i in chosen else "train" for i in range(len(clips))]


class _Builder:
    """Makes the pictures of clips one by one, and counts what is left out."""

    def __init__(self, folder: Path, label: Labels, settings: BuildSettings, left_out: Counter[str]):
        self.folder, self.label, self.settings, self.left_out = folder, label, settings, left_out
        self._novelty = NoveltyFilter(settings.novelty)
        self._names: Counter[str] = Counter()
        self._images = 0

    def entries(self, clip: str | Path, watch: Watch | None) -> Iterator[dict[str, Any]]:
        """Yield the manifest entry of each picture after the picture is written."""
        self._novelty.begin_clip()
        stem = self._name(clip)
        with open_source(clip) as source:
            frames = iter(source) if watch is None else watch(iter(source), source)
            for frame in select(frames, self.settings.selection):
                yield from self._people(frame, stem)

    def _people(self, frame: Frame, stem: str) -> Iterator[dict[str, Any]]:
        found = self.label(frame.image)
        if not found:
            self.left_out["no person in the frame"] += 1
        for number, person in enumerate(found):
            if person.rejection is not None:
                self.left_out[person.rejection] += 1
                continue
            crop = crop_around(person, frame.image, self.settings)
            picture = crop.cut(frame.image)
            if why := self._novelty.rejection(person.keypoints, hash_picture(picture)):
                self.left_out[why] += 1
                continue
            self._images += 1
            name = f"{stem}-{frame.index:06d}-{number}.jpg"
            write_photo(self.folder / IMAGES / name, picture)
            yield self._entry(name, crop, frame, [person, *found[:number], *found[number + 1 :]])

    def _entry(self, name: str, crop: Crop, frame: Frame, people: Sequence[Label]) -> dict[str, Any]:
        image = {
            "id": self._images,
            "file_name": name,
            "width": crop.out_width,
            "height": crop.out_height,
            "clip": Path(frame.source).name,
            "frame": frame.index,
            "time_s": round(frame.time_s, 3),
        }
        annotations = (annotate(person, crop, self._images) for person in people)
        return {"image": image, "people": [person for person in annotations if person is not None]}

    def _name(self, clip: str | Path) -> str:
        stem = Path(str(locate(clip))).stem or "clip"
        self._names[stem] += 1
        return stem if self._names[stem] == 1 else f"{stem}-{self._names[stem]}"


def crop_around(person: Label, image: NDArray[np.uint8], settings: BuildSettings) -> Crop:
    """Return a crop of whole pixels around a person, inside the picture, downscaled to `longest_px` if larger."""
    x, y, width, height = person.box
    half = settings.crop_factor * max(width, height) / 2
    middle = np.array([x + width / 2, y + height / 2])
    size = np.array(image.shape[1::-1])
    low = np.clip(np.floor(middle - half), 0, size - 1).astype(int)
    high = np.clip(np.ceil(middle + half), low + 1, size).astype(int)
    wide, high_px = (high - low).tolist()
    scale = min(1.0, settings.longest_px / max(wide, high_px))
    out = max(round(scale * wide), 1), max(round(scale * high_px), 1)
    return Crop(float(low[0]), float(low[1]), float(wide), float(high_px), *out)


def annotate(person: Label, crop: Crop, image_id: int) -> dict[str, Any] | None:
    """Return the COCO annotation of a person in a crop; None if the person is outside it.

    A person who is not labelled, or has half of the keypoints outside, is a crowd region, which training ignores.
    """
    size = np.array([crop.out_width, crop.out_height])
    x, y, width, height = person.box
    corners = crop.to_output([[x, y], [x + width, y + height]])
    low, high = np.clip(corners, 0, size)
    inside = high - low
    if (inside < 1).any():
        return None
    points = crop.to_output(person.keypoints)
    within = ((points >= 0) & (points < size)).all(axis=1)
    known = person.labelled & within
    usable = person.rejection is None and known.sum() * 2 > person.labelled.sum()
    x, y, width, height = (float(edge) for edge in (*low, *inside))
    keypoints = from_coco_px(to_coco_px(points).clip(0, size - 0.01))
    visibility = np.where(known & usable, 2, 0)
    area = float(BOX_AREA_FRACTION * width * height)
    entry = to_entry(image_id, Person(keypoints, visibility, (x, y, width, height), area, crowd=not usable))
    return {
        **entry,
        "score": round(person.score, 3),
        "keypoint_similarity": round(person.keypoint_similarity, 3),
    }


def _write_summary(
    folder: Path,
    clips: Sequence[str | Path],
    parts: Sequence[str],
    settings: BuildSettings,
    built: BuildResult,
) -> None:
    from movenet._version import __version__

    summary = {
        "movenet": __version__,
        "clips": {str(locate(clip)): part for clip, part in zip(clips, parts, strict=True)},
        "settings": asdict(settings),
        "pictures": dict(built.counted.pictures),
        "people": dict(built.counted.people),
        "left_out": dict(sorted(built.left_out.items())),
        "failed": dict(built.failed),
        "stopped_early": built.stopped,
    }
    with atomic_write(folder / SUMMARY) as temporary:
        temporary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
