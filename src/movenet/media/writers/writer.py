"""Video writer: MP4, WebM, animated GIF and image sequences, encoded in a background thread."""

from __future__ import annotations

import math
import queue
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from movenet.crop import check_picture
from movenet.errors import MediaError
from movenet.media.sources.base import Source
from movenet.media.writers.base import DEFAULT_RATE_FPS, Sink, WriterSettings
from movenet.planar import Picture

if TYPE_CHECKING:
    from typing import Self


def open_writer(
    path: str | Path,
    *,
    like: Source | None = None,
    rate_fps: float | None = None,
    audio_from: str | Path | None = None,
    settings: WriterSettings | None = None,
) -> VideoWriter:
    """Start writing a video; the suffix decides the format, the first frame the size.

    * .mp4 .m4v .mov: H.264 that every browser and phone plays
    * .webm: VP9
    * .gif: one palette for the whole video; times are rounded to 1/100 s, and frames shorter than 1/50 s, which
      players do not support, are left out
    * a folder (no suffix), or a pattern such as "out/%05d.png": numbered pictures from 0

    Args:
        path: The file or folder; it appears when the video is complete.
        like: The source of the frames, which gives the frame rate.
        rate_fps: The frame rate, if there is no such source. Every frame has its own time all the same.
        audio_from: The file whose audio is written, too. Times of `write` count from the first frame of that file,
            and the audio ends with the video. It is copied if every player supports its codec, else encoded as AAC or
            Opus. GIFs and image sequences have no audio.
        settings: Settings of the encoders.

    Raises:
        MediaError: The suffix is unknown, the folder is missing or not writable, or the audio file cannot be read.
    """
    settings, path = settings or WriterSettings(), Path(path)
    if rate_fps is None:
        rate_fps = like.rate_fps if like else None
    if rate_fps is None:
        rate_fps = DEFAULT_RATE_FPS
    if not 0 < rate_fps < math.inf:
        raise MediaError(f"expected pictures per second above 0, got {rate_fps}")
    return VideoWriter(path, _sink(path, rate_fps, audio_from, settings), rate_fps, settings.queue_size)


def _sink(path: Path, rate_fps: float, audio_from: str | Path | None, settings: WriterSettings) -> Sink:
    suffix = path.suffix.lower()
    if suffix in (".mp4", ".m4v", ".mov", ".webm"):
        from movenet.media.writers.video_file import VideoFileSink, h264, vp9

        codec = vp9(settings) if suffix == ".webm" else h264(settings)
        return VideoFileSink(path, codec, rate_fps, audio_from)
    if suffix == ".gif":
        from movenet.media.writers.gif import GifSink

        return GifSink(path)
    from movenet.media.writers.image_sequence import ImageSequenceSink, is_sequence

    if is_sequence(path):
        return ImageSequenceSink(path)
    raise MediaError(
        f"cannot write {path}: expected a name ending in .mp4, .m4v, .mov, .webm or .gif, a folder, "
        "or a pattern such as out/%05d.png"
    )


class VideoWriter:
    """Takes frames with their times and encodes them in its own thread.

    As a context manager it completes the video when the block ends, also after Ctrl-C (with the frames so far), and
    removes it if the block raises another exception. The file appears under its name only when it is complete.
    """

    def __init__(self, path: Path, sink: Sink, rate_fps: float, queue_size: int) -> None:
        """Start the thread; use `open_writer` to create a writer."""
        self.path = path
        self.frames = 0
        """Number of frames written so far."""
        self._last_s = -math.inf
        self._encoder = _Encoder(sink, 1 / rate_fps, queue_size)
        self._finalizer = weakref.finalize(self, self._encoder.end, keep=False)

    def write(self, image: Picture, time_s: float) -> None:
        """Add a frame at `time_s` seconds: (H, W, 3) uint8 RGB, an array that may be changed afterwards, or planes.

        H.264 and VP9 take the samples of a `PlanarImage` (`Frame.native`) unchanged, if the first frame was one.

        The video starts at the time of its first frame. A frame of another size is scaled to fit the first one's.
        The last frame has the duration of the one before it.

        Raises:
            MediaError: The array has another shape or type, the time is not later than the previous one, the disk is
                full, or the video cannot be written for another reason.
        """
        if not self._finalizer.alive:
            raise MediaError(f"{self.path} is closed: no more pictures can be written")
        check_picture(image)
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
        """Wait for the encoder and complete the video; a second call does nothing.

        Raises:
            MediaError: No frame was written, the disk is full, or the video cannot be completed for another reason.
        """
        if self._finalizer.alive:
            self._encoder.end(keep=True)
            self._finalizer()
            self._check()
            if not self.frames:
                raise MediaError(f"{self.path} was not written: there were no pictures")

    def discard(self) -> None:
        """Stop and remove what was written; does nothing after `close`."""
        self._finalizer()

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
            # Ctrl-C again while the video is being completed.
            self.discard()
            raise


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    picture: Any
    time_s: float


class _Encoder:
    """The encoding thread, which feeds a sink."""

    def __init__(self, sink: Sink, step_s: float, queue_size: int) -> None:
        self.problem: BaseException | None = None
        self._sink = sink
        self._step_s = step_s
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._queue: queue.Queue[_Prepared | None] = queue.Queue(max(queue_size, 1))
        self._thread = threading.Thread(target=self._work, name="movenet-encode", daemon=True)
        self._thread.start()

    def put(self, image: Picture, time_s: float) -> None:
        self._queue.put(_Prepared(self._sink.prepare(image), time_s))

    def end(self, *, keep: bool) -> None:
        """Wait until the video is complete (`keep`) or removed."""
        if not keep:
            self._cancelled.set()
        if not self._ended.is_set():
            self._queue.put(None)
        # Ctrl-C may interrupt this and call it again: an interrupted join marks a running thread as dead (CPython
        # issue 90882), and on Windows only waits with a timeout can be interrupted.
        while not self._ended.wait(0.1):
            pass
        self._thread.join()

    def _work(self) -> None:
        # The queue is always read to its end, so that `put` never waits for a thread that has stopped.
        frames = iter(self._queue.get, None)
        try:
            self._encode(frames)
        except BaseException as problem:  # noqa: BLE001 (it is raised in `write` or `close`)
            self.problem = problem
        for _ in frames:
            pass
        self._sink.discard()
        self._ended.set()

    def _encode(self, frames: Iterator[_Prepared]) -> None:
        """Put every frame with the time to the next one as its duration, then finish the video."""
        held, step_s = None, self._step_s
        for prepared in frames:
            if self._cancelled.is_set():
                return
            if held:
                step_s = prepared.time_s - held.time_s
                self._sink.put(held.picture, held.time_s, step_s)
            held = prepared
        if held and not self._cancelled.is_set():
            self._sink.put(held.picture, held.time_s, step_s)
            self._sink.finish(self._cancelled)
