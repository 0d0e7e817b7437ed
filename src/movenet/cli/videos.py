"""What `movenet run` does with a video, a camera or a stream: follow, draw, record, print, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2

from movenet.cli.inputs import is_live, name_film
from movenet.cli.output import complain, frame_progress, tell
from movenet.drawing import Style, draw_on
from movenet.errors import MediaError, MoveNetError
from movenet.estimator import Estimator
from movenet.media.frame import Frame
from movenet.media.source import Source, open_source
from movenet.media.writer import open_writer
from movenet.pose import Pose
from movenet.records import Record, open_records, to_json
from movenet.video import CALM, VideoEstimator, smooth_recording


@dataclass(frozen=True, slots=True)
class Wishes:
    """What becomes of the poses of a video."""

    out: Path | None
    """Where the annotated video goes: a file or a folder."""
    records: Path | None
    json: bool
    """Whether each frame is printed as a line of JSON."""
    smooth: str
    """"off", "causal" or "offline"."""
    style: Style

    def film(self, name: str, films: Sequence[str]) -> Path | None:
        """Return where the annotated copy of a video goes; None if none is wanted."""
        quiet = self.json or self.records is not None or is_live(name)
        return None if quiet and self.out is None else name_film(name, self.out, of=films)

    def printed(self, name: str) -> bool:
        """Return whether frames are printed: a live source without any other output is worth watching."""
        return self.json or (is_live(name) and self.out is None and self.records is None)


def run_videos(films: Sequence[str], estimator: Estimator, wishes: Wishes) -> bool:
    """Run on every video and return whether all went well; Ctrl-C finishes what was begun and stops.

    Raises:
        MediaError: if one file of records is to hold several videos.
    """
    if wishes.records is not None and len(films) > 1:
        raise MediaError(f"expected one video with --records, got {len(films)}")
    # Its idle threads would keep cores busy that decoder and encoder need: a tenth of the time of a film.
    cv2.setNumThreads(1)
    follower = VideoEstimator(estimator, smoothing=CALM if wishes.smooth == "causal" else None)
    well = True
    for name in films:
        try:
            _run(name, follower, wishes, wishes.film(name, films))
        except MoveNetError as error:
            complain(error)
            well = False
    return well


def _run(name: str, follower: VideoEstimator, wishes: Wishes, film: Path | None) -> None:
    where = "".join(f" → {path}" for path in (film, wishes.records) if path)
    count = 0
    try:
        with ExitStack() as stack:
            source = stack.enter_context(open_source(name))
            audio = name if Path(name).is_file() else None
            writer = film and stack.enter_context(open_writer(film, like=source, audio_from=audio))
            recorder = wishes.records and stack.enter_context(open_records(wishes.records))
            for frame, poses in frame_progress(_watch(source, follower, wishes.smooth), source):
                height, width = frame.image.shape[:2]
                record = Record(name, frame.index, frame.time_s, width, height, tuple(poses))
                if recorder:
                    recorder.write(record)
                if wishes.printed(name):
                    print(to_json(record), flush=True)
                if writer:
                    draw_on(frame.image, poses, wishes.style)
                    writer.write(frame.image, frame.time_s)
                count += 1
    except KeyboardInterrupt:
        tell(f"{name}: stopped, what was done is kept: {count} frames{where}")
        raise
    damage = f", {source.damage} damaged parts left out" if source.damage else ""
    tell(f"{name}: {count} frames{damage}{where}")


def _watch(source: Source, follower: VideoEstimator, smooth: str) -> Iterator[tuple[Frame, list[Pose]]]:
    stream = follower.stream()
    if smooth != "offline":
        yield from ((frame, stream(frame.image, frame.time_s)) for frame in source)
        return
    if source.live:
        raise MediaError("smoothing offline needs a recording: use causal for a camera or a stream")
    seen = [(frame.time_s, stream(frame.image, frame.time_s)) for frame in source]
    poses = smooth_recording([time_s for time_s, _ in seen], [found for _, found in seen])
    with open_source(source.name) as again:
        yield from zip(again, poses, strict=False)
