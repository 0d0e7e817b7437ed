"""Animated GIF: one palette for the whole video, and every frame at its own time."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av import VideoFrame
from av.container import OutputContainer
from av.error import BlockingIOError as FFmpegAgain
from av.error import EOFError as FFmpegEof
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.format import VideoFormat
from numpy.typing import NDArray

from movenet.atomic import PendingFile
from movenet.errors import MediaError
from movenet.media.canvas import Canvas
from movenet.media.ffmpeg_errors import write_errors
from movenet.media.picture_like import as_rgb
from movenet.planar import Picture

TICK: Final = Fraction(1, 100)
"""Time unit of GIF89a, in seconds."""
MIN_TICKS: Final = 2
"""Shortest duration of a frame: browsers show a shorter one for 1/10 s."""
PALETTE_PIXELS: Final = 160_000
"""Approximate number of pixels per frame that are counted for the palette; more make no visible difference."""
PALETTE_MASK: Final = 0xFC
"""Colours are counted in steps of 4, because a long video has millions of them, which would fill the memory."""


class GifSink:
    """Stores the frames in a temporary lossless video until the palette of all of them is known."""

    def __init__(self, path: Path) -> None:
        """Reserve the temporary names.

        Raises:
            MediaError: The folder is missing or not writable.
        """
        self._path = path
        self._pending = PendingFile(path, MediaError)
        self._stored_path = self._pending.temporary.with_suffix(".mkv")
        self._canvas: Canvas | None = None
        self._store: _FrameStore | None = None
        self._first_s = 0.0
        self._next_tick = 0
        self._last_tick = 0
        self._end_tick = MIN_TICKS

    def prepare(self, image: Picture) -> NDArray[np.uint8]:
        """Return a copy of the frame at the size of the video."""
        if self._canvas is None:
            self._canvas = Canvas(image.shape[1], image.shape[0])
        return np.array(self._canvas.fit(as_rgb(image)), np.uint8, order="C")

    def put(self, prepared: NDArray[np.uint8], time_s: float, duration_s: float) -> None:
        """Store the frame and count its colours; one less than `MIN_TICKS` after the last is left out."""
        with write_errors(self._path):
            if self._store is None:
                self._first_s = time_s
                self._store = _FrameStore(self._stored_path, prepared)
            tick = round((time_s - self._first_s) / TICK)
            if tick >= self._next_tick:
                self._store.add(prepared, tick)
                self._last_tick, self._next_tick = tick, tick + MIN_TICKS
            self._end_tick = max(round((time_s - self._first_s + duration_s) / TICK), self._next_tick)

    def finish(self, cancelled: threading.Event) -> None:
        """Write every frame with the palette, and give the file its name."""
        if self._store is None:
            return
        with write_errors(self._path):
            palette = self._store.palette()
            with (
                av.open(str(self._stored_path)) as stored,
                av.open(str(self._pending.temporary), "w", container_options=self._options()) as gif,
            ):
                video = stored.streams.video[0]
                stream = gif.add_stream("gif", rate=25, time_base=TICK)
                stream.width, stream.height, stream.pix_fmt = video.width, video.height, "pal8"
                for frame in _quantized(stored.decode(video), palette):
                    if cancelled.is_set():
                        return
                    gif.mux(stream.encode(frame))
                gif.mux(stream.encode(None))
        self._pending.publish()

    def _options(self) -> dict[str, str]:
        """Loop for ever, and show the last frame for its duration."""
        return {"loop": "0", "final_delay": str(self._end_tick - self._last_tick)}

    def discard(self) -> None:
        """Remove the stored frames, and the GIF if it has not got its name."""
        if self._store is not None:
            # The stored frames are not needed any more, complete or not.
            with suppress(FFmpegError):
                self._store.close()
        with suppress(OSError):
            self._stored_path.unlink(missing_ok=True)
        self._pending.discard()


class _FrameStore:
    """Temporary lossless video of the frames, whose colours FFmpeg's filter palettegen counts."""

    def __init__(self, path: Path, like: NDArray[np.uint8]) -> None:
        self._file: OutputContainer | None = av.open(str(path), "w")
        options = {"preset": "ultrafast", "qp": "0"}
        self._stream = self._file.add_stream("libx264rgb", rate=25, options=options, time_base=TICK)
        height, width = like.shape[:2]
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "rgb24"
        self._step = max(round(math.sqrt(width * height / PALETTE_PIXELS)), 1)
        height, width = like[:: self._step, :: self._step].shape[:2]
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=width, height=height, format=VideoFormat("rgb24"), time_base=TICK
        )
        count = self._graph.add("palettegen", stats_mode="full")
        self._graph.link_nodes(source, count, self._graph.add("buffersink")).configure()

    def add(self, image: NDArray[np.uint8], tick: int) -> None:
        counted = np.bitwise_and(image[:: self._step, :: self._step], PALETTE_MASK, dtype=np.uint8)
        self._graph.vpush(_frame_at(tick, counted))
        # The filter returns nothing before the end, but this call makes it process and release the frame.
        with suppress(FFmpegAgain):
            self._graph.vpull()
        self._mux(_frame_at(tick, image))

    def _mux(self, frame: VideoFrame | None) -> None:
        if self._file is not None:
            self._file.mux(self._stream.encode(frame))

    def palette(self) -> VideoFrame:
        """Complete the file and return the palette of 255 colours."""
        self._mux(None)
        self.close()
        self._graph.vpush(None)
        return self._graph.vpull()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _frame_at(tick: int, image: NDArray[np.uint8]) -> VideoFrame:
    frame = VideoFrame.from_numpy_buffer(image, "rgb24")
    frame.pts, frame.time_base = tick, TICK
    return frame


def _quantized(frames: Iterator[VideoFrame], palette: VideoFrame) -> Iterator[VideoFrame]:
    """Yield the frames in the colours of the palette.

    The dither is ordered (Bayer) at its weakest: it hides banding, does not flicker and compresses well.
    """
    graph: Graph | None = None
    for frame in frames:
        if graph is None:
            graph, pictures = _palette_graph(frame, palette)
        pictures.push(frame)
        yield from _pull_all(graph)
    if graph is not None:
        pictures.push(None)
        yield from _pull_all(graph)


def _palette_graph(frame: VideoFrame, palette: VideoFrame) -> tuple[Graph, FilterContext]:
    graph = Graph()
    base = frame.time_base or TICK
    pictures = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
    colours = graph.add_buffer(
        width=palette.width, height=palette.height, format=palette.format, time_base=TICK
    )
    paletteuse = graph.add("paletteuse", dither="bayer", bayer_scale="5")
    pictures.link_to(paletteuse, 0, 0)
    colours.link_to(paletteuse, 0, 1)
    paletteuse.link_to(graph.add("buffersink"))
    graph.configure()
    palette.pts, palette.time_base = 0, TICK
    colours.push(palette)
    colours.push(None)
    return graph, pictures


def _pull_all(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (FFmpegAgain, FFmpegEof):
            return
