"""Threads that track the segments of recordings side by side, each with an estimator of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from movenet.errors import MediaError
from movenet.estimator.pool import Pool
from movenet.media.frame import Frame
from movenet.media.sources.base import Source, SourceSettings
from movenet.media.sources.opening import open_location
from movenet.video.estimator import State, VideoEstimator
from movenet.video.segments import (
    OVERLAP_S,
    Segment,
    Tracked,
    TrackedFrame,
    join_segments,
    plan_segments,
    track_frames,
)

if TYPE_CHECKING:
    from typing import Self

WAIT_S: Final = 0.2
"""Ctrl-C is noticed within this time also on Windows, where waiting without a limit cannot be interrupted."""
SEGMENT_S: Final = (10.0, 60.0)
"""Shortest and longest segment: the overlap and the frames decoded from a key frame on cost the same for each."""


class TrackingPool:
    """Tracks recordings in segments, as many at a time as there are estimators."""

    def __init__(self, estimators: Sequence[VideoEstimator]) -> None:
        """Set the estimators: equal ones, each used by one thread at a time."""
        self._count = len(estimators)
        self._idle = Pool(estimators)
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="movenet-segment")

    def start(self, path: Path) -> TrackedRecording:
        """Start to track a recording in the background, after those started before.

        Raises:
            MediaError: The recording cannot be read.
        """
        with open_location(path, SourceSettings(prefetch=1)) as source:
            duration_s = source.duration_s or 0.0
        segment_s = min(max(duration_s / self._count, SEGMENT_S[0]), SEGMENT_S[1])
        spans = plan_segments(duration_s, segment_s)
        return TrackedRecording(
            self, path, [self._threads.submit(self._track, path, *span) for span in spans]
        )

    def _track(self, path: Path, start_s: float, end_s: float) -> Segment:
        """Track one segment and its overlap, as far as it can be read."""
        settings = SourceSettings(start_s=start_s, end_s=end_s + OVERLAP_S)
        frames, state = [], None
        try:
            with self._idle.lend() as estimator, open_location(path, settings) as source:
                for frame, after in track_frames(self._until_stopped(source), estimator):
                    frames.append(frame)
                    state = after
                return Segment(frames, state, source.damage)
        except MediaError as error:
            return Segment(frames, state, error=error)

    def go_on(self, path: Path, state: State) -> Tracked:
        """Track on from a state to the end of the recording."""
        settings = SourceSettings(start_s=state.time_s)
        with self._idle.lend() as estimator, open_location(path, settings) as source:
            yield from track_frames(source, estimator, state)

    def _until_stopped(self, source: Source) -> Iterator[Frame]:
        for frame in source:
            if self._stopped.is_set():
                return
            yield frame

    def close(self) -> None:
        """Stop the threads, whatever they are doing."""
        self._stopped.set()
        self._threads.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TrackedRecording:
    """A recording that is being tracked in the background."""

    def __init__(self, pool: TrackingPool, path: Path, segments: Sequence[Future[Segment]]) -> None:
        """Set the segments in order; use `TrackingPool.start`."""
        self.segments = deque(segments)
        self._go_on = partial(pool.go_on, path)
        self.damage = 0
        """Number of parts of the file so far that could not be read."""

    def frames(self) -> Iterator[TrackedFrame]:
        """Yield the frames in order, each as soon as it and all before it are tracked; called once.

        Raises:
            MediaError: The recording cannot be read to its end.
        """
        yield from join_segments(self._finished(), self._go_on)

    def _finished(self) -> Iterator[Segment]:
        while self.segments:
            while not wait([self.segments[0]], WAIT_S).done:
                pass
            segment = self.segments.popleft().result()
            self.damage += segment.damage
            yield segment
