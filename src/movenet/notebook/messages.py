"""Messages between the widget in the browser and the kernel (custom messages of the widget's comm).

Every message is an object with a `type`. `client` is an id that the browser gives each window that shows the widget;
messages of the kernel to one window contain it. Messages of the browser:

    {"type": "hello", "client"}                        a window shows the widget
    {"type": "start", "client"}                        its camera is on: a new run starts
    {"type": "frame", "client", "frame", "time_s"}     a picture: one buffer with a JPEG, WebP or PNG file; `frame` is
                                                       a number that the answer repeats, `time_s` the time of the
                                                       picture in seconds of the window's clock
    {"type": "stop", "client", "reason"}               its camera is off, after a click ("") or because of a problem
    {"type": "choose", "client", "model", "people"}    another model, or another choice of people

Messages of the kernel:

    {"type": "welcome", "client", "model_id", "start"} answer to hello: the widget's id, and whether to start the camera
    {"type": "poses", "client", "frame", ...}          answer to frame: a record (`movenet.records`) and
                                                       "kernel_s": {"decoded", "estimated"}, durations in seconds;
                                                       "repetitions", how many so far, if an exercise is counted
    {"type": "chosen", "client"}                       answer to choose
    {"type": "error", "client", "frame", "message"}    answer to frame or, if `frame` is null, to another message
    {"type": "start"}, {"type": "stop"}                `Camera.start` or `Camera.stop` was called
    {"type": "taken", "client"}                        another window has started its camera
    {"type": "callback", "message"}                    a callback raised an error and was removed
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from movenet.errors import DataError

MAX_BYTES: Final = 4_000_000
"""Largest size of a picture file; the widget sends 20 to 60 kB."""
MAX_REASON_LENGTH: Final = 400
"""Longer reasons are cut to this number of characters."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A window shows the widget."""

    client: str


@dataclass(frozen=True, slots=True)
class Start:
    """A window's camera is on."""

    client: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A window's camera is off."""

    client: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choose:
    """A model was chosen, and whom it tracks."""

    client: str
    model: str
    people: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a window has sent."""

    client: str
    frame: int
    """Number of the picture, given by the window."""
    time_s: float
    """Time of the picture in seconds of the window's clock."""
    data: bytes
    """A picture file, not decoded yet."""


Message = Hello | Start | Stop | Choose | Picture


def read_message(content: Any, buffers: Sequence[Any] | None) -> Message:
    """Parse a message of the browser.

    Raises:
        DataError: if it is not one of the messages above.
    """
    if not isinstance(content, Mapping):
        raise DataError(f"expected a message with a type, got {_abbreviated(content)}")
    client = content.get("client")
    if not isinstance(client, str) or not 0 < len(client) <= 64:
        raise DataError(f"expected the id of a window as client, got {_abbreviated(client)}")
    kind = content.get("type")
    if kind == "frame":
        return _picture(client, content, buffers or ())
    if kind == "stop":
        return Stop(client, str(content.get("reason") or "")[:MAX_REASON_LENGTH])
    if kind == "choose":
        return Choose(client, *(_text(content, key) for key in ("model", "people")))
    if kind not in ("hello", "start"):
        raise DataError(f"expected hello, start, frame, stop or choose as type, got {_abbreviated(kind)}")
    return Hello(client) if kind == "hello" else Start(client)


def _picture(client: str, content: Mapping[str, Any], buffers: Sequence[Any]) -> Picture:
    frame, time_s = content.get("frame"), content.get("time_s")
    if not isinstance(frame, int) or isinstance(frame, bool):
        raise DataError(f"expected the number of a frame, got {_abbreviated(frame)}")
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not math.isfinite(time_s):
        raise DataError(f"expected the time of frame {frame} in seconds, got {_abbreviated(time_s)}")
    if len(buffers) != 1:
        raise DataError(f"expected one picture with frame {frame}, got {len(buffers)}")
    size = memoryview(buffers[0]).nbytes
    if size > MAX_BYTES:
        raise DataError(f"expected a picture of at most {MAX_BYTES} bytes, got {size}")
    return Picture(client, frame, float(time_s), bytes(buffers[0]))


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    if not isinstance(value, str):
        raise DataError(f"expected text as {key}, got {_abbreviated(value)}")
    return value


def _abbreviated(value: object) -> str:
    return repr(value)[:40]
