"""State of one camera: its latest picture, its stream settings, and its tracking."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from movenet.analysis import EXERCISES, Exercise, RepetitionCounter
from movenet.errors import MoveNetError
from movenet.live import wire
from movenet.live.live_metrics import LiveMetrics
from movenet.live.pictures import decode_picture, resize, stable_size
from movenet.live.settings import Limits
from movenet.live.shared_models import SharedModels
from movenet.live.wire import FrameMessage, ServerTimes, StreamSettings
from movenet.records import Record
from movenet.video import PoseFunction


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a page."""

    text: str
    is_valid: bool
    """Whether the message of the page was valid."""


class CameraSession:
    """Receives pictures in one thread and estimates the latest of them in another."""

    def __init__(
        self,
        models: SharedModels,
        limits: Limits,
        exercises: Mapping[str, Exercise] = EXERCISES,
        metrics: LiveMetrics | None = None,
    ) -> None:
        self._metrics = metrics or LiveMetrics()
        self._models = models
        self._limits = limits
        self._exercises = exercises
        self._settings = StreamSettings(models.names[0], smoothing=True)
        self._stream: tuple[StreamSettings, PoseFunction, RepetitionCounter | None] | None = None
        self._lock = threading.Lock()
        self._waiting: FrameMessage | None = None
        self._size: tuple[int, int] | None = None
        self.dropped = 0
        """Number of pictures that were replaced by a newer one before they were estimated."""

    def set_stream(self, text: str) -> None:
        """Set model, smoothing, exercise and person from a text message.

        Raises:
            DataError: The message is malformed; see `wire.read_stream_settings`.
        """
        self._settings = wire.read_stream_settings(text, self._models.names, self._exercises)

    def put(self, data: bytes) -> None:
        """Store a picture in place of the waiting one.

        Raises:
            DataError: The message is malformed; see `wire.read_frame_message`.
        """
        message = wire.read_frame_message(data, time.perf_counter(), self._limits)
        with self._lock:
            if self._waiting is not None:
                self.dropped += 1
                self._metrics.dropped.add()
            self._waiting = message

    def estimate_latest(self) -> Reply | None:
        """Estimate the waiting picture; return None if there is none. Called by one thread at a time."""
        with self._lock:
            message, self._waiting = self._waiting, None
        if message is None:
            return None
        try:
            return Reply(self._answer(message), is_valid=True)
        except MoveNetError as error:
            return self.refuse(error, message.frame)

    def refuse(self, error: MoveNetError, frame: int | None = None) -> Reply:
        """Count a picture or message that could not be used, and return the answer to it."""
        self._metrics.errors.add()
        return Reply(wire.error_message(str(error), frame), is_valid=False)

    def _answer(self, message: FrameMessage) -> str:
        started_s = time.perf_counter()
        image = decode_picture(message.picture, self._limits.frame_pixels)
        self._size = stable_size((image.shape[1], image.shape[0]), self._size)
        image = resize(image, self._size)
        decoded_s = time.perf_counter()
        settings, stream, counter = self._current_stream()
        poses = stream(image, message.time_s)
        counts = counter.step(message.time_s, poses) if counter is not None else None
        done_s = time.perf_counter()
        height, width = image.shape[:2]
        sent = self._models.scored(poses, settings.model)
        record = Record("live", message.frame, message.time_s, width, height, sent)
        times = ServerTimes(started_s - message.received_s, decoded_s - started_s, done_s - decoded_s)
        self._metrics.count_frame(times)
        return wire.poses_message(record, times, self.dropped, counts)

    def _current_stream(self) -> tuple[StreamSettings, PoseFunction, RepetitionCounter | None]:
        """Return the current settings with their stream and counter; new settings start new ones."""
        settings = self._settings
        if self._stream is None or self._stream[0] != settings:
            counter = None
            if settings.exercise is not None:
                exercise, card = self._exercises[settings.exercise], self._models.card(settings.model)
                counter = RepetitionCounter(exercise, card)
            self._stream = (settings, self._models.open_stream(settings), counter)
        return self._stream
