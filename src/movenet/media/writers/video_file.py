"""MP4 and WebM: video and audio in one file."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from movenet.atomic import PendingFile
from movenet.errors import MediaError
from movenet.media.canvas import Canvas, pad_planes_to_even, pad_to_even
from movenet.media.ffmpeg_errors import write_errors
from movenet.media.picture_like import as_rgb
from movenet.media.planes import RGB_COLOURS, color_range, from_rgb, to_frame
from movenet.media.writers.audio import AudioCodec, AudioTrack
from movenet.media.writers.base import WriterSettings
from movenet.planar import Picture, PlanarImage


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """Codec and container options of a file format."""

    name: str
    ticks: int
    """Time units per second."""
    audio: AudioCodec
    options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)


def h264(settings: WriterSettings) -> VideoCodec:
    """Return H.264 with AAC, which every browser and phone plays."""
    return VideoCodec(
        name="libx264",
        ticks=90_000,
        audio=AudioCodec("aac", frozenset({"aac", "mp3"}), settings.audio_bit_rate),
        options={"preset": settings.preset, "crf": str(settings.crf)},
        # The index goes to the start of the file, so that a browser can play while it loads.
        container_options={"movflags": "+faststart"},
    )


def vp9(settings: WriterSettings) -> VideoCodec:
    """Return VP9 with Opus, set for speed; a bit rate of 0 makes crf decide the quality."""
    options = {"deadline": "realtime", "row-mt": "1", "b": "0"}
    return VideoCodec(
        name="libvpx-vp9",
        ticks=1000,
        audio=AudioCodec("libopus", frozenset({"opus", "vorbis"}), settings.audio_bit_rate),
        options=options | {"crf": str(settings.webm_crf), "cpu-used": str(settings.webm_speed)},
    )


class VideoFileSink:
    """Encodes MP4 or WebM into a temporary file."""

    def __init__(self, path: Path, codec: VideoCodec, rate_fps: float, audio_from: str | Path | None) -> None:
        """Reserve the temporary name and open the audio.

        Raises:
            MediaError: This FFmpeg lacks the encoder, the folder is not writable, or the audio file cannot be read.
        """
        if codec.name not in av.codecs_available:
            raise MediaError(f"cannot write {path}: this FFmpeg has no {codec.name}, install av from PyPI")
        self._path = path
        self._codec = codec
        self._rate_fps = rate_fps
        self._audio = None if audio_from is None else AudioTrack(audio_from)
        self._pending = PendingFile(path, MediaError)
        self._canvas: Canvas | None = None
        self._colours = RGB_COLOURS
        self._file: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._first_s = 0.0
        self._last_tick = -1
        self._until_s = 0.0

    def prepare(self, image: Picture) -> PlanarImage:
        """Return the frame as planes of even sides, with the size and colours of the first frame."""
        if self._canvas is None:
            self._canvas = Canvas(image.shape[1], image.shape[0])
            self._colours = image.colours if isinstance(image, PlanarImage) else RGB_COLOURS
        size = (self._canvas.height, self._canvas.width)
        if isinstance(image, PlanarImage) and (image.y.shape, image.colours) == (size, self._colours):
            return pad_planes_to_even(image)
        return from_rgb(pad_to_even(self._canvas.fit(as_rgb(image))), self._colours)

    def put(self, prepared: PlanarImage, time_s: float, duration_s: float) -> None:
        """Encode the frame, and the audio up to it."""
        with write_errors(self._path):
            if self._stream is None:
                self._first_s = time_s
                self._open(prepared)
            ticks = self._codec.ticks
            frame = to_frame(prepared)
            frame.pts = self._last_tick = max(round((time_s - self._first_s) * ticks), self._last_tick + 1)
            frame.duration = max(round(duration_s * ticks), 1)
            frame.time_base = Fraction(1, ticks)
            self._until_s = time_s + duration_s - self._first_s
            self._mux(frame)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        if self._file is not None and self._stream is not None:
            self._file.mux(self._stream.encode(frame))
            if self._audio:
                self._audio.write_until(self._until_s)

    def _open(self, prepared: PlanarImage) -> None:
        self._file = av.open(
            str(self._pending.temporary), "w", container_options=dict(self._codec.container_options)
        )
        stream = self._file.add_stream(
            self._codec.name,
            rate=Fraction(self._rate_fps).limit_denominator(1001),
            options=dict(self._codec.options),
            time_base=Fraction(1, self._codec.ticks),
        )
        self._stream = cast("VideoStream", stream)
        context = self._stream.codec_context
        context.height, context.width = prepared.y.shape
        context.pix_fmt = "yuv420p"
        colours = prepared.colours
        context.colorspace, context.color_range = colours.matrix, color_range(colours)
        context.color_primaries, context.color_trc = colours.primaries, colours.transfer
        context.thread_count = 0  # one per core; PyAV's default is 1
        # Without it the last frame would get the mean duration.
        context.flags |= Flags.frame_duration
        if self._audio:
            self._audio.join(self._file, self._codec.audio, self._first_s)

    def finish(self, cancelled: threading.Event) -> None:
        """Flush the encoder, write the index, and give the file its name."""
        with write_errors(self._path):
            self._mux(None)
            self._close()
        self._pending.publish()

    def discard(self) -> None:
        """Close everything and remove the temporary file."""
        # The file is discarded, so errors of writing its index do not matter.
        with suppress(FFmpegError, MediaError):
            self._close()
        if self._audio:
            self._audio.close()
        self._pending.discard()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
