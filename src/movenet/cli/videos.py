"""What `movenet run` does with a video, a camera or a stream: follow, draw, record, print, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import cv2

from movenet.cli.inputs import Film
from movenet.cli.job import Job
from movenet.cli.output import complain, frame_progress, say, tell, write_record
from movenet.drawing import draw_on
from movenet.errors import MediaError, MoveNetError
from movenet.estimator import Estimator
from movenet.media.frame import Frame
from movenet.media.location import Location
from movenet.media.sources.base import Source, SourceSettings
from movenet.media.sources.opening import open_location
from movenet.media.writers.writer import open_writer
from movenet.pose import Pose
from movenet.records import Record, RecordWriter, to_json
from movenet.video import ONE_EURO, VideoEstimator, smooth_recording


def run_videos(job: Job, estimator: Estimator, recorder: RecordWriter | None) -> int:
    """Run on every video and return how many went well; Ctrl-C finishes what was begun and stops.

    Raises:
        OutputError: stdout or the records take no more.
    """
    # Its idle threads would keep cores busy that decoder and encoder need: a tenth of the time of a film.
    cv2.setNumThreads(1)
    follower = VideoEstimator(estimator, smoothing=ONE_EURO if job.smooth == "causal" else None)
    done = 0
    for film in job.films:
        try:
            _run(film, job, follower, recorder)
        except MoveNetError as error:
            complain(error)
        else:
            done += 1
    return done


def _run(film: Film, job: Job, follower: VideoEstimator, recorder: RecordWriter | None) -> None:
    target = job.films[film]
    where = f" → {target}" if target else ""
    count = 0
    try:
        with ExitStack() as stack:
            source = stack.enter_context(open_location(film.location, SourceSettings()))
            writer = target and stack.enter_context(open_writer(target, like=source, audio_from=film.sound))
            frames = _watch(source, film.location, follower, job.smooth)
            for frame, poses in frame_progress(frames, source):
                height, width = frame.image.shape[:2]
                record = Record(source.name, frame.index, frame.time_s, width, height, tuple(poses))
                write_record(recorder, record)
                if job.printed(film):
                    say(to_json(record))
                if writer:
                    draw_on(frame.image, poses, job.style)
                    writer.write(frame.image, frame.time_s)
                count += 1
    except KeyboardInterrupt:
        tell(f"{film}: stopped, what was done is kept: {count} frames{where}")
        raise
    damage = f", {source.damage} damaged parts left out" if source.damage else ""
    tell(f"{film}: {count} frames{damage}{where}")


def _watch(
    source: Source, location: Location, follower: VideoEstimator, smooth: str
) -> Iterator[tuple[Frame, list[Pose]]]:
    """Yield each frame with its poses; offline, the source is read a second time from where it is."""
    stream = follower.stream()
    if smooth != "offline":
        yield from ((frame, stream(frame.image, frame.time_s)) for frame in source)
        return
    if source.live:
        raise MediaError(f"{source.name}: smoothing offline needs a recording, use causal for a stream")
    seen = [(frame.time_s, stream(frame.image, frame.time_s)) for frame in source]
    poses = smooth_recording([time_s for time_s, _ in seen], [found for _, found in seen])
    with open_location(location, SourceSettings()) as again:
        yield from _paired(again, poses)


def _paired(again: Source, poses: Sequence[list[Pose]]) -> Iterator[tuple[Frame, list[Pose]]]:
    frames = 0
    for frame in again:
        if frames < len(poses):
            yield frame, poses[frames]
        frames += 1
    if frames != len(poses):
        raise MediaError(
            f"{again.name} changed between two readings: expected {len(poses)} frames again, got {frames}; "
            "use --smooth causal"
        )
