"""Where the time of a video goes: each step of its walk alone, over the same frames, and all of them at once."""

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

from movenet.bench.race import Clock, Plan, quantile_ms, race
from movenet.crop import Crop
from movenet.decode import Guide, Heads
from movenet.decode.families import DECODERS
from movenet.drawing import draw_on
from movenet.estimator import Detection
from movenet.media.frame import Frame
from movenet.media.photo import write_photo
from movenet.media.sources.opening import open_source
from movenet.media.writers.writer import open_writer
from movenet.pose import Pose
from movenet.video import VideoEstimator

STAGES: Final = ("decode video", "first look", "crop", "engine", "decode heads", "smooth", "draw", "encode")
"""The steps of a frame in their order; a first look is taken now and then, and counted for every frame."""
TOGETHER: Final = "together"
"""All of it as `movenet run` does it: decoding and encoding go on in the background."""
USUAL_RATE_FPS: Final = 30.0
MOST_FRAMES: Final = 90
"""Frames that are held in memory …"""
MOST_BYTES: Final = 512 * 2**20
"""… as far as they fit into this; 4K is measured on 21."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """What one step took."""

    stage: str
    """One of `STAGES`, or `TOGETHER`."""
    p50_ms: float
    """For each frame, the median of the runs through all frames."""
    p90_ms: float
    """Likewise: nine runs of ten were faster."""
    frames_per_s: float
    """If there were nothing else to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured."""

    name: str
    """Of the file, without its folder."""
    width: int
    height: int
    frames: int


def race_stages(
    video: Path, follower: VideoEstimator, plan: Plan, *, clock: Clock = time.perf_counter
) -> tuple[Subject, list[StageTimes]]:
    """Let the steps take turns over the first frames of a video or over a photo.

    Raises:
        MediaError: if the video cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="movenet-bench-") as folder:
        walk = Walk(video, follower, Path(folder))
        steps = walk.steps()
        for step in steps.values():
            step()
        # A turn is one run through all frames: long enough to need no warming up.
        whole = Plan(plan.seconds, turn_s=0, least_calls=1, least_rounds=plan.least_rounds, warm_calls=0)
        times = race(list(steps.values()), whole, clock)
    count = len(walk.frames)
    found = [_times(stage, mine, count) for stage, mine in zip(steps, times, strict=True)]
    height, width = walk.frames[0].image.shape[:2]
    return Subject(video.name, width, height, count), found


def _times(stage: str, times_s: Sequence[float], frames: int) -> StageTimes:
    median_ms = quantile_ms(times_s, 0.5) / frames
    return StageTimes(stage, median_ms, quantile_ms(times_s, 0.9) / frames, 1000 / median_ms)


class Walk:
    """The first frames of a video, with all that one step hands to the next: so each can run alone."""

    def __init__(self, video: Path, follower: VideoEstimator, folder: Path) -> None:
        """Walk once through everything; films are written to `folder`."""
        self._video = video
        self._follower = follower
        self._folder = folder
        with open_source(video) as source:
            self._rate_fps = source.rate_fps or USUAL_RATE_FPS
            fitting = max(MOST_BYTES // (source.width * source.height * 3), 1)
            self.frames = list(islice(source, min(MOST_FRAMES, fitting)))
        stream = follower.stream()
        self.poses = [stream(frame.image, frame.time_s) for frame in self.frames]
        self._places: list[tuple[Crop, Guide | None]] = []
        self._squares: list[NDArray[np.uint8]] = []
        self._heads: list[Heads] = []

    def steps(self) -> Mapping[str, Callable[[], object]]:
        """Return each of `STAGES` and `TOGETHER` as a call that runs through all frames."""
        self._crop()
        engine = self._follower.estimator.engine
        self._heads = [engine(square[None]) for square in self._squares]
        runs = (
            self._decode_video,
            self._first_look,
            self._crop,
            self._engine,
            self._decode_heads,
            self._smooth,
            self._draw,
            self._encode,
        )
        return {**dict(zip(STAGES, runs, strict=True)), TOGETHER: self._together}

    def _place(self, frame: Frame, poses: Sequence[Pose]) -> tuple[Crop, Guide | None]:
        """Return where to look in a frame and for whom: as for the frame after it."""
        side, settings = self._follower.estimator.engine.card.side, self._follower.settings
        bounds = poses[0].bounds() if poses else None
        if bounds is None:
            return Crop.whole(frame.image.shape[1], frame.image.shape[0], side), None
        x, y, width, height = bounds
        detection = Detection(poses[0], np.array([x + width / 2, y + height / 2]))
        crop = detection.crop(side, settings.crop_factor)
        return crop, detection.guide(crop, settings.guide_weight, self._follower.estimator.shift_px)

    def _decode_video(self) -> None:
        with open_source(self._video) as source:
            for _ in islice(source, len(self.frames)):
                pass

    def _first_look(self) -> None:
        every = max(round(self._rate_fps * self._follower.settings.check_every_s), 1)
        for frame in self.frames[::every]:
            self._follower.estimator.detect(frame.image)

    def _crop(self) -> None:
        self._places = [self._place(*seen) for seen in zip(self.frames, self.poses, strict=True)]
        self._squares = [
            crop.cut(frame.image) for (crop, _), frame in zip(self._places, self.frames, strict=True)
        ]

    def _engine(self) -> None:
        engine = self._follower.estimator.engine
        for square in self._squares:
            engine(square[None])

    def _decode_heads(self) -> None:
        estimator = self._follower.estimator
        decoder = DECODERS[estimator.engine.card.family]
        for heads, (crop, guide) in zip(self._heads, self._places, strict=True):
            crop.decoded_to_image(
                decoder.decode_one(heads, [guide], estimator.settings.vote_radius)[0], decoder.shift_px
            )

    def _smooth(self) -> None:
        settings, state = self._follower.smoothing, None
        for frame, pose in self._seen():
            if settings is not None:
                size = (frame.image.shape[1], frame.image.shape[0])
                state, _ = settings.step(state, frame.time_s, pose.keypoints, pose.scores, size)

    def _seen(self) -> Iterator[tuple[Frame, Pose]]:
        for frame, poses in zip(self.frames, self.poses, strict=True):
            for pose in poses[:1]:
                yield frame, pose

    def _draw(self) -> None:
        for frame, poses in zip(self.frames, self.poses, strict=True):
            draw_on(frame.image, poses)

    def _encode(self) -> None:
        self._write((frame, []) for frame in self.frames)

    def _together(self) -> None:
        stream = self._follower.stream()
        with open_source(self._video) as source:
            frames = islice(source, len(self.frames))
            self._write((frame, stream(frame.image, frame.time_s)) for frame in frames)

    def _write(self, annotated: Iterator[tuple[Frame, list[Pose]]]) -> None:
        if len(self.frames) == 1:
            for frame, poses in annotated:
                draw_on(frame.image, poses)
                write_photo(self._folder / "photo.jpg", frame.image)
            return
        with open_writer(self._folder / "film.mp4", rate_fps=self._rate_fps) as writer:
            for frame, poses in annotated:
                draw_on(frame.image, poses)
                writer.write(frame.image, frame.time_s)
