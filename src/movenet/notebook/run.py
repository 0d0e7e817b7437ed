"""One run of a camera, from start to stop; times and frame numbers continue those of earlier runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from movenet.errors import DataError
from movenet.live.pictures import decode_picture
from movenet.media.frame import Frame
from movenet.notebook.messages import Picture
from movenet.pose import Pose
from movenet.video import PoseFunction

MAX_PIXELS: Final = 4_000_000
"""Largest number of pixels of a picture; the widget sends at most 640 pixels on the longer side."""
SOURCE: Final = "camera"
"""`source` of the frames and records."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """A decoded picture and its poses."""

    frame: Frame
    poses: list[Pose]
    decode_s: float
    """Duration of decoding the picture file, in seconds."""
    estimate_s: float
    """Duration of pose estimation, in seconds."""


class Run:
    """Estimates poses in the pictures of one window, in order."""

    def __init__(self, client: str, step: PoseFunction, start_s: float, index: int) -> None:
        """Start a run.

        Args:
            client: id of the window.
            step: a new stream.
            start_s: time of the first frame, in seconds.
            index: number of the first frame.
        """
        self.client = client
        self.step = step
        self._first_s: float | None = None
        self._start_s = start_s
        self.last_s = -1.0
        """Time of the last frame, in seconds; −1 before the first one."""
        self.index = index
        """Number of the next frame."""

    def process(self, picture: Picture) -> FrameResult:
        """Estimate the poses in the next picture.

        Raises:
            DataError: if its time is not after that of the last one.
            MediaError: if it cannot be decoded, or is too large.
        """
        first_s = picture.time_s if self._first_s is None else self._first_s
        time_s = self._start_s + picture.time_s - first_s
        if time_s <= self.last_s:
            raise DataError(f"expected frame {picture.frame} to be later than the one before")
        started_s = time.perf_counter()
        image = decode_picture(picture.data, MAX_PIXELS, f"frame {picture.frame}")
        decoded_s = time.perf_counter()
        poses = self.step(image, time_s)
        estimated_s = time.perf_counter()
        self._first_s, self.last_s = first_s, time_s
        frame = Frame(image, time_s, self.index, SOURCE)
        self.index += 1
        return FrameResult(frame, poses, decoded_s - started_s, estimated_s - decoded_s)
