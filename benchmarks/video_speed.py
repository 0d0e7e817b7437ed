"""How much an annotated film costs beside a plain transcode, and how fast records alone come.

    python benchmarks/video_speed.py dance.mp4 --turns 3

The transcode decodes with PyAV and encodes with the same encoder, settings and threads, without any picture passing
through Python. All take turns; the best of each is printed, with the processor time of all cores beside the wall's.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av

from movenet import draw, open_source, open_writer
from movenet.media.movie import h264
from movenet.media.writer import WriterSettings
from movenet.video import VideoEstimator


def transcode(path: Path, out: Path, settings: WriterSettings) -> int:
    """Decode and encode, nothing else; return the number of frames."""
    codec, frames = h264(settings), 0
    with (
        av.open(str(path)) as film,
        av.open(str(out), "w", container_options=dict(codec.container_options)) as copy,
    ):
        video = film.streams.video[0]
        video.thread_type = "AUTO"
        stream = copy.add_stream(codec.name, rate=video.average_rate, options=dict(codec.options))
        stream.width, stream.height = video.width // 2 * 2, video.height // 2 * 2
        stream.codec_context.thread_count = 0
        for frame in film.decode(video):
            frame.pict_type = 0
            copy.mux(stream.encode(frame))
            frames += 1
        copy.mux(stream.encode(None))
    return frames


def rewrite(path: Path, out: Path, settings: WriterSettings) -> int:
    """Read and write through this package, without looking for anybody."""
    with open_source(path) as source, open_writer(out, like=source, settings=settings) as writer:
        for frame in source:
            writer.write(frame.image, frame.time_s)
    return writer.frames


def annotate(path: Path, out: Path, settings: WriterSettings, estimator: VideoEstimator) -> int:
    """Follow the person, draw the skeleton, write the film."""
    stream = estimator.stream()
    with open_source(path) as source, open_writer(out, like=source, settings=settings) as writer:
        for frame in source:
            poses = stream(frame.image, frame.time_s)
            writer.write(draw(frame.image, poses), frame.time_s)
    return writer.frames


def follow(path: Path, estimator: VideoEstimator) -> int:
    """Follow the person: records only."""
    stream = estimator.stream()
    with open_source(path) as source:
        return sum(1 for frame in source if stream(frame.image, frame.time_s) is not None)


def watch(path: Path) -> int:
    """Decode to RGB only."""
    with open_source(path) as source:
        return sum(1 for _ in source)


def timed(work: Callable[[], int]) -> tuple[float, float]:
    """Return milliseconds per frame of the wall clock and of all cores."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    frames = work()
    wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall / frames, 1000 * cores / frames


def main() -> None:
    """Let all take turns and print the best of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--preset", default=WriterSettings().preset)
    options = parser.parse_args()
    settings, estimator = WriterSettings(preset=options.preset), VideoEstimator()
    with open_source(options.video) as source:
        rate_fps = source.rate_fps or 30.0
        estimator.stream()(next(source).image, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mp4"
        works: dict[str, Callable[[], int]] = {
            "transcode": lambda: transcode(options.video, out, settings),
            "read and write": lambda: rewrite(options.video, out, settings),
            "annotate": lambda: annotate(options.video, out, settings, estimator),
            "records only": lambda: follow(options.video, estimator),
            "decode only": lambda: watch(options.video),
        }
        best = {name: (float("inf"), float("inf")) for name in works}
        for _ in range(options.turns):
            for name, work in works.items():
                best[name] = tuple(map(min, best[name], timed(work)))  # type: ignore[assignment]
    for name, (wall, cores) in best.items():
        against = wall / best["transcode"][0], cores / best["transcode"][1]
        print(
            f"{name:15} {wall:6.2f} ms/frame, {cores:6.2f} ms of cores; x {against[0]:.2f} ({against[1]:.2f}) of the "
            f"transcode; {1000 / wall / rate_fps:.1f} x real time"
        )


if __name__ == "__main__":
    main()
