"""Films out: MP4, WebM, animated GIF and picture sequences, encoded in the background."""

from __future__ import annotations

import math
import queue
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.crop import check_image
from movenet.errors import MediaError
from movenet.media.sources.base import Source
from movenet.media.writers.base import Sink, WriterSettings

if TYPE_CHECKING:
    from typing import Self

USUAL_RATE_FPS: Final = 30.0
"""Assumed where nothing tells how fast pictures will come."""


def open_writer(
    path: str | Path,
    *,
    like: Source | None = None,
    rate_fps: float | None = None,
    audio_from: str | Path | None = None,
    settings: WriterSettings | None = None,
) -> VideoWriter:
    """Begin a film, of the kind its name ends with; its size is that of the first picture written.

    * .mp4 .m4v .mov: H.264 that every browser and phone plays
    * .webm: VP9
    * .gif: one palette for the whole film; times are rounded to 1/100 s, and pictures left out that would be
      shown shorter than 1/50 s, which players refuse
    * a folder (no suffix), or a pattern such as "out/%05d.png": numbered pictures from 0

    Args:
        path: Where the film is to appear.
        like: The source of the pictures: tells their usual rate.
        rate_fps: The usual rate, if there is no such source; every picture has its own time all the same.
        audio_from: The file whose sound goes with the pictures, from the same moment on: times given to `write`
            count from that file's first picture. It is cut at the film's end. Copied as it is where every
            player knows its format, else encoded as AAC or Opus. GIFs and pictures have none.
        settings: How to encode.

    Raises:
        MediaError: The kind is unknown, the folder is missing or closed, or the sound's file cannot be read.
    """
    settings, path = settings or WriterSettings(), Path(path)
    if rate_fps is None:
        rate_fps = like.rate_fps if like else None
    if rate_fps is None:
        rate_fps = USUAL_RATE_FPS
    if not 0 < rate_fps < math.inf:
        raise MediaError(f"expected pictures per second above 0, got {rate_fps}")
    return VideoWriter(path, _sink(path, rate_fps, audio_from, settings), rate_fps, settings.ahead)


def _sink(path: Path, rate_fps: float, audio_from: str | Path | None, settings: WriterSettings) -> Sink:
    suffix = path.suffix.lower()
    if suffix in (".mp4", ".m4v", ".mov", ".webm"):
        from movenet.media.writers.movie import MovieSink, h264, vp9

        codec = vp9(settings) if suffix == ".webm" else h264(settings)
        return MovieSink(path, codec, rate_fps, audio_from)
    if suffix == ".gif":
        from movenet.media.writers.gif import GifSink

        return GifSink(path)
    from movenet.media.writers.sequence import SequenceSink, is_sequence

    if is_sequence(path):
        return SequenceSink(path)
    raise MediaError(
        f"cannot write {path}: expected a name ending in .mp4, .m4v, .mov, .webm or .gif, a folder, "
        "or a pattern such as out/%05d.png"
    )


class VideoWriter:
    """Takes pictures with their times, and encodes them in a thread of its own.

    As a context manager it publishes the film when the block ends well or is interrupted by Ctrl-C (with what
    was written so far), and removes it if the block fails. Nothing stands under the film's name before.
    """

    def __init__(self, path: Path, sink: Sink, rate_fps: float, ahead: int) -> None:
        """Start the thread; `open_writer` knows the sinks."""
        self.path = path
        self.frames = 0
        """Pictures taken so far."""
        self._last_s = -math.inf
        self._encoder = _Encoder(sink, 1 / rate_fps, ahead)
        self._forget = weakref.finalize(self, self._encoder.end, keep=False)

    def write(self, image: NDArray[np.uint8], time_s: float) -> None:
        """Add a (H, W, 3) uint8 RGB picture, shown from `time_s` on; the array may be changed afterwards.

        The film starts with its first picture, whatever that one's time. A picture of another size than the
        first is scaled to fit. The last picture is shown as long as the one before it.

        Raises:
            MediaError: The array is no such picture, its time is not later than the one before, the disk is
                full, or the film cannot be written for another reason.
        """
        if not self._forget.alive:
            raise MediaError(f"{self.path} is closed: no more pictures can be written")
        check_image(image)
        if not self._last_s < time_s < math.inf:
            raise MediaError(f"expected times that rise, got {time_s} s after {self._last_s} s")
        self._check()
        self._encoder.put(image, time_s)
        self._last_s = time_s
        self.frames += 1

    def _check(self) -> None:
        problem = self._encoder.problem
        if isinstance(problem, OSError):
            raise MediaError(f"cannot write {self.path}: {problem.strerror or problem}") from problem
        if problem:
            raise problem

    def close(self) -> None:
        """Wait for the encoder and publish the film; nothing happens the second time.

        Raises:
            MediaError: No picture was written, the disk is full, or the film cannot be completed otherwise.
        """
        if self._forget.alive:
            self._encoder.end(keep=True)
            self._forget()
            self._check()
            if not self.frames:
                raise MediaError(f"{self.path} was not written: there were no pictures")

    def discard(self) -> None:
        """Stop, and remove what was written; nothing happens after `close`."""
        self._forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        if kind is not None and not (interrupted and self.frames):
            self.discard()
            return
        try:
            self.close()
        except BaseException:
            # Ctrl-C again, while the film is being completed.
            self.discard()
            raise


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    picture: Any
    time_s: float


class _Encoder:
    """The thread that feeds a sink."""

    def __init__(self, sink: Sink, step_s: float, ahead: int) -> None:
        self.problem: BaseException | None = None
        self._sink = sink
        self._step_s = step_s
        self._unwanted = threading.Event()
        self._ended = threading.Event()
        self._line: queue.Queue[_Prepared | None] = queue.Queue(max(ahead, 1))
        self._thread = threading.Thread(target=self._work, name="movenet-encode", daemon=True)
        self._thread.start()

    def put(self, image: NDArray[np.uint8], time_s: float) -> None:
        self._line.put(_Prepared(self._sink.prepare(image), time_s))

    def end(self, *, keep: bool) -> None:
        """Wait until the film is published, or removed."""
        if not keep:
            self._unwanted.set()
        if not self._ended.is_set():
            self._line.put(None)
        # Ctrl-C may break this off and come here again: a thread whose join was broken off passes for dead
        # (CPython issue 90882), and on Windows only waits with an end can be broken off.
        while not self._ended.wait(0.1):
            pass
        self._thread.join()

    def _work(self) -> None:
        # Read to its end whatever happens: `put` must never wait for a thread that has stopped.
        line = iter(self._line.get, None)
        try:
            self._encode(line)
        except BaseException as problem:  # noqa: BLE001 (it is raised in `write` or `close`)
            self.problem = problem
        for _ in line:
            pass
        self._sink.discard()
        self._ended.set()

    def _encode(self, line: Iterator[_Prepared]) -> None:
        """Put every picture for as long as until the next one, then finish the film."""
        held, step_s = None, self._step_s
        for prepared in line:
            if self._unwanted.is_set():
                return
            if held:
                step_s = prepared.time_s - held.time_s
                self._sink.put(held.picture, held.time_s, step_s)
            held = prepared
        if held and not self._unwanted.is_set():
            self._sink.put(held.picture, held.time_s, step_s)
            self._sink.finish(self._unwanted)
