"""One run of a camera: from its start to its stop, picture by picture, on one clock with the runs before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from movenet.errors import DataError
from movenet.live.pictures import decode_picture
from movenet.media.frame import Frame
from movenet.notebook.messages import Picture
from movenet.pose import Pose
from movenet.video.callbacks import PoseFunction

MAX_PIXELS: Final = 4_000_000
"""Of a picture; the widget sends at most 640 x 480 or as many in another shape."""
SOURCE: Final = "camera"
"""The name of the browser's camera in frames and records."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one picture showed."""

    frame: Frame
    poses: list[Pose]
    decoded_s: float
    """How long it took to make pixels of the file."""
    estimated_s: float
    """How long it took to find the poses."""


class Run:
    """Takes the pictures of one window, one after the other."""

    def __init__(self, client: str, step: PoseFunction, start_s: float, index: int) -> None:
        """Begin, for the window called `client`.

        Args:
            client: the window's name.
            step: a new stream.
            start_s: the time of its first frame.
            index: the number of its first frame.
        """
        self.client = client
        self.step = step
        self._first_s: float | None = None
        self._start_s = start_s
        self.last_s = -1.0
        """The time of its last frame, in seconds."""
        self.index = index
        """The number of its next frame."""

    def take(self, picture: Picture) -> Seen:
        """Look at the next picture.

        Raises:
            DataError: if it is not later than the last.
            MediaError: if it cannot be decoded, or is too large.
        """
        first_s = picture.time_s if self._first_s is None else self._first_s
        time_s = self._start_s + picture.time_s - first_s
        if time_s <= self.last_s:
            raise DataError(f"expected frame {picture.frame} to be later than the one before")
        begun_s = time.perf_counter()
        image = decode_picture(picture.data, MAX_PIXELS, f"frame {picture.frame}")
        decoded_s = time.perf_counter()
        poses = self.step(image, time_s)
        estimated_s = time.perf_counter()
        self._first_s, self.last_s = first_s, time_s
        frame = Frame(image, time_s, self.index, SOURCE)
        self.index += 1
        return Seen(frame, poses, decoded_s - begun_s, estimated_s - decoded_s)
