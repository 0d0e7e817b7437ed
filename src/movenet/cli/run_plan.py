"""What `movenet run` will do: the options checked against the inputs, and every output named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movenet.calibration import with_probabilities
from movenet.cli.output_folders import make_folders
from movenet.cli.output_names import check_outputs, name_outputs
from movenet.cli.run_inputs import Inputs, Photo, Video, sort_inputs
from movenet.cli.run_style import Overlays, StyleOptions
from movenet.cli.selection import FrameSelection, PersonLock
from movenet.drawing import Style
from movenet.errors import DataError, MoveNetError
from movenet.machine import usable_cores
from movenet.media.location import Camera
from movenet.models import ModelCard
from movenet.pose import Pose
from movenet.records import Record, number_in_name

MANY_PHOTOS: Final = 32
"""From this number of photos on, it pays to open an estimator for each core."""
STDOUT: Final = Path("-")
"""`--records -` prints them."""
MAX_WORKERS: Final = 8
"""Most workers by default: each needs memory for models of its own."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of the command line; None where an option was not given."""

    out: Path | None
    """Where the annotated copies go: a file or a folder."""
    records: Path | None
    json: bool
    """Whether each frame is printed as a line of JSON."""
    smooth: str | None
    """"off", "causal" or "offline"."""
    style: StyleOptions
    overlays: Overlays
    frames: FrameSelection
    person: PersonLock
    crops: Path | None = None
    """Folder for a picture of each person."""
    show: bool = False
    """Whether the annotated pictures are shown in a window."""
    workers: int | None = None
    probabilities: bool = False
    """Whether keypoint scores become probabilities in every output."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The inputs of a run with their outputs."""

    photos: dict[Photo, Path | None]
    """Each photo and the path of its annotated copy; None for no copy."""
    videos: dict[Video, Path | None]
    """Each video and the path of its annotated copy; None for no copy."""
    all_found: bool
    """Whether every name on the command line led to an input."""
    records: Path | None
    json: bool
    smooth: str
    style: Style
    probabilities: bool
    overlays: Overlays
    frames: FrameSelection
    """The frames of videos to process."""
    person: PersonLock
    """The person of videos to process."""
    workers: int
    """Photos, or segments of videos, that are processed side by side."""
    crops: Path | None = None
    """Folder for a picture of each person."""
    show: bool = False
    """Whether the annotated pictures are shown in a window."""

    def calibrate(self, poses: Iterable[Pose], model: ModelCard) -> tuple[Pose, ...]:
        """Return the poses of a model, with probabilities in place of scores if they are asked for."""
        return tuple(with_probabilities(pose, model) if self.probabilities else pose for pose in poses)

    @property
    def prints_csv(self) -> bool:
        """Whether the records go to the standard output, as CSV."""
        return self.records == STDOUT

    @property
    def streams(self) -> list[Video]:
        """The cameras and addresses that are processed at the same time: all, if several and none is drawn."""
        streams = [video for video in self.videos if video.may_be_live]
        at_once = len(streams) > 1 and self.smooth != "offline" and not any(map(self.is_seen, streams))
        return streams if at_once else []

    @property
    def one_by_one(self) -> list[Video]:
        """The videos that are processed one after the other."""
        return [video for video in self.videos if video not in self.streams]

    def is_printed(self, video: Video) -> bool:
        """Tell whether the frames of a video are printed: with --json, and for a live source without other output."""
        return self.json or not (video.is_local or self.videos[video] or self.records or self.show)

    def is_seen(self, item: Photo | Video) -> bool:
        """Tell whether the picture of an input is needed besides its poses."""
        target = self.videos[item] if isinstance(item, Video) else self.photos[item]
        return target is not None or self.show or self.crops is not None


def plan_run(names: Sequence[str], options: RunOptions, *, one_person: bool) -> RunPlan:
    """Sort the inputs, check the options against them, name every output, and create the output folders.

    Args:
        names: The inputs as given on the command line.
        options: The options of the command line.
        one_person: Whether one person is followed: then ids are not drawn, and people have no colour of their own.

    Raises:
        MoveNetError: An option does not apply to these inputs, or an output cannot be written.
    """
    inputs = sort_inputs(names)
    drawn = [item for item in (*inputs.photos, *inputs.videos) if _is_drawn(item, options)]
    palette = "clear" if inputs.photos or one_person else "person"
    style = options.style.style(palette, () if one_person else ("id",), probabilities=options.probabilities)
    ending = ".png" if style.background == "transparent" else None
    outputs = dict(zip(drawn, name_outputs(drawn, options.out, ending), strict=True))
    plan = RunPlan(
        photos={photo: outputs.get(photo) for photo in inputs.photos},
        videos={video: outputs.get(video) for video in inputs.videos},
        all_found=inputs.all_found,
        records=options.records,
        json=options.json,
        smooth=options.smooth or "causal",
        style=style,
        probabilities=options.probabilities,
        overlays=options.overlays,
        frames=options.frames,
        person=options.person,
        workers=options.workers or _default_workers(inputs),
        crops=options.crops,
        show=options.show,
    )
    if plan.photos or plan.videos:
        _check_options(plan, options)
        _check_image_ids(plan)
        records = [options.records] if options.records and not plan.prints_csv else []
        check_outputs([*outputs.values(), *records], inputs)
        make_folders([*outputs.values(), *records, options.crops and options.crops / "person"])
    return plan


def _default_workers(inputs: Inputs) -> int:
    """Return one worker for each core if there are many photos, else one, which uses several cores."""
    many = len(inputs.photos) >= MANY_PHOTOS and not inputs.videos
    return min(usable_cores(), MAX_WORKERS) if many else 1


def _is_drawn(item: Photo | Video, options: RunOptions) -> bool:
    """Tell whether an input gets an annotated copy: with -o, or if nothing else is written or printed."""
    is_live = isinstance(item, Video) and not item.is_local
    other = options.json or options.records or options.crops or options.show
    return options.out is not None or not (other or is_live)


def _check_options(plan: RunPlan, options: RunOptions) -> None:
    if options.smooth is not None and not plan.videos:
        raise MoveNetError("--smooth is for videos: expected one among the inputs, got photos only")
    if plan.smooth == "offline" and any(isinstance(video.location, Camera) for video in plan.videos):
        raise MoveNetError("--smooth offline needs a recording: use causal for a camera")
    if not (plan.show or any((*plan.photos.values(), *plan.videos.values()))):
        drawn = options.style.given() | plan.overlays.of_videos()
        _refuse(drawn, "is for annotated copies: expected -o or --show")
        if plan.overlays.blur is not None and plan.crops is None:
            raise MoveNetError("--blur is for annotated copies and crops: expected -o, --show or --crops")
    if plan.style.background == "transparent" and (plan.videos or plan.show):
        raise MoveNetError("--background transparent is for photos: expected black for videos and windows")
    if plan.overlays.blur is not None and plan.style.background != "picture" and plan.crops is None:
        raise MoveNetError("--blur is for the picture: there is none with --background")
    _check_video_options(plan)
    endless = [video for video in plan.videos if video.has_no_end]
    if len(endless) > 1 and not plan.streams:
        raise MoveNetError("-o and --smooth offline: expected one camera or stream at a time, got several")
    records = plan.records
    if plan.prints_csv and plan.json:
        raise MoveNetError("--records - prints CSV: leave out --json, which prints JSON")
    if plan.overlays.angles and records is not None and records.suffix.lower() != ".jsonl":
        raise MoveNetError(
            f"--angles are recorded as .jsonl: movenet analyze --csv makes a table, got {records}"
        )


def _check_video_options(plan: RunPlan) -> None:
    """Refuse options that are for videos, or for annotated copies of them, where there are none."""
    if plan.workers > 1 and plan.videos and not plan.frames.takes_all:
        raise MoveNetError("--workers takes whole videos: leave out --from, --to and --every")
    if plan.workers > 1 and any(not video.is_local for video in plan.videos):
        raise MoveNetError("--workers needs files: a camera or a stream has one worker")
    given = {
        **plan.frames.given(),
        "--lock": plan.person != PersonLock(),
    }
    if not plan.videos or plan.photos:
        _refuse(
            given | plan.overlays.of_videos(),
            "is for videos: expected only them among the inputs, got photos",
        )
    if plan.overlays.exercise is not None:
        from movenet.analysis import find_exercise

        find_exercise(plan.overlays.exercise)


def _refuse(options: dict[str, bool], reason: str) -> None:
    """Raise MoveNetError if one of the options was given."""
    if given := next((option for option, is_given in options.items() if is_given), None):
        raise MoveNetError(f"{given} {reason}")


def _check_image_ids(plan: RunPlan) -> None:
    """Refuse COCO results before anything is read if two pictures would share an image id."""
    if plan.records is None or plan.records.suffix.lower() != ".json":
        return
    ids = Counter(number_in_name(Record(str(photo), 0, 0.0, 1, 1)) for photo in plan.photos)
    if len(plan.videos) > 1 or (plan.videos and plan.photos) or any(count > 1 for count in ids.values()):
        raise DataError(
            f"{plan.records}: COCO results identify a picture by one number only, from a photo's name or a video's "
            "frame; expected one video, or photos with different numbers in their names, or records as .jsonl"
        )
