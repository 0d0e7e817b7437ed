"""Cost of tracking four people: a video of four at 720p, decoded, tracked, drawn and encoded.

    python benchmarks/crowd_speed.py --annotations single.json --images images [--seconds 6] [--turns 3] [--cores 2]
        [--model lightning] [--preset fast] [--threads 1]

The video is composed from photos as for `movenet eval-video --people many`; all four are in sight all the time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import laps
from movenet import Estimator, Runtime, VideoEstimator, open_source, open_writer
from movenet.bench import Table
from movenet.drawing import Style, draw
from movenet.machine import threads_for_video
from movenet.synthetic.camera import CameraSettings
from movenet.synthetic.many_people import SCENARIOS, make_scenes
from movenet.synthetic.scene import Walker


def make_film(path: Path, annotations: Path, images: Path, seconds: float) -> int:
    """Write a video of four people and return its number of frames."""
    camera = CameraSettings(1280, 720, seconds=seconds)
    scenes = make_scenes(annotations, images, len(SCENARIOS), 4, camera)
    scene = next(scene for scene in scenes if len(scene.walkers) == 4)
    walkers = [_strolling(walker, place, camera) for place, walker in enumerate(scene.walkers)]
    scene = replace(scene, walkers=tuple(walkers))
    with open_writer(path, rate_fps=camera.rate_hz) as writer:
        for image, time_s in scene.frames():
            writer.write(image, time_s)
    return len(scene)


def _strolling(walker: Walker, place: int, camera: CameraSettings) -> Walker:
    """Return a person who walks a step to and fro in their own quarter of the picture."""
    step = 0.03 * np.sin(np.linspace(0, 2 * np.pi, camera.frame_count))
    x = (0.125 + 0.25 * place + step) * camera.width
    y = np.full(camera.frame_count, 0.52 * camera.height)
    scale = min(0.65 * camera.height / walker.person.box[3], 0.24 * camera.width / walker.person.box[2])
    return replace(walker, center=np.column_stack([x, y]), scale=scale)


def decode(path: Path) -> None:
    """Decode, nothing else."""
    with open_source(path) as source:
        for _ in source:
            pass


def follow(path: Path, follower: VideoEstimator) -> list[int]:
    """Decode and follow; return how many people were seen in each frame."""
    stream = follower.stream()
    with open_source(path) as source:
        return [len(stream(frame.native, frame.time_s)) for frame in source]


def annotate(path: Path, out: Path, follower: VideoEstimator) -> None:
    """Decode, follow, draw and encode, as `movenet run --people many`."""
    stream, style = follower.stream(), Style("person")
    with open_source(path) as source, open_writer(out, like=source) as writer:
        for frame in source:
            poses = stream(frame.native, frame.time_s)
            writer.write(draw(frame.native, poses, style), frame.time_s)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--model", default="lightning")
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--threads", type=int, default=threads_for_video())
    wanted = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: wanted.cores])
    cv2.setNumThreads(1)  # as `movenet run` does
    follower = VideoEstimator(
        Estimator(
            wanted.model, people="many", settings=wanted.preset, runtime=Runtime(threads=wanted.threads)
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "four.mp4", Path(folder) / "out.mp4"
        frames = make_film(path, wanted.annotations, wanted.images, wanted.seconds)
        seen = follow(path, follower)
        jobs = {
            "decode": lambda: decode(path),
            "decode, track": lambda: follow(path, follower),
            "decode, track, draw, encode": lambda: annotate(path, out, follower),
        }
        found = laps.take_turns(jobs, frames, wanted.turns)
    times_ms = [(name, laps.wall_ms(turns)) for name, turns in found.items()]
    rows = tuple((name, f"{ms:.1f}", f"{1000 / ms:.0f}") for name, ms in times_ms)
    note = f"{wanted.cores} cores, {frames} frames, {np.mean(seen):.1f} people seen a frame."
    laps.show(Table(("step", "ms per frame", "frames/s"), rows, 1, (note,)))


if __name__ == "__main__":
    main()
