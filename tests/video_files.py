"""Small videos made on the fly."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

UNSPECIFIED = 2
CORNERS = ((220, 40, 40), (40, 200, 40), (40, 40, 220), (220, 220, 40))
"""Red at the top left, green at the top right, blue at the bottom left, yellow at the bottom right."""


def picture(index: int, width: int, height: int) -> NDArray[np.uint8]:
    """Four coloured corners, and in the middle a grey that tells the frame's number."""
    image = np.empty((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    image[:top, :left], image[:top, left:], image[top:, :left], image[top:, left:] = CORNERS
    image[height // 4 : -(height // 4), width // 4 : -(width // 4)] = level(index)
    return image


def level(index: int) -> int:
    """The grey of a frame's middle."""
    return 20 + index * 9 % 220


def middle(image: NDArray[np.uint8]) -> float:
    """Read the grey of a picture's middle."""
    height, width = image.shape[:2]
    half = image[height * 3 // 8 : height * 5 // 8, width * 3 // 8 : width * 5 // 8]
    return float(half.mean())


def corners(image: NDArray[np.uint8]) -> list[str]:
    """Name the colours of the four corners, row by row."""
    names = ("red", "green", "blue", "yellow")
    found = []
    for pixel in (image[3, 3], image[3, -4], image[-4, 3], image[-4, -4]):
        distance = [np.abs(pixel.astype(int) - corner).sum() for corner in CORNERS]
        assert min(distance) < 120, pixel
        found.append(names[int(np.argmin(distance))])
    return found


@dataclass
class VideoFile:
    """How a video is to be made."""

    count: int = 10
    size: tuple[int, int] = (64, 48)
    rate: int = 25
    ticks: int = 90_000
    times_s: Sequence[float] | None = None
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rotation: tuple[float, bool, bool] | None = None
    """Degrees against the clock, mirrored, upside down."""
    aspect: Fraction = Fraction(1)
    colorspace: str | None = None
    """The matrix of the pixels; it is not written into the video."""
    sound_s: float = 0.0
    sound_codec: str = "aac"
    sound_at_s: float = 0.0
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    format: str | None = None
    title: str = ""
    draw: Callable[[int, int, int], NDArray[np.uint8]] = picture

    def write(self, path: Path | str) -> Path:
        """Make the video."""
        with av.open(str(path), "w", format=self.format, container_options=self.container_options) as out:
            out.metadata["title"] = self.title
            stream = out.add_stream(
                self.codec, rate=self.rate, time_base=Fraction(1, self.ticks), options=self.options
            )
            stream.width, stream.height = self.size
            stream.pix_fmt = self.pix_fmt
            stream.codec_context.sample_aspect_ratio = self.aspect
            if self.rotation:
                degrees, mirrored, upside_down = self.rotation
                stream.set_display_rotation(degrees, hflip=mirrored, vflip=upside_down)
            sound = out.add_stream(self.sound_codec, rate=48_000) if self.sound_s else None
            for packet in self._packets(stream):
                out.mux(packet)
            if sound:
                for frame in sine(self.sound_s, self.sound_at_s):
                    out.mux(sound.encode(frame))
                out.mux(sound.encode(None))
        return Path(path)

    def _packets(self, stream):
        times_s = self.times_s or [i / self.rate for i in range(self.count)]
        for index, time_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(self.draw(index, *self.size), "rgb24")
            frame = frame.reformat(format=self.pix_fmt, dst_colorspace=self.colorspace)
            frame.colorspace = UNSPECIFIED
            frame.pts, frame.time_base = round(time_s * self.ticks), Fraction(1, self.ticks)
            yield stream.encode(frame)
        yield stream.encode(None)


def exif_jpeg(index: int, orientation: int) -> bytes:
    """Return a JPEG whose Exif block has an orientation, 1 to 8."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(picture(index, 64, 48)).save(file, "JPEG", exif=exif, quality=95)
    return file.getvalue()


def sine(length_s: float, at_s: float = 0.0):
    """A tone of 440 Hz in stereo, as FFmpeg's frames."""
    rate, size = 48_000, 1024
    for start in range(0, int(length_s * rate), size):
        wave = np.sin(2 * np.pi * 440 * (start + np.arange(size)) / rate)
        frame = av.AudioFrame.from_ndarray(
            np.stack([wave, wave]).astype(np.float32) * 0.3, format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, round(at_s * rate) + start, Fraction(1, rate)
        yield frame
