"""The videos of `movenet run`: tracked, smoothed, drawn, recorded and printed."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final

import cv2

from movenet.cli.output import Recorder, frame_progress, print_error, print_line, print_status, write_record
from movenet.cli.output_names import stem_of
from movenet.cli.run_annotation import VideoAnnotation
from movenet.cli.run_inputs import Video
from movenet.cli.run_plan import RunPlan
from movenet.cli.run_tally import Tally
from movenet.cli.window import Window, WindowClosedError
from movenet.errors import MediaError, MoveNetError
from movenet.estimator import Estimator
from movenet.media import Frame, Source, open_writer
from movenet.media.picture_like import as_rgb
from movenet.media.sources.opening import open_location
from movenet.media.sources.prefetch import Prefetcher
from movenet.planar import Picture
from movenet.records import Record, to_json
from movenet.video import ONE_EURO, VideoEstimator
from movenet.video.estimator import DEFAULT_LOCK
from movenet.video.segments import TrackedFrame, smooth_frames, track_frames
from movenet.video.workers import TrackedRecording, TrackingPool

VIDEOS_AHEAD: Final = 4
"""Short videos that are tracked in advance, so that no worker waits for the next one."""
FRAMES_AHEAD: Final = 2
"""Frames that are estimated while the one before is drawn."""


def run_videos(
    videos: Sequence[Video],
    plan: RunPlan,
    estimators: Sequence[Estimator],
    recorder: Recorder | None,
    window: Window | None = None,
) -> int:
    """Estimate, draw, record and print videos, one after the other; return how many succeeded.

    Failures are reported on stderr. Ctrl-C completes the files of the current video and stops.

    Raises:
        MoveNetError: The person of --lock needs ids, and there are none.
        OutputError: stdout or the records cannot be written to any more.
    """
    # OpenCV's idle threads spin on cores that decoder and encoder need: a tenth of the time of a video.
    cv2.setNumThreads(1)
    trackers = [open_tracker(plan, estimator) for estimator in estimators]
    done = 0
    with ExitStack() as stack:
        pool = stack.enter_context(TrackingPool(trackers)) if len(trackers) > 1 else None
        for video, recording in _start_ahead(videos, pool):
            try:
                if isinstance(recording, MoveNetError):
                    raise recording
                _VideoRun(plan, trackers[0], recording, window).run(video, recorder)
            except MoveNetError as error:
                print_error(error)
            else:
                done += 1
    return done


def open_tracker(plan: RunPlan, estimator: Estimator) -> VideoEstimator:
    """Return what tracks the people of videos.

    Raises:
        MoveNetError: The person of --lock needs ids, and there are none.
    """
    if plan.person.id is not None and estimator.people == "one":
        raise MoveNetError("--lock id:N needs ids: expected --people many")
    smoothing = ONE_EURO if plan.smooth == "causal" else None
    return VideoEstimator(estimator, lock=plan.person.lock or DEFAULT_LOCK, smoothing=smoothing)


def _start_ahead(
    videos: Iterable[Video], pool: TrackingPool | None
) -> Iterator[tuple[Video, TrackedRecording | MoveNetError | None]]:
    """Yield each video with its recording that is tracked in the background, or None without a pool."""
    remaining = iter(videos)
    started = deque((video, _start(video, pool)) for video in islice(remaining, VIDEOS_AHEAD if pool else 1))
    while started:
        yield started.popleft()
        started.extend((video, _start(video, pool)) for video in islice(remaining, 1))


def _start(video: Video, pool: TrackingPool | None) -> TrackedRecording | MoveNetError | None:
    if pool is None or not isinstance(video.location, Path):
        return None
    try:
        return pool.start(video.location)
    except MoveNetError as error:
        return error


@dataclass(frozen=True, slots=True)
class _VideoRun:
    """One video carried out."""

    plan: RunPlan
    tracker: VideoEstimator
    recording: TrackedRecording | None
    """The same video tracked in the background; None to track it here."""
    window: Window | None = None

    def run(self, video: Video, recorder: Recorder | None) -> None:
        """Track, draw, record and print.

        Raises:
            MoveNetError: The video cannot be read to its end, or its copy cannot be written.
            OutputError: stdout or the records cannot be written to any more.
        """
        plan, target = self.plan, self.plan.videos[video]
        model = self.tracker.estimator.engine.card
        arrow = f" → {target}" if target else ""
        tally = Tally()
        try:
            with ExitStack() as stack:
                source = stack.enter_context(open_location(video.location, plan.frames.source_settings))
                audio_file = video.audio_file if plan.frames.takes_all else None
                writer = target and stack.enter_context(
                    open_writer(target, like=source, audio_from=audio_file)
                )
                annotation = VideoAnnotation(plan.overlays, model, plan.style)
                results = stack.enter_context(closing(self._results(video, source)))
                for record, picture in frame_progress(results, source, plan.frames.count(source)):
                    angles = annotation.measure(record.poses)
                    poses = plan.calibrate(record.poses, model)
                    record = replace(record, source=video.name or record.source, poses=poses, angles=angles)
                    write_record(recorder, record)
                    if plan.is_printed(video):
                        print_line(to_json(record))
                    if picture is not None and plan.crops is not None:
                        stem = f"{stem_of(video)}-{record.frame:06}"
                        annotation.write_crops(plan.crops, stem, picture, record.poses)
                    if picture is not None and (writer or self.window):
                        drawn = annotation.draw_frame(picture, record.time_s, record.poses, angles)
                        if writer:
                            writer.write(drawn, record.time_s)
                        if self.window:
                            self.window.show(as_rgb(drawn))
                    tally.add(record.poses)
        except (KeyboardInterrupt, WindowClosedError):
            print_status(f"{video}: stopped, what was done is kept: {tally}{arrow}")
            raise
        damage = self.recording.damage if self.recording else source.damage
        note = f", {damage} damaged part{'' if damage == 1 else 's'} left out" if damage else ""
        print_status(f"{video}: {tally}{note}{arrow}")

    def _results(self, video: Video, source: Source) -> Generator[tuple[Record, Picture | None], None, None]:
        """Yield the record of each frame, and its picture if an annotated copy is written."""
        if self.plan.smooth == "offline" and source.live:
            raise MediaError(f"{source.name}: smoothing offline needs a recording, use causal for a stream")
        if self.recording is None and self.plan.smooth != "offline":
            frames = self._track(source)
            if source.live:  # its frames would wait, and be old
                yield from frames
            else:
                with closing(Prefetcher(frames, FRAMES_AHEAD)) as ahead:
                    yield from ahead
            return
        tracked: Iterable[TrackedFrame]
        if self.recording:
            tracked = self.recording.frames()
        else:
            tracked = (frame for frame, _ in track_frames(self.plan.frames.select(source), self.tracker))
        if self.plan.smooth == "offline":
            tracked = smooth_frames(list(tracked))
        if not self.plan.is_seen(video):
            yield from ((self._record(source.name, frame), None) for frame in tracked)
            return
        with open_location(video.location, self.plan.frames.source_settings) as again:
            for frame, read in _pair(again.name, tracked, self.plan.frames.select(again)):
                yield self._record(source.name, frame), read.native

    def _track(self, source: Source) -> Generator[tuple[Record, Picture], None, None]:
        stream = self.tracker.stream()
        for frame in self.plan.frames.select(source):
            poses = stream(frame.native, frame.time_s)
            tracked = TrackedFrame(frame.index, frame.time_s, frame.width, frame.height, tuple(poses))
            yield self._record(source.name, tracked), frame.native

    def _record(self, name: str, frame: TrackedFrame) -> Record:
        """Return the record of a frame, with the person of --lock only."""
        poses = self.plan.person.select(frame.poses)
        return Record(name, frame.index, frame.time_s, frame.width, frame.height, poses)


def _pair(
    name: str, tracked: Iterable[TrackedFrame], frames: Iterable[Frame]
) -> Iterator[tuple[TrackedFrame, Frame]]:
    """Yield the frames of the first reading with those of the second.

    Raises:
        MediaError: The two readings differ in the number of frames.
    """
    for number, (first, second) in enumerate(zip_longest(tracked, frames)):
        if first is None or second is None:
            raise MediaError(
                f"{name} changed between two readings: only one of them has a frame {number}; "
                "use --smooth causal and one worker"
            )
        yield first, second
