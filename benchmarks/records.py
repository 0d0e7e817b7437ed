"""How fast the poses of a 1080p video come if no video is written: records only.

    python benchmarks/records.py [--media FOLDER] [--turns 5] [--seconds 10] [--cores 2]

As `movenet run --records` does it: decode, follow the person, write a line of JSON for each frame. The models are
loaded before. Real time is 30 frames per second.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2

import footage
import laps
from movenet import Estimator, Record, Runtime, VideoEstimator, open_records, open_source
from movenet.bench import Table
from movenet.machine import threads_for_video

MODELS = ("lightning", "thunder")
Followers = dict[str, VideoEstimator]


def record(path: Path, out: Path, follower: VideoEstimator) -> None:
    """Follow the person and write what is found."""
    stream = follower.stream()
    with open_source(path) as source, open_records(out) as recorder:
        for frame in source:
            poses = tuple(stream(frame.native, frame.time_s))
            recorder.write(Record(path.name, frame.index, frame.time_s, frame.width, frame.height, poses))


def rows(clip: footage.Clip, path: Path, followers: Followers, turns: int) -> list[tuple[str, ...]]:
    """Let the models take turns on a clip; return lines of the table."""
    out = path.with_suffix(".jsonl")
    jobs = {model: partial(record, path, out, follower) for model, follower in followers.items()}
    found = laps.take_turns(jobs, clip.frames, turns)
    lines = []
    for model in jobs:
        ms = laps.wall_ms(found[model])
        real = 1000 / ms / clip.rate_fps
        lines.append((clip.name, model, f"{ms:.2f}", f"{1000 / ms:.0f}", f"**{real:.1f}**"))
    return lines


def main() -> None:
    """Measure and print."""
    found = laps.arguments(__doc__, turns=5)
    cv2.setNumThreads(1)  # as `movenet run` does
    runtime = Runtime(threads=threads_for_video())
    followers = {model: VideoEstimator(Estimator(model, runtime=runtime)) for model in MODELS}
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in (footage.WALKER_1080, footage.BALANCE_1080):
            wanted = replace(clip, seconds=found.seconds)
            lines += rows(wanted, wanted.make(found.media, Path(folder)), followers, found.turns)
    heads = ("clip", "model", "ms per frame", "frames/s", "times as fast as real time")
    note = f"{found.cores} cores. Medians of {found.turns} turns."
    laps.show(Table(heads, tuple(lines), 2, (note,)))


if __name__ == "__main__":
    main()
