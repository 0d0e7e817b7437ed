"""What a page and the server say to each other over the WebSocket at `/ws`.

Server, once, at the start (JSON text):
    {"type": "hello", "version": "0.1.0", "models": ["lightning", ...],
     "limits": {"frame_bytes": ..., "frame_pixels": ..., "rate_hz": ...}}

Page, whenever it likes (JSON text): which model, and whether to calm its keypoints. Starts a new stream.
    {"type": "choice", "model": "lightning", "smoothing": true}

Page, a picture (binary): 12 bytes, then a JPEG, WebP or PNG file.
    bytes 0…3   the frame's number, unsigned, little-endian; chosen by the page, given back with the answer
    bytes 4…11  when it was taken, in seconds of the page's own clock, float64, little-endian; later than the last

Server, for a picture (JSON text): a record as in `movenet.records`, its `frame` and `time_s` those of the page.
    {"type": "poses", "source": "live", "frame": 7, "time_s": 1.25, "width": 640, "height": 480, "poses": [...],
     "server_s": {"waited": 0.0001, "decoded": 0.002, "estimated": 0.003}, "dropped": 0}
`server_s` says, in seconds, how long the picture waited for its turn, was decoded, was looked at. `dropped` counts
the pictures of this connection so far that a newer one replaced before their turn.

Server, when something is wrong (JSON text); `frame` is null if it is not about a picture:
    {"type": "error", "frame": 7, "message": "expected ..., got ..."}

The newest picture wins: one is worked on, one waits, and a newer one takes the place of the one that waits. An answer
to frame n, be it poses or an error, settles all that were sent before it. Codes at the end of a connection: 1008 too
many malformed messages, 1009 a message too large, 1012 the server restarts, 1013 no more clients fit, 4401 the token
is missing or wrong, 4408 nothing was said or taken in for too long.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from movenet.errors import DataError
from movenet.live.settings import Limits
from movenet.records import Record, to_json

HEADER: Final = struct.Struct("<Id")
"""In front of each picture: its number and its time in seconds."""
MAX_TEXT: Final = 1024
"""Characters of a text message, of which no sensible one has more."""

TOO_MANY_MISTAKES: Final = 1008
BUSY: Final = 1013
TOKEN_NEEDED: Final = 4401
TOO_SLOW: Final = 4408


@dataclass(frozen=True, slots=True)
class Packet:
    """A picture as it came in."""

    frame: int
    """The page's number of it, 0 … 2³² − 1."""
    time_s: float
    """When it was taken, by the page's clock."""
    picture: bytes
    """A JPEG, WebP or PNG file, not looked at yet."""
    received_s: float
    """When it came in, by this computer's `time.perf_counter`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a page asks for."""

    model: str
    smoothing: bool


@dataclass(frozen=True, slots=True)
class ServerTimes:
    """Where a picture's time went on the server, in seconds."""

    waited: float
    decoded: float
    estimated: float


def read_packet(data: bytes, received_s: float, limits: Limits) -> Packet:
    """Return the picture in a binary message.

    Raises:
        DataError: If it is too short to be one, or too long, or its time is no number.
    """
    if len(data) <= HEADER.size:
        raise DataError(
            f"expected {HEADER.size} bytes of number and time and then a picture, got {len(data)} bytes"
        )
    if len(data) > HEADER.size + limits.frame_bytes:
        raise DataError(f"expected a picture of at most {limits.frame_bytes} bytes, got {len(data)}")
    frame, time_s = HEADER.unpack_from(data)
    if not math.isfinite(time_s):
        raise DataError(f"expected the time of frame {frame} in seconds, got {time_s}")
    return Packet(frame, time_s, data[HEADER.size :], received_s)


def read_choice(text: str, models: Sequence[str]) -> Choice:
    """Return what a text message asks for.

    Raises:
        DataError: If it is no choice out of these models.
    """
    plain = _parse(text)
    if not isinstance(plain, Mapping) or plain.get("type") != "choice":
        raise DataError(f'expected {{"type": "choice", ...}}, got {text[:40]!r}')
    model, smoothing = plain.get("model"), plain.get("smoothing", True)
    if not isinstance(model, str) or model not in models:
        raise DataError(f"expected a model out of {', '.join(models)}, got {str(model)[:40]!r}")
    if not isinstance(smoothing, bool):
        raise DataError(f"expected smoothing as true or false, got {str(smoothing)[:40]!r}")
    return Choice(model, smoothing)


def _parse(text: str) -> Any:
    if len(text) > MAX_TEXT:
        raise DataError(f"expected a text of at most {MAX_TEXT} characters, got {len(text)}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"expected JSON, got {text[:40]!r}") from None


def hello(version: str, models: Sequence[str], limits: Limits) -> str:
    """Return the first message of a connection."""
    bounds = {name: getattr(limits, name) for name in ("frame_bytes", "frame_pixels", "rate_hz")}
    return json.dumps({"type": "hello", "version": version, "models": list(models), "limits": bounds})


def answer(record: Record, times: ServerTimes, dropped: int) -> str:
    """Return the message that brings the poses of one picture."""
    rounded = (f'"{name}": {getattr(times, name):.6f}' for name in ("waited", "decoded", "estimated"))
    server_s = f"{{{', '.join(rounded)}}}"
    # The record is JSON already: its object is opened and given three more keys.
    return f'{{"type": "poses", {to_json(record)[1:-1]}, "server_s": {server_s}, "dropped": {dropped}}}'


def complaint(message: str, frame: int | None = None) -> str:
    """Return the message that says what is wrong, of a picture or of anything else."""
    return json.dumps({"type": "error", "frame": frame, "message": message})
