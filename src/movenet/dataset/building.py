"""Clips in, data set out: one frame in memory at a time, and usable whenever it stops."""

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
from movenet.dataset.novelty import Memory, NoveltySettings, hash_picture
from movenet.dataset.replacement import begin_replacement
from movenet.dataset.selection import SelectionSettings, select
from movenet.dataset.store import IMAGES, JOURNAL, SUMMARY, Counted, assemble
from movenet.errors import DataError, MoveNetError
from movenet.media import Frame, open_source, write_photo
from movenet.media.location import locate
from movenet.oks import BOX_AREA_FRACTION

Labels = Callable[[NDArray[np.uint8]], Sequence[Label]]
Watch = Callable[[Iterator[Frame], Any], Iterable[Frame]]
"""From the frames of a source, and the source, to the same frames: a progress bar, for one."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How a data set is made of clips."""

    selection: SelectionSettings = field(default_factory=SelectionSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    novelty: NoveltySettings = field(default_factory=NoveltySettings)
    val_share: float = 0.1
    """Share of the clips that are kept for validation: at least one if there are two."""
    crop_factor: float = 1.6
    """Side of a picture, as a multiple of its person's longer side: room to scale and shift in training."""
    longest_px: int = 512
    """Longer side of a picture at most; larger ones are shrunk."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """What came of it."""

    counted: Counted
    left_out: Mapping[str, int]
    """Why how many people or frames were left out."""
    failed: Mapping[str, str]
    """Clips that could not be read, or not to their end, and why."""
    stopped: bool
    """Whether Ctrl-C ended it early."""
    kept: bool = False
    """Whether the earlier data set of the folder stays, because no picture came of the clips."""


def build(
    clips: Sequence[str | Path],
    folder: Path,
    label: Labels,
    settings: BuildSettings = BuildSettings(),
    watch: Watch | None = None,
) -> Built:
    """Make a data set of clips; Ctrl-C ends it, and what is there by then is a data set.

    Args:
        clips: videos, or anything else that `open_source` opens.
        folder: where it goes; new, empty, or an earlier data set, which is replaced at the end if there is at least
            one picture; until then the new one is in its subfolder `.building`.
        label: finds the people of a frame: a `Labeller`.
        settings: how.
        watch: sees the frames of every clip pass.

    Raises:
        DataError: if there is no clip, or the folder holds something else.
        MediaError: if the folder cannot be written.
    """
    if not clips:
        raise DataError("expected at least one clip to make a data set of, got none")
    parts = split(clips, settings.val_share)
    new = begin_replacement(folder)
    maker = _Maker(new.folder, label, settings, Counter())
    failed, stopped = _fill(maker, clips, parts, watch)
    counted = assemble(new.folder)
    kept = new.earlier and not sum(counted.pictures.values())
    built = Built(counted, dict(maker.left_out), failed, stopped, kept)
    _summarise(new.folder, clips, parts, settings, built)
    new.discard() if kept else new.publish()
    return built


def _fill(
    maker: _Maker, clips: Sequence[str | Path], parts: Sequence[str], watch: Watch | None
) -> tuple[dict[str, str], bool]:
    """Make the pictures and the journal; return which clips failed and why, and whether Ctrl-C ended it."""
    failed: dict[str, str] = {}
    try:
        with (maker.folder / JOURNAL).open("w", encoding="utf-8") as journal:
            for clip, part in zip(clips, parts, strict=True):
                try:
                    for entry in maker.entries(clip, watch):
                        journal.write(json.dumps({"part": part, **entry}) + "\n")
                        journal.flush()
                except MoveNetError as error:
                    failed[str(locate(clip))] = str(error)
    except KeyboardInterrupt:
        return failed, True
    return failed, False


def split(clips: Sequence[str | Path], val_share: float) -> list[str]:
    """Return "train" or "val" for each clip, by a hash of its name: the order of the clips changes nothing."""
    ranks = [hashlib.sha256(Path(clip).name.encode()).hexdigest() for clip in clips]
    count = max(round(val_share * len(clips)), 1) if len(clips) > 1 and val_share > 0 else 0
    chosen = sorted(range(len(clips)), key=lambda i: ranks[i])[:count]
    return ["val" if i in chosen else "train" for i in range(len(clips))]


class _Maker:
    """Goes through clips and makes the pictures; remembers what was kept and counts what was not."""

    def __init__(self, folder: Path, label: Labels, settings: BuildSettings, left_out: Counter[str]):
        self.folder, self.label, self.settings, self.left_out = folder, label, settings, left_out
        self._memory = Memory(settings.novelty)
        self._names: Counter[str] = Counter()
        self._images = 0

    def entries(self, clip: str | Path, watch: Watch | None) -> Iterator[dict[str, Any]]:
        """Yield a line of the journal for each picture, when the picture is written."""
        self._memory.begin_clip()
        stem = self._name(clip)
        with open_source(clip) as source:
            frames = iter(source) if watch is None else watch(iter(source), source)
            for frame in select(frames, self.settings.selection):
                yield from self._people(frame, stem)

    def _people(self, frame: Frame, stem: str) -> Iterator[dict[str, Any]]:
        found = self.label(frame.image)
        if not found:
            self.left_out["nobody in the frame"] += 1
        for number, person in enumerate(found):
            if person.doubt is not None:
                self.left_out[person.doubt] += 1
                continue
            crop = surroundings(person, frame.image, self.settings)
            picture = crop.cut(frame.image)
            if why := self._memory.refuse(person.keypoints, hash_picture(picture)):
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


def surroundings(person: Label, image: NDArray[np.uint8], settings: BuildSettings) -> Crop:
    """Return whole pixels of the picture around a person, not beyond its edges, shrunk if they are many."""
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
    """Return a COCO annotation of a person in a picture; None if they are outside it.

    Who is in doubt, or reaches out of the picture by more than half, is a crowd region: training leaves it out.
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
    sure = person.doubt is None and known.sum() * 2 > person.labelled.sum()
    x, y, width, height = (float(edge) for edge in (*low, *inside))
    keypoints = from_coco_px(to_coco_px(points).clip(0, size - 0.01))
    visibility = np.where(known & sure, 2, 0)
    area = float(BOX_AREA_FRACTION * width * height)
    entry = to_entry(image_id, Person(keypoints, visibility, (x, y, width, height), area, crowd=not sure))
    return {**entry, "score": round(person.score, 3), "likeness": round(person.likeness, 3)}


def _summarise(
    folder: Path, clips: Sequence[str | Path], parts: Sequence[str], settings: BuildSettings, built: Built
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
