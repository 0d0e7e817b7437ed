"""Play damaged videos: small clips of many containers and codecs, with seeded mutations.

    python tools/fuzz_videos.py 1000                 # seeds 0 to 999
    python tools/fuzz_videos.py 1 --first 417        # one case again

Each case reads every frame of a damaged clip and writes a video from them with the clip's sound. It must end with
frames or a `MediaError`, and leave no thread and no open file. Exits with 1 if anything else happened.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from fuzzing import mutate_bytes, run_campaign
from movenet.errors import MediaError
from movenet.media import open_source, open_writer

WIDTH, HEIGHT, FRAMES, RATE = 64, 48, 8, 25


@dataclass(frozen=True)
class Clip:
    """One kind of video."""

    suffix: str
    codec: str
    pix_fmt: str = "yuv420p"
    sound: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    color_trc: int = 2
    """ITU-T H.273, table 3; 2 is unspecified, 16 PQ."""


CLIPS: Final = {
    "H.264 in MP4": Clip("mp4", "libx264", sound="aac"),
    "HEVC, HDR, in Matroska": Clip(
        "mkv", "libx265", "yuv420p10le", "libopus", {"x265-params": "log-level=none"}, color_trc=16
    ),
    "VP9 with alpha in WebM": Clip("webm", "libvpx-vp9", "yuva420p", options={"deadline": "realtime"}),
    "VP8 in WebM": Clip("webm", "libvpx", sound="libopus", options={"deadline": "realtime"}),
    "Motion JPEG in AVI": Clip("avi", "mjpeg", "yuvj420p", "libmp3lame"),
    "H.264, interlaced, in MPEG-TS": Clip(
        "ts", "libx264", sound="aac", options={"flags": "+ildct+ilme", "x264-params": "tff=1"}
    ),
    "MPEG-2 in MPEG-PS": Clip("mpg", "mpeg2video", sound="mp2"),
    "PNG in QuickTime": Clip("mov", "png", "rgba", "pcm_s16le"),
    "GIF": Clip("gif", "gif", "rgb8"),
    "animated PNG": Clip("apng", "apng", "rgba"),
    "animated WebP": Clip("webp", "libwebp"),
}


def picture(index: int) -> NDArray[np.uint8]:
    """Return a (H, W, 4) RGBA picture: a gradient that moves, transparent at the left."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    image = np.stack([x * 4, y * 5, x + y + 20 * index, np.where(x < 16, 0, 255)], axis=-1)
    return (image % 256).astype(np.uint8)


@cache
def clip(name: str) -> bytes:
    """Return the bytes of an undamaged clip."""
    kind = CLIPS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{kind.suffix}"
        if kind.suffix == "webp":
            _write_webp(path)
        else:
            _write(path, kind)
        return path.read_bytes()


def _write_webp(path: Path) -> None:
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(picture(index), cv2.COLOR_RGBA2BGRA) for index in range(FRAMES)]
    animation.durations = np.full(FRAMES, 40, np.int32)
    cv2.imwriteanimation(str(path), animation)


def _write(path: Path, kind: Clip) -> None:
    with av.open(str(path), "w") as out:
        video = out.add_stream(kind.codec, rate=RATE, options=dict(kind.options))
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, kind.pix_fmt
        video.codec_context.color_trc = kind.color_trc
        if kind.pix_fmt == "yuva420p":
            video.metadata["alpha_mode"] = "1"
        sound = out.add_stream(kind.sound, rate=48_000) if kind.sound else None
        for index in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(index), "rgba").reformat(format=kind.pix_fmt)
            frame.pts, frame.time_base, frame.color_trc = index, Fraction(1, RATE), kind.color_trc
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound:
            frame = av.AudioFrame.from_ndarray(_tone(), format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
            out.mux(sound.encode(frame))
            out.mux(sound.encode(None))


def _tone() -> NDArray[np.int16]:
    wave = np.sin(np.arange(48_000 * FRAMES // RATE) * 0.06) * 9000
    return np.repeat(wave.astype(np.int16), 2)[None]


def play(path: Path) -> None:
    """Read every frame, and write the upper left corner of each with the sound."""
    with (
        open_source(path) as source,
        open_writer(path.with_name("out.mp4"), like=source, audio_from=path) as writer,
    ):
        for frame in source:
            writer.write(frame.image[:HEIGHT, :WIDTH], frame.time_s)


def case(seed: int) -> str:
    """Play the damaged clip of a seed; return "read" or "refused".

    Raises:
        RuntimeError: It left threads or open files.
    """
    _warm_up()
    name = list(CLIPS)[seed % len(CLIPS)]
    before, outcome = _held(), "read"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{CLIPS[name].suffix}"
        path.write_bytes(mutate_bytes(clip(name), random.Random(seed)))
        try:
            play(path)
        except MediaError:
            outcome = "refused"
    gc.collect()
    for _ in range(100):
        if not _grew(before):
            return outcome
        time.sleep(0.02)  # a thread may end a moment after it was joined
    raise RuntimeError(f"{name}: threads and open files were {before}, are {_held()}")


def _grew(before: tuple[int, int]) -> bool:
    return any(now > then for now, then in zip(_held(), before, strict=True))


@cache
def _warm_up() -> None:
    """Load what is loaded once, so that it does not count as left behind."""
    for name, kind in CLIPS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"clip.{kind.suffix}"
            path.write_bytes(clip(name))
            play(path)
    # OpenCV starts its threads with the first large picture, and keeps them.
    cv2.cvtColor(np.zeros((2048, 2048, 4), np.uint8), cv2.COLOR_RGBA2RGB)


def _held() -> tuple[int, int]:
    """Return the number of this process's threads and of its open files (Linux; elsewhere 0)."""
    counts = (Path(f"/proc/self/{kind}") for kind in ("task", "fd"))
    threads, files = (len(list(folder.iterdir())) if folder.exists() else 0 for folder in counts)
    return threads, files


def main() -> int:
    """Run the campaign and print its report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", type=int, help="how many cases")
    parser.add_argument("--first", type=int, default=0, help="seed of the first one")
    options = parser.parse_args()
    report = run_campaign(case, range(options.first, options.first + options.cases))
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
