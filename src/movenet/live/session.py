"""One camera: its newest picture, what it asked for, and the stream that remembers it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from movenet.errors import MoveNetError
from movenet.live import wire
from movenet.live.pictures import decode_picture
from movenet.live.settings import Limits
from movenet.live.shared_models import SharedModels, Watcher
from movenet.live.wire import Choice, Packet, ServerTimes
from movenet.records import Record


@dataclass(frozen=True, slots=True)
class Reply:
    """What a page is to be told."""

    text: str
    sound: bool
    """Whether what it sent made sense."""


class Client:
    """Takes pictures in on one thread and works on the newest of them on another."""

    def __init__(self, models: SharedModels, limits: Limits):
        self._models = models
        self._limits = limits
        self._choice = Choice(models.names[0], smoothing=True)
        self._watched: tuple[Choice, Watcher] | None = None
        self._lock = threading.Lock()
        self._waiting: Packet | None = None
        self.dropped = 0
        """Pictures that a newer one replaced."""

    def choose(self, text: str) -> None:
        """Take in a text message.

        Raises:
            DataError: If it is malformed; see `wire.read_choice`.
        """
        self._choice = wire.read_choice(text, self._models.names)

    def put(self, data: bytes) -> None:
        """Take in a picture, in place of the one that waits.

        Raises:
            DataError: If it is malformed; see `wire.read_packet`.
        """
        packet = wire.read_packet(data, time.perf_counter(), self._limits)
        with self._lock:
            self.dropped += self._waiting is not None
            self._waiting = packet

    def work(self) -> Reply | None:
        """Find who is in the newest picture; None if there is none. Called by one thread at a time."""
        with self._lock:
            packet, self._waiting = self._waiting, None
        if packet is None:
            return None
        try:
            return Reply(self._answer(packet), sound=True)
        except MoveNetError as error:
            return Reply(wire.complaint(str(error), packet.frame), sound=False)

    def _answer(self, packet: Packet) -> str:
        started_s = time.perf_counter()
        image = decode_picture(packet.picture, self._limits.frame_pixels)
        decoded_s = time.perf_counter()
        poses = self._watcher()(image, packet.time_s)
        done_s = time.perf_counter()
        height, width = image.shape[:2]
        record = Record("live", packet.frame, packet.time_s, width, height, tuple(poses))
        times = ServerTimes(started_s - packet.received_s, decoded_s - started_s, done_s - decoded_s)
        return wire.answer(record, times, self.dropped)

    def _watcher(self) -> Watcher:
        """Return the stream of what is chosen now: a new choice is a new stream."""
        choice = self._choice
        if self._watched is None or self._watched[0] != choice:
            self._watched = (choice, self._models.watcher(choice))
        return self._watched[1]
