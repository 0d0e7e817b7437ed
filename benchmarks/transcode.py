"""Cost of an annotated video beside a plain transcode with the same library, settings and cores.

    python benchmarks/transcode.py [--media FOLDER] [--turns 5] [--seconds 10] [--cores 2]

The transcode decodes and encodes with PyAV; no picture passes through Python. The annotated video is made as
`movenet run` makes it: decode, follow the person, draw, encode. Both with the same preset and quality of x264.
The models are loaded before. The clip of 2160p is a third as long, because its frames take longer.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2

import footage
import laps
from movenet import Estimator, Runtime, VideoEstimator, draw, open_source, open_writer
from movenet.bench import Table
from movenet.machine import threads_for_video
from movenet.media.writers.base import WriterSettings
from movenet.media.writers.video_file import h264

PRESETS = (WriterSettings().preset, "veryfast", "medium")
"""The default of this package, the one of many programs, and x264's own."""


def transcode(path: Path, out: Path, settings: WriterSettings) -> None:
    """Decode and encode, nothing else."""
    codec = h264(settings)
    with (
        av.open(str(path)) as container,
        av.open(str(out), "w", container_options=dict(codec.container_options)) as copy,
    ):
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        stream = copy.add_stream(
            codec.name,
            rate=video.average_rate,
            options=dict(codec.options),
            time_base=Fraction(1, codec.ticks),
        )
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        stream.codec_context.thread_count = 0
        for frame in container.decode(video):
            frame.pict_type = 0
            copy.mux(stream.encode(frame))
        copy.mux(stream.encode(None))


def annotate(path: Path, out: Path, settings: WriterSettings, follower: VideoEstimator) -> None:
    """Follow the person, draw the skeleton, write the video."""
    stream = follower.stream()
    with open_source(path) as source, open_writer(out, like=source, settings=settings) as writer:
        for frame in source:
            poses = stream(frame.native, frame.time_s)
            writer.write(draw(frame.native, poses), frame.time_s)


def row(clip: footage.Clip, path: Path, preset: str, follower: VideoEstimator, turns: int) -> tuple[str, ...]:
    """Let both take turns on a clip; return a line of the table."""
    out, settings = path.with_name("out.mp4"), WriterSettings(preset=preset)
    jobs = {
        "plain": lambda: transcode(path, out, settings),
        "ours": lambda: annotate(path, out, settings, follower),
    }
    found = laps.take_turns(jobs, clip.frames, turns)
    plain, ours = found["plain"], found["ours"]
    figures = (f"{laps.wall_ms(plain):.2f}", f"{laps.wall_ms(ours):.2f}")
    ratios = (laps.times(ours, of=plain), laps.core_times(ours, of=plain))
    return (clip.name, follower.estimator.engine.card.name, preset, *figures, *ratios)


def main() -> None:
    """Measure and print."""
    found = laps.arguments(__doc__, turns=5)
    cv2.setNumThreads(1)  # as `movenet run` does
    follower = VideoEstimator(Estimator(runtime=Runtime(threads=threads_for_video())))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in (footage.WALKER_720, footage.BALANCE_720, footage.WALKER_2160):
            wanted = replace(
                clip, seconds=found.seconds * footage.WALKER_720.width / max(clip.width, clip.height)
            )
            path = wanted.make(found.media, Path(folder))
            rows += [row(wanted, path, preset, follower, found.turns) for preset in PRESETS]
    heads = (
        "clip",
        "model",
        "preset",
        "plain, ms per frame",
        "annotated, ms per frame",
        "times as long",
        "core time",
    )
    note = f"{found.cores} cores. Ratios are medians of {found.turns} turns, with their middle half."
    laps.show(Table(heads, tuple(rows), 3, (note,)))


if __name__ == "__main__":
    main()
