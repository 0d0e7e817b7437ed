"""Clips to measure on: real people, at the size and bit rate of videos as they are shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av

MEDIA = Path(__file__).parents[1].parent / "shared" / "media"


@dataclass(frozen=True, slots=True)
class Clip:
    """What a clip is made from, and how it is to be."""

    name: str
    """What is to be seen."""
    original: str
    width: int
    height: int
    rate_fps: int = 30
    seconds: float = 10.0
    mbit_per_s: float = 5.0
    """What YouTube recommends for uploads: 5 at 720p30, 8 at 1080p30, 40 at 2160p30."""

    @property
    def frames(self) -> int:
        """How many there are."""
        return round(self.rate_fps * self.seconds)

    def make(self, media: Path, folder: Path) -> Path:
        """Write the clip as H.264, the original scaled, at another rate and repeated as it takes; return its path."""
        path = folder / f"{Path(self.original).stem}-{self.width}x{self.height}.mp4"
        with av.open(str(path), "w") as out:
            options = {"preset": "fast", "maxrate": f"{2 * self.mbit_per_s}M", "bufsize": "4M"}
            stream = out.add_stream("libx264", rate=self.rate_fps, options=options)
            stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
            stream.codec_context.thread_count = 0
            stream.bit_rate = round(1e6 * self.mbit_per_s)
            for index, frame in enumerate(islice(_again(media / self.original), self.frames)):
                scaled = frame.reformat(self.width, self.height, "yuv420p")
                scaled.pts, scaled.time_base, scaled.pict_type = index, Fraction(1, self.rate_fps), 0
                out.mux(stream.encode(scaled))
            out.mux(stream.encode(None))
        return path


def _again(path: Path) -> Iterator[av.VideoFrame]:
    while True:
        with av.open(str(path)) as video:
            video.streams.video[0].thread_type = "AUTO"
            yield from video.decode(video=0)


WALKER_720 = Clip("720p30, a man walks past", "sports2d_demo.mp4", 1280, 720)
BALANCE_720 = Clip("720p30 upright, a man balances", "pose2sim_Demo_SinglePerson_cam01.mp4", 720, 1280)
WALKERS_720 = Clip("720p30 upright, people walk", "pose2sim_Demo_MultiPerson_cam01.mp4", 720, 1280)
WALKER_1080 = Clip("1080p30, a man walks past", "sports2d_demo.mp4", 1920, 1080, mbit_per_s=8)
WALKER_2160 = Clip("2160p30, a man walks past", "sports2d_demo.mp4", 3840, 2160, mbit_per_s=40)
BALANCE_1080 = Clip(
    "1080p30 upright, a man balances", "pose2sim_Demo_SinglePerson_cam01.mp4", 1080, 1920, mbit_per_s=8
)
