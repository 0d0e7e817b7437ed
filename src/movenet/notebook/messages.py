"""What the widget in the browser and the kernel say to each other, as custom messages of the widget's own comm.

Every message is an object with a `type`. The browser gives each window that shows the widget a name of its own,
`client`; what the kernel says to one of them carries it. The browser says:

    {"type": "hello", "client"}                        a window shows the widget
    {"type": "start", "client"}                        its camera is on: a new run begins
    {"type": "frame", "client", "frame", "time_s"}     a picture: one buffer with a JPEG, WebP or PNG file;
                                                       `frame` is a number given back with the answer, `time_s` when
                                                       it was taken, in seconds of the window's clock
    {"type": "stop", "client", "reason"}               its camera is off, because of a button ("") or a problem

The kernel says:

    {"type": "welcome", "client", "model_id", "start"} to hello; the widget's id, and whether to start the camera
    {"type": "poses", "client", "frame", ...}          to frame: a record (`movenet.records`) and
                                                       "kernel_s": {"decoded", "estimated"}, in seconds
    {"type": "error", "client", "frame", "message"}    to frame; `frame` null: to anything else
    {"type": "start"}, {"type": "stop"}                said in Python
    {"type": "taken", "client"}                        another window has started its camera
    {"type": "callback", "message"}                    a callback failed and is called no more
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from movenet.errors import DataError

MAX_BYTES: Final = 4_000_000
"""A picture's file may be so large; the widget sends some 20 to 60 kB."""
MAX_WORDS: Final = 400
"""Characters of a reason that are taken over."""


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
class Picture:
    """A picture as it came in."""

    client: str
    frame: int
    """The window's number of it."""
    time_s: float
    """When it was taken, by the window's clock."""
    data: bytes
    """A picture file, not looked at yet."""


Message = Hello | Start | Stop | Picture


def read_message(content: Any, buffers: Sequence[Any] | None) -> Message:
    """Return what a message from the browser says.

    Raises:
        DataError: if it is none of those above.
    """
    if not isinstance(content, Mapping):
        raise DataError(f"expected a message with a type, got {_short(content)}")
    client = content.get("client")
    if not isinstance(client, str) or not 0 < len(client) <= 64:
        raise DataError(f"expected the name of a window as client, got {_short(client)}")
    kind = content.get("type")
    if kind == "frame":
        return _picture(client, content, buffers or ())
    if kind == "stop":
        return Stop(client, str(content.get("reason") or "")[:MAX_WORDS])
    if kind not in ("hello", "start"):
        raise DataError(f"expected hello, start, frame or stop as type, got {_short(kind)}")
    return Hello(client) if kind == "hello" else Start(client)


def _picture(client: str, content: Mapping[str, Any], buffers: Sequence[Any]) -> Picture:
    frame, time_s = content.get("frame"), content.get("time_s")
    if not isinstance(frame, int) or isinstance(frame, bool):
        raise DataError(f"expected the number of a frame, got {_short(frame)}")
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not math.isfinite(time_s):
        raise DataError(f"expected the time of frame {frame} in seconds, got {_short(time_s)}")
    if len(buffers) != 1:
        raise DataError(f"expected one picture with frame {frame}, got {len(buffers)}")
    size = memoryview(buffers[0]).nbytes
    if size > MAX_BYTES:
        raise DataError(f"expected a picture of at most {MAX_BYTES} bytes, got {size}")
    return Picture(client, frame, float(time_s), bytes(buffers[0]))


def _short(value: object) -> str:
    return repr(value)[:40]
