"""A long recording tracked in spans side by side, against the same recording in one go: poses and ids around the seams.

    python benchmarks/long_video.py CLIP [--minutes 10] [--workers 4] [--people one|many] [--model lightning]
    python benchmarks/long_video.py --scripted [--minutes 10]

CLIP is repeated until it is long enough, without being encoded again. With `--scripted` people are bright boxes that
walk and cross, found by a scripted engine. A seam is where the poses of the next span take over; frames within a second
of it count as at the seam.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from movenet import Estimator, Runtime, VideoEstimator, open_source
from movenet.machine import this_machine
from movenet.oks import area, similarity
from movenet.pose import Pose
from movenet.video.segments import OVERLAP_S, TrackedFrame, plan_segments, track_frames
from movenet.video.workers import SEGMENT_S, TrackingPool
from stage import Stage, scene

RATE_FPS = 10
SEAM_S = 1.0


def repeat(clip: Path, target: Path, length_s: float) -> None:
    """Write a clip again and again, packet by packet."""
    offset, last = 0, 0
    with av.open(str(target), "w") as out:
        stream = None
        while True:
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                step = round(1 / (video.average_rate * video.time_base))
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    packet.dts += offset
                    packet.pts += offset
                    last = max(last, packet.pts)
                    packet.stream = stream
                    out.mux(packet)
                offset = last + step
                if offset * video.time_base >= length_s:
                    return


def walkers(target: Path, length_s: float) -> None:
    """Write a video of three bright boxes that walk up and down at speeds of their own, and cross."""
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", RATE_FPS, options={"preset": "ultrafast", "crf": "18", "g": "50"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(round(length_s * RATE_FPS)):
            time_s = number / RATE_FPS
            people = [
                (round(290 + 240 * np.sin(2 * np.pi * time_s / period_s + phase)), y, 60, 100, brightness)
                for period_s, phase, y, brightness in ((17, 0, 10, 250), (23, 1, 130, 230), (31, 2, 250, 210))
            ]
            frame = av.VideoFrame.from_ndarray(scene(*people), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE_FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def one_go(path: Path, tracker: VideoEstimator) -> list[TrackedFrame]:
    """Track a recording from its start to its end."""
    with open_source(path) as source:
        return [frame for frame, _ in track_frames(source, tracker)]


def seams(length_s: float, workers: int) -> list[float]:
    """Return the times at which the next span takes over."""
    segment_s = min(max(length_s / workers, SEGMENT_S[0]), SEGMENT_S[1])
    return [start_s + OVERLAP_S for start_s, _ in plan_segments(length_s, segment_s)][1:]


def compare(
    what: str, pairs: Iterable[tuple[TrackedFrame, TrackedFrame]], is_counted: Callable[[float], bool]
) -> None:
    """Print how the poses and ids of two readings agree in some frames."""
    found, same_id, missing, frames = [], 0, 0, 0
    for whole, joined in pairs:
        if not is_counted(whole.time_s):
            continue
        frames += 1
        missing += abs(len(whole.poses) - len(joined.poses))
        left = list(joined.poses)
        for pose in whole.poses:
            if not left:
                break
            scores = [oks(pose, other) for other in left]
            best = int(np.argmax(scores))
            found.append(scores[best])
            same_id += pose.id == left.pop(best).id
    scores = np.array(found)
    print(
        f"{what}: {frames:,} frames, {len(scores):,} poses, OKS mean {scores.mean():.4f}, "
        f"{np.mean(scores >= 0.98):.3%} at least 0.98, lowest {scores.min():.3f}; "
        f"same id {same_id / len(scores):.2%}; {missing} poses in one reading only"
    )


def oks(pose: Pose, other: Pose) -> float:
    """Return the similarity of two poses, 0…1."""
    size = max(area(pose), area(other))
    return float(similarity(pose.keypoints[None], other.keypoints[None], [size])[0, 0])


def main() -> None:
    """Track both ways, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--people", choices=("one", "many"), default="many")
    parser.add_argument("--model", default="lightning")
    parser.add_argument("--scripted", action="store_true")
    arguments = parser.parse_args()
    length_s = 60 * arguments.minutes

    def open_tracker() -> VideoEstimator:
        if arguments.scripted:
            return VideoEstimator(Stage().estimator(people=arguments.people))
        runtime = Runtime(threads=1)
        return VideoEstimator(Estimator(arguments.model, people=arguments.people, runtime=runtime))

    print(this_machine())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.mp4"
        walkers(path, length_s) if arguments.scripted else repeat(arguments.clip, path, length_s)
        start_s = time.monotonic()
        whole = one_go(path, open_tracker())
        whole_s = time.monotonic() - start_s
        start_s = time.monotonic()
        with TrackingPool([open_tracker() for _ in range(arguments.workers)]) as pool:
            joined = list(pool.start(path).frames())
        joined_s = time.monotonic() - start_s
    assert [frame.time_s for frame in whole] == [frame.time_s for frame in joined]
    at_s = seams(whole[-1].time_s, arguments.workers)
    print(
        f"{len(whole):,} frames, {len(at_s) + 1} spans; {whole_s:.0f} s in one go, {joined_s:.0f} s in spans"
    )
    pairs = list(zip(whole, joined, strict=True))
    compare("all frames", pairs, lambda time_s: True)
    compare("at the seams", pairs, lambda time_s: any(abs(time_s - each) <= SEAM_S for each in at_s))


if __name__ == "__main__":
    main()
