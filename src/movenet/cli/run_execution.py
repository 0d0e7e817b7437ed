"""`movenet run` carried out: photos, then videos, with all poses in one file of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import cv2

from movenet.analysis import measure_angles
from movenet.calibration import probabilities, with_probabilities
from movenet.cli.output import (
    frame_progress,
    print_error,
    print_line,
    print_poses,
    print_status,
    progress,
    write_record,
)
from movenet.cli.run_inputs import Video
from movenet.cli.run_overlays import VideoOverlay
from movenet.cli.run_plan import RunPlan
from movenet.drawing import draw
from movenet.errors import MediaError, MoveNetError
from movenet.estimator import Estimator
from movenet.estimator.photos import PhotoPoses, estimate_photos
from movenet.media import Frame, Source, SourceSettings, open_writer, write_photo
from movenet.media.location import Location
from movenet.media.sources.opening import open_location
from movenet.models import ModelCard
from movenet.overlays import draw_angles
from movenet.pose import Pose
from movenet.records import Record, RecordWriter, open_records, to_json

if TYPE_CHECKING:
    from movenet.video import VideoEstimator


def execute(plan: RunPlan, open_estimator: Callable[[], Estimator]) -> bool:
    """Run on every input and return whether all succeeded.

    The records of an input that fails midway are kept up to there, unless no input succeeded.

    Raises:
        MoveNetError: The model cannot be opened, or the records cannot be written.
        OutputError: stdout or the records cannot be written to any more.
    """
    if not (plan.photos or plan.videos):
        return False
    estimator = open_estimator()
    if plan.probabilities:
        probabilities(0.5, estimator.engine.card)  # raises if the model has no calibration
    with ExitStack() as stack:
        recorder = stack.enter_context(open_records(plan.records)) if plan.records else None
        done = run_photos(plan, estimator, recorder) if plan.photos else 0
        done += run_videos(plan, estimator, recorder) if plan.videos else 0
        if recorder and not done:
            recorder.discard()
    if plan.records and done:
        print_status(f"records → {plan.records}")
    return plan.all_found and done == len(plan.photos) + len(plan.videos)


def run_photos(plan: RunPlan, estimator: Estimator, recorder: RecordWriter | None) -> int:
    """Estimate, draw, record and print every photo; return how many succeeded. Failures are reported on stderr.

    Raises:
        OutputError: stdout or the records cannot be written to any more.
    """
    done = 0
    for found in progress(estimate_photos(plan.photos, estimator), "estimating", len(plan.photos)):
        try:
            record = _draw_photo(found, plan, estimator.engine.card)
        except MoveNetError as error:
            print_error(error)
            continue
        write_record(recorder, record)
        if plan.json:
            print_line(to_json(record))
        else:
            print_poses(record, plan.photos[found.path], found.estimate_s)
        done += 1
    return done


def _draw_photo(found: PhotoPoses, plan: RunPlan, model: ModelCard) -> Record:
    if found.error is not None:
        raise found.error
    target, poses = plan.photos[found.path], _calibrated(found.poses, plan, model)
    angles = tuple(measure_angles(pose, model) for pose in found.poses) if plan.overlays.angles else ()
    if target is not None:
        drawn = draw(found.image, poses, plan.style)
        if angles:
            draw_angles(drawn, poses, angles, plan.style)
        write_photo(target, drawn)
    height, width = found.image.shape[:2]
    return Record(str(found.path), 0, 0.0, width, height, poses, angles)


def _calibrated(poses: Sequence[Pose], plan: RunPlan, model: ModelCard) -> tuple[Pose, ...]:
    """Return the poses, with probabilities in place of scores if the plan says so."""
    return tuple(with_probabilities(pose, model) if plan.probabilities else pose for pose in poses)


def run_videos(plan: RunPlan, estimator: Estimator, recorder: RecordWriter | None) -> int:
    """Estimate, draw, record and print every video; return how many succeeded. Failures are reported on stderr.

    Ctrl-C completes the files of the current video and stops.

    Raises:
        OutputError: stdout or the records cannot be written to any more.
    """
    from movenet.video import ONE_EURO, VideoEstimator
    from movenet.video.estimator import DEFAULT_LOCK

    # OpenCV's idle threads spin on cores that decoder and encoder need: a tenth of the time of a video.
    cv2.setNumThreads(1)
    smoothing = ONE_EURO if plan.smooth == "causal" else None
    video_estimator = VideoEstimator(estimator, lock=plan.person.lock or DEFAULT_LOCK, smoothing=smoothing)
    if plan.person.id is not None and estimator.people == "one":
        raise MoveNetError("--lock id:N needs ids: expected --people many")
    done = 0
    for video in plan.videos:
        try:
            _run_video(video, plan, video_estimator, recorder)
        except MoveNetError as error:
            print_error(error)
        else:
            done += 1
    return done


def _run_video(
    video: Video, plan: RunPlan, video_estimator: VideoEstimator, recorder: RecordWriter | None
) -> None:
    target = plan.videos[video]
    arrow = f" → {target}" if target else ""
    count = 0
    try:
        with ExitStack() as stack:
            source = stack.enter_context(open_location(video.location, SourceSettings()))
            writer = target and stack.enter_context(
                open_writer(
                    target, like=source, audio_from=video.audio_file if plan.frames.takes_all else None
                )
            )
            model = video_estimator.estimator.engine.card
            overlay = VideoOverlay(plan.overlays, model, plan.style)
            frames = _estimate_frames(source, video.location, video_estimator, plan)
            for frame, estimated in frame_progress(frames, source):
                angles, size = overlay.measure(estimated), (frame.width, frame.height)
                poses = _calibrated(estimated, plan, model)
                record = Record(source.name, frame.index, frame.time_s, *size, poses, angles)
                write_record(recorder, record)
                if plan.is_printed(video):
                    print_line(to_json(record))
                if writer:
                    picture = draw(frame.native, poses, plan.style)
                    writer.write(overlay.draw(picture, frame.time_s, poses, angles), frame.time_s)
                count += 1
    except KeyboardInterrupt:
        print_status(f"{video}: stopped, what was done is kept: {count} frames{arrow}")
        raise
    damage = f", {source.damage} damaged parts left out" if source.damage else ""
    print_status(f"{video}: {count} frames{damage}{arrow}")


def _estimate_frames(
    source: Source, location: Location, video_estimator: VideoEstimator, plan: RunPlan
) -> Iterator[tuple[Frame, list[Pose]]]:
    """Yield each frame with its poses; for offline smoothing the location is opened and read a second time."""
    from movenet.video import smooth_recording

    stream = video_estimator.stream()
    frames = plan.frames.select(source)
    if plan.smooth != "offline":
        yield from ((frame, _chosen(stream(frame.native, frame.time_s), plan)) for frame in frames)
        return
    if source.live:
        raise MediaError(f"{source.name}: smoothing offline needs a recording, use causal for a stream")
    estimated = [(frame.time_s, _chosen(stream(frame.native, frame.time_s), plan)) for frame in frames]
    poses = smooth_recording([time_s for time_s, _ in estimated], [found for _, found in estimated])
    with open_location(location, SourceSettings()) as again:
        yield from _pair_frames(again, plan.frames.select(again), poses)


def _chosen(poses: list[Pose], plan: RunPlan) -> list[Pose]:
    """Return the poses of the person of --lock id:N, or all."""
    return poses if plan.person.id is None else [pose for pose in poses if pose.id == plan.person.id]


def _pair_frames(
    again: Source, selected: Iterable[Frame], poses: Sequence[list[Pose]]
) -> Iterator[tuple[Frame, list[Pose]]]:
    """Yield the frames of the second reading with the poses of the first.

    Raises:
        MediaError: The two readings differ in the number of frames.
    """
    frames = 0
    for frame in selected:
        if frames < len(poses):
            yield frame, poses[frames]
        frames += 1
    if frames != len(poses):
        raise MediaError(
            f"{again.name} changed between two readings: expected {len(poses)} frames again, got {frames}; "
            "use --smooth causal"
        )
