"""What a preset and a rate factor of the video encoder cost, in time and bytes, and what they keep of the picture.

    python benchmarks/encoding.py [--media FOLDER] [--turns 3] [--seconds 4] [--cores 2] [--clips choice|report]

Frames of 720p with skeletons are in memory. Each setting writes them as `movenet run` does; the baseline is MPEG-4 as
the tutorials write it (OpenCV, mp4v). Core time is that of all cores together, from the first frame to the finished
file. SSIM and PSNR are of luma, by FFmpeg's filters, against the frames that were written. The settings were chosen on
the clips "choice"; the table in the documentation is of the clips "report".
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from numpy.typing import NDArray

import footage
import laps
from movenet import VideoEstimator, draw, open_source, open_writer
from movenet.bench import Table
from movenet.media.planes import to_frame, to_rgb
from movenet.media.writers.base import WriterSettings
from movenet.planar import PlanarImage

CLIPS = {
    "choice": (footage.WALKER_720,),
    "report": (footage.BALANCE_720, footage.WALKERS_720),
}
MEASURES = {"ssim": "lavfi.ssim.Y", "psnr": "lavfi.psnr.psnr.y"}
SETTINGS = [
    WriterSettings(preset=preset, crf=crf)
    for preset, crf in (
        ("ultrafast", 22),
        ("superfast", 20),
        ("superfast", 22),
        ("superfast", 23),
        ("veryfast", 20),
        ("veryfast", 23),
        ("faster", 20),
        ("medium", 20),
    )
]


def annotated(path: Path) -> list[PlanarImage]:
    """Return the frames with their skeletons."""
    stream = VideoEstimator().stream()
    with open_source(path) as source:
        return [draw(frame.native, stream(frame.native, frame.time_s)) for frame in source]


def write(frames: Sequence[PlanarImage], out: Path, settings: WriterSettings) -> None:
    """Write as `movenet run` does."""
    with open_writer(out, rate_fps=30, settings=settings) as writer:
        for index, frame in enumerate(frames):
            writer.write(frame, index / 30)


def write_mpeg4(frames: Sequence[NDArray[np.uint8]], out: Path) -> None:
    """Write BGR pictures as the tutorials do."""
    height, width = frames[0].shape[:2]
    copy = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), 30, (width, height))
    for frame in frames:
        copy.write(frame)
    copy.release()


def compared(frames: Sequence[PlanarImage], path: Path, measure: str) -> list[float]:
    """Return the luma's SSIM, or PSNR in dB, of each frame of a video against the frames written."""
    graph, first, step = Graph(), to_frame(frames[0]), Fraction(1, 30)
    sources = [
        graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=step)
        for _ in range(2)
    ]
    compare, sink = graph.add(measure), graph.add("buffersink")
    for at, source in enumerate(sources):
        source.link_to(compare, 0, at)
    compare.link_to(sink)
    graph.configure()
    with av.open(str(path)) as video:
        for index, (found, frame) in enumerate(zip(video.decode(video=0), frames, strict=True)):
            pair = (found.reformat(format="yuv420p"), to_frame(frame))
            for source, picture in zip(sources, pair, strict=True):
                picture.pts, picture.time_base = index, step
                source.push(picture)
    for source in sources:
        source.push(None)
    return [_measured(sink, MEASURES[measure]) for _ in frames]


def _measured(sink: FilterContext, name: str) -> float:
    return float(sink.pull().metadata[name])


def rows(clip: footage.Clip, path: Path, turns: int) -> list[tuple[str, ...]]:
    """Let all settings take turns on a clip; return lines of the table."""
    frames, out = annotated(path), path.with_name("out.mp4")
    bgr = [np.ascontiguousarray(to_rgb(frame)[..., ::-1]) for frame in frames]
    jobs = {"MPEG-4 (tutorials)": partial(write_mpeg4, bgr, out)} | {
        f"{settings.preset}, {settings.crf}": partial(write, frames, out, settings) for settings in SETTINGS
    }
    found = laps.take_turns(jobs, len(frames), turns)
    baseline, lines = found["MPEG-4 (tutorials)"], []
    for name, job in jobs.items():
        job()
        ssim = np.array(compared(frames, out, "ssim"))
        psnr = np.mean(compared(frames, out, "psnr"))
        core_ms = np.median([lap.core_ms for lap in found[name]])
        mbit_per_s = out.stat().st_size * 8 * 30 / len(frames) / 1e6
        quality = (f"{ssim.mean():.4f}", f"{np.quantile(ssim, 0.01):.4f}", f"{psnr:.1f}")
        times = (f"{core_ms:.2f}", laps.core_times(found[name], of=baseline))
        lines.append((clip.name, name, *times, f"{mbit_per_s:.1f}", *quality))
    return lines


def main() -> None:
    """Measure and print."""
    found = laps.arguments(__doc__, turns=3, clips=tuple(CLIPS))
    cv2.setNumThreads(1)  # as `movenet run` does
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in CLIPS[found.clips]:
            wanted = replace(clip, seconds=min(found.seconds, 4.0))
            lines += rows(wanted, wanted.make(found.media, Path(folder)), found.turns)
    heads = (
        "clip",
        "preset, crf",
        "core ms per frame",
        "times MPEG-4's",
        "Mbit/s",
        "SSIM",
        "SSIM, worst 1 %",
        "PSNR, dB",
    )
    note = f"{found.cores} cores. Ratios are medians of {found.turns} turns, with their middle half."
    laps.show(Table(heads, tuple(lines), 2, (note,)))


if __name__ == "__main__":
    main()
