"""Animated GIF: one palette made for the whole film, and every picture at its own time."""

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
from av.error import BlockingIOError as NotNow
from av.error import EOFError as NoMore
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.format import VideoFormat
from numpy.typing import NDArray

from movenet.atomic import PendingFile
from movenet.errors import MediaError
from movenet.media.canvas import Canvas
from movenet.media.ffmpeg_errors import writing

TICK: Final = Fraction(1, 100)
"""The unit of time of GIF89a, in seconds."""
SHORTEST_TICKS: Final = 2
"""Browsers show a picture that asks for less time than this for 1/10 s."""
COUNTED_PIXELS: Final = 160_000
"""About so many pixels of each picture are counted for the palette: more change nothing that can be seen."""
COUNTED_BITS: Final = 0xFC
"""Colours are counted in steps of 4: a long film has millions of them, which would fill the memory."""


class GifSink:
    """Keeps the pictures, losslessly, in a file beside the film's until the palette for all of them is known."""

    def __init__(self, path: Path) -> None:
        """Reserve the temporary names.

        Raises:
            MediaError: The folder is missing or closed to us.
        """
        self._path = path
        self._pending = PendingFile(path, MediaError)
        self._kept = self._pending.temporary.with_suffix(".mkv")
        self._canvas: Canvas | None = None
        self._keeper: _Keeper | None = None
        self._first_s = 0.0
        self._next_tick = 0
        self._last_tick = 0
        self._end_tick = SHORTEST_TICKS

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy at the film's size."""
        if self._canvas is None:
            self._canvas = Canvas(image.shape[1], image.shape[0])
        return np.array(self._canvas.place(image), np.uint8, order="C")

    def put(self, prepared: NDArray[np.uint8], time_s: float, duration_s: float) -> None:
        """Keep the picture and count its colours; one that comes too soon after the last is left out."""
        with writing(self._path):
            if self._keeper is None:
                self._first_s = time_s
                self._keeper = _Keeper(self._kept, prepared)
            tick = round((time_s - self._first_s) / TICK)
            if tick >= self._next_tick:
                self._keeper.keep(prepared, tick)
                self._last_tick, self._next_tick = tick, tick + SHORTEST_TICKS
            self._end_tick = max(round((time_s - self._first_s + duration_s) / TICK), self._next_tick)

    def finish(self, unwanted: threading.Event) -> None:
        """Draw every picture with the film's palette, and give the film its name."""
        if self._keeper is None:
            return
        with writing(self._path):
            palette = self._keeper.palette()
            with (
                av.open(str(self._kept)) as kept,
                av.open(str(self._pending.temporary), "w", container_options=self._options()) as film,
            ):
                video = kept.streams.video[0]
                stream = film.add_stream("gif", rate=25, time_base=TICK)
                stream.width, stream.height, stream.pix_fmt = video.width, video.height, "pal8"
                for frame in _drawn(kept.decode(video), palette):
                    if unwanted.is_set():
                        return
                    film.mux(stream.encode(frame))
                film.mux(stream.encode(None))
        self._pending.publish()

    def _options(self) -> dict[str, str]:
        """Repeat for ever, and show the last picture as long as it is meant to be."""
        return {"loop": "0", "final_delay": str(self._end_tick - self._last_tick)}

    def discard(self) -> None:
        """Remove the kept pictures, and the film if it was not published."""
        if self._keeper is not None:
            # What was kept is not needed any more, whether or not it is complete.
            with suppress(FFmpegError):
                self._keeper.close()
        with suppress(OSError):
            self._kept.unlink(missing_ok=True)
        self._pending.discard()


class _Keeper:
    """Pictures on their way: stored without loss, their colours counted by FFmpeg's palettegen."""

    def __init__(self, path: Path, like: NDArray[np.uint8]) -> None:
        self._file: OutputContainer | None = av.open(str(path), "w")
        options = {"preset": "ultrafast", "qp": "0"}
        self._stream = self._file.add_stream("libx264rgb", rate=25, options=options, time_base=TICK)
        height, width = like.shape[:2]
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "rgb24"
        self._step = max(round(math.sqrt(width * height / COUNTED_PIXELS)), 1)
        height, width = like[:: self._step, :: self._step].shape[:2]
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=width, height=height, format=VideoFormat("rgb24"), time_base=TICK
        )
        count = self._graph.add("palettegen", stats_mode="full")
        self._graph.link_nodes(source, count, self._graph.add("buffersink")).configure()

    def keep(self, image: NDArray[np.uint8], tick: int) -> None:
        counted = np.bitwise_and(image[:: self._step, :: self._step], COUNTED_BITS, dtype=np.uint8)
        self._graph.vpush(_at(tick, counted))
        # Nothing comes before the end, but asking makes the filter take the picture in and forget it.
        with suppress(NotNow):
            self._graph.vpull()
        self._mux(_at(tick, image))

    def _mux(self, frame: VideoFrame | None) -> None:
        if self._file is not None:
            self._file.mux(self._stream.encode(frame))

    def palette(self) -> VideoFrame:
        """Complete the file and return its best 255 colours."""
        self._mux(None)
        self.close()
        self._graph.vpush(None)
        return self._graph.vpull()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _at(tick: int, image: NDArray[np.uint8]) -> VideoFrame:
    frame = VideoFrame.from_numpy_buffer(image, "rgb24")
    frame.pts, frame.time_base = tick, TICK
    return frame


def _drawn(frames: Iterator[VideoFrame], palette: VideoFrame) -> Iterator[VideoFrame]:
    """Yield the frames in the palette's colours.

    Ordered dither at its weakest: it hides bands, lies still from frame to frame and packs well.
    """
    graph: Graph | None = None
    for frame in frames:
        if graph is None:
            graph, pictures = _painter(frame, palette)
        pictures.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        pictures.push(None)
        yield from _pulled(graph)


def _painter(frame: VideoFrame, palette: VideoFrame) -> tuple[Graph, FilterContext]:
    graph = Graph()
    base = frame.time_base or TICK
    pictures = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
    colours = graph.add_buffer(
        width=palette.width, height=palette.height, format=palette.format, time_base=TICK
    )
    paint = graph.add("paletteuse", dither="bayer", bayer_scale="5")
    pictures.link_to(paint, 0, 0)
    colours.link_to(paint, 0, 1)
    paint.link_to(graph.add("buffersink"))
    graph.configure()
    palette.pts, palette.time_base = 0, TICK
    colours.push(palette)
    colours.push(None)
    return graph, pictures


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (NotNow, NoMore):
            return
