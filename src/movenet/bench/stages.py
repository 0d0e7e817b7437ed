"""Times of the stages of a video pipeline, each alone over the same frames, and of the whole pipeline."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.bench.timing import Clock, TimingPlan, quantile_ms, time_interleaved
from movenet.crop import Crop
from movenet.decode import Heads
from movenet.drawing import draw
from movenet.estimator import Detection
from movenet.estimator.views import View, decode_views, to_pose
from movenet.media.frame import Frame
from movenet.media.photo import write_photo
from movenet.media.picture_like import as_rgb
from movenet.media.sources.opening import open_source
from movenet.media.writers.writer import open_writer
from movenet.pose import Pose
from movenet.video import VideoEstimator
from movenet.video.association import center_of

STAGES: Final = ("decode video", "detection", "crop", "engine", "decode heads", "smooth", "draw", "encode")
"""Stages of a frame in their order; detection runs at intervals, and its time is spread over all frames."""
TOGETHER: Final = "together"
"""The whole pipeline as in `movenet run`: decoding and encoding run in the background."""
DEFAULT_RATE_FPS: Final = 30.0
MAX_FRAMES: Final = 90
"""Most frames held in memory."""
MAX_BYTES: Final = 512 * 2**20
"""Most bytes of frames held in memory; of 4K video that is 21 frames."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Times of one stage."""

    stage: str
    """One of `STAGES`, or `TOGETHER`."""
    p50_ms: float
    """Median over the runs through all frames, divided by their number."""
    p90_ms: float
    """90th percentile over the runs through all frames, divided by their number."""
    frames_per_s: float
    """Throughput of this stage alone."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The video measured."""

    name: str
    """Name of the file, without its folder."""
    width: int
    height: int
    frames: int


def time_stages(
    video: Path, estimator: VideoEstimator, plan: TimingPlan, *, clock: Clock = time.perf_counter
) -> tuple[VideoInfo, list[StageTimes]]:
    """Time the stages in turns, over the first frames of a video or over a photo.

    Raises:
        MediaError: if the video cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="movenet-bench-") as folder:
        pipeline = VideoPipeline(video, estimator, Path(folder))
        stages = pipeline.stages()
        for stage in stages.values():
            stage()
        # A turn is one run through all frames: long enough without warm-up calls.
        whole = TimingPlan(plan.seconds, turn_s=0, min_calls=1, min_rounds=plan.min_rounds, warmup_calls=0)
        times = time_interleaved(list(stages.values()), whole, clock)
    count = len(pipeline.frames)
    found = [_times(stage, stage_times, count) for stage, stage_times in zip(stages, times, strict=True)]
    first = pipeline.frames[0]
    return VideoInfo(video.name, first.width, first.height, count), found


def _times(stage: str, times_s: Sequence[float], frames: int) -> StageTimes:
    median_ms = quantile_ms(times_s, 0.5) / frames
    return StageTimes(stage, median_ms, quantile_ms(times_s, 0.9) / frames, 1000 / median_ms)


class VideoPipeline:
    """The first frames of a video, with the inputs of each stage in memory, so that each can run alone."""

    def __init__(self, video: Path, estimator: VideoEstimator, folder: Path) -> None:
        """Read and track the frames; videos are written to `folder`."""
        self._video = video
        self._video_estimator = estimator
        self._folder = folder
        with open_source(video) as source:
            self._rate_fps = source.rate_fps or DEFAULT_RATE_FPS
            fitting = max(MAX_BYTES // (source.width * source.height * 3), 1)
            self.frames = list(islice(source, min(MAX_FRAMES, fitting)))
        stream = estimator.stream()
        self.poses = [stream(frame.native, frame.time_s) for frame in self.frames]
        self._views: list[View] = []
        self._squares: list[NDArray[np.uint8]] = []
        self._heads: list[Heads] = []

    def stages(self) -> Mapping[str, Callable[[], object]]:
        """Return each of `STAGES` and `TOGETHER` as a call that runs through all frames."""
        self._crop()
        engine = self._video_estimator.estimator.engine
        self._heads = [engine(square[None]) for square in self._squares]
        runs = (
            self._decode_video,
            self._detect,
            self._crop,
            self._engine,
            self._decode_heads,
            self._smooth,
            self._draw,
            self._encode,
        )
        return {**dict(zip(STAGES, runs, strict=True)), TOGETHER: self._together}

    def _view(self, frame: Frame, poses: Sequence[Pose]) -> View:
        """Return the crop of a frame, from its own poses."""
        estimator, settings = self._video_estimator.estimator, self._video_estimator.settings
        side = estimator.engine.card.side
        if not poses or poses[0].bounds() is None:
            return View(frame.native, Crop.whole(frame.width, frame.height, side))
        detection = Detection(poses[0], center_of(poses[0]))
        crop = detection.crop(side, settings.crop_factor)
        return estimator.view(frame.native, detection, crop, settings.guide_weight)

    def _decode_video(self) -> None:
        with open_source(self._video) as source:
            for _ in islice(source, len(self.frames)):
                pass

    def _detect(self) -> None:
        every = max(round(self._rate_fps * self._video_estimator.settings.detect_every_s), 1)
        for frame in self.frames[::every]:
            self._video_estimator.estimator.detect(frame.native)

    def _crop(self) -> None:
        self._views = [self._view(*pair) for pair in zip(self.frames, self.poses, strict=True)]
        self._squares = [view.square() for view in self._views]

    def _engine(self) -> None:
        engine = self._video_estimator.estimator.engine
        for square in self._squares:
            engine(square[None])

    def _decode_heads(self) -> None:
        estimator = self._video_estimator.estimator
        card, offset_cells = estimator.engine.card, estimator.settings.distance_offset_cells
        for heads, view in zip(self._heads, self._views, strict=True):
            to_pose(decode_views(heads, [view], card, offset_cells), view, card.keypoint_names)

    def _smooth(self) -> None:
        settings, state = self._video_estimator.smoothing, None
        for frame, pose in self._poses():
            if settings is not None:
                size = (frame.width, frame.height)
                state, _ = settings.step(state, frame.time_s, pose.keypoints, pose.scores, size)

    def _poses(self) -> Iterator[tuple[Frame, Pose]]:
        for frame, poses in zip(self.frames, self.poses, strict=True):
            for pose in poses[:1]:
                yield frame, pose

    def _draw(self) -> None:
        for frame, poses in zip(self.frames, self.poses, strict=True):
            draw(frame.native, poses)

    def _encode(self) -> None:
        self._write((frame, []) for frame in self.frames)

    def _together(self) -> None:
        stream = self._video_estimator.stream()
        with open_source(self._video) as source:
            frames = islice(source, len(self.frames))
            self._write((frame, stream(frame.native, frame.time_s)) for frame in frames)

    def _write(self, annotated: Iterator[tuple[Frame, list[Pose]]]) -> None:
        if len(self.frames) == 1:
            for frame, poses in annotated:
                write_photo(self._folder / "photo.jpg", as_rgb(draw(frame.native, poses)))
            return
        with open_writer(self._folder / "video.mp4", rate_fps=self._rate_fps) as writer:
            for frame, poses in annotated:
                writer.write(draw(frame.native, poses), frame.time_s)
