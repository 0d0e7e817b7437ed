"""Protocol of the WebSocket `/ws` between page and server.

Server, once, at the start (JSON text):
    {"type": "hello", "version": "0.1.0", "models": ["lightning", ...], "exercises": ["squat", ...], "exercise": null,
     "limits": {"frame_bytes": ..., "frame_pixels": ..., "rate_hz": ...}, "probabilities": false}
`probabilities` tells whether the scores of keypoints are probabilities (`movenet live --probabilities`).

Page, at any time (JSON text): model, whether keypoints are smoothed, the exercise to count or null, and the place of
the person to follow or null: x and y as shares of the picture, 0…1. Starts a new stream, and counts from 0.
    {"type": "choice", "model": "lightning", "smoothing": true, "exercise": "squat", "lock": [0.3, 0.5]}

Page, a picture (binary): 12 bytes, then a JPEG, WebP or PNG file.
    bytes 0…3   number of the frame, uint32, little-endian; chosen by the page, repeated in the answer
    bytes 4…11  capture time in seconds of the page's clock, float64, little-endian; strictly increasing

Server, for a picture (JSON text): a record as in `movenet.records`, its `frame` and `time_s` those of the page.
    {"type": "poses", "source": "live", "frame": 7, "time_s": 1.25, "width": 640, "height": 480, "poses": [...],
     "server_s": {"waited": 0.0001, "decoded": 0.002, "estimated": 0.003}, "dropped": 0}
Poses are in pixels of a picture of `width` × `height`: the picture itself, or the largest of the same shape before it.
`server_s` holds the seconds of waiting, decoding and estimation. `dropped` is the number of pictures of this connection
so far that were replaced by a newer one before they were estimated. With an exercise there is also
`"repetitions": [{"id": null, "count": 3}]`, of each person counted so far.

Server, after an error (JSON text); `frame` is null if it does not concern a picture:
    {"type": "error", "frame": 7, "message": "expected ..., got ..."}

Only the latest picture counts: one is in work, one waits, and a newer one replaces the waiting one. The answer to frame
n, poses or error, is the last one for all frames sent before it. Close codes: 1008 too many malformed messages, 1009
message too large, 1012 the server restarts, 1013 too many clients, 4401 the token is missing or wrong, 4408 nothing was
sent or received for too long.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from movenet.errors import DataError
from movenet.live.settings import Limits
from movenet.records import Record, to_json

HEADER: Final = struct.Struct("<Id")
"""Header of a picture message: number and time in seconds."""
MAX_TEXT: Final = 1024
"""Maximum characters of a text message."""

TOO_MANY_BAD_MESSAGES: Final = 1008
BUSY: Final = 1013
TOKEN_NEEDED: Final = 4401
TOO_SLOW: Final = 4408


@dataclass(frozen=True, slots=True)
class FrameMessage:
    """A received picture."""

    frame: int
    """Number of the frame, chosen by the page, 0 … 2³² − 1."""
    time_s: float
    """Capture time in seconds of the page's clock."""
    picture: bytes
    """The bytes of a JPEG, WebP or PNG file, not checked yet."""
    received_s: float
    """Time of reception by `time.perf_counter`."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Settings of a stream, chosen by a page."""

    model: str
    smoothing: bool
    """Whether keypoints are smoothed."""
    exercise: str | None = None
    """Name of the exercise to count."""
    lock: tuple[float, float] | None = None
    """Place of the person to follow: x and y as shares of the picture, 0…1."""


@dataclass(frozen=True, slots=True)
class ServerTimes:
    """Seconds that a picture spent on the server: waiting, being decoded, being estimated."""

    waited: float
    decoded: float
    estimated: float


def read_frame_message(data: bytes, received_s: float, limits: Limits) -> FrameMessage:
    """Return the picture in a binary message.

    Raises:
        DataError: It is too short or too long, or its time is not finite.
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
    return FrameMessage(frame, time_s, data[HEADER.size :], received_s)


def read_stream_settings(text: str, models: Sequence[str], exercises: Collection[str] = ()) -> StreamSettings:
    """Return the stream settings in a text message of type "choice".

    Raises:
        DataError: The message is malformed or names another model or exercise than these.
    """
    plain = _parse(text)
    if not isinstance(plain, Mapping) or plain.get("type") != "choice":
        raise DataError(f'expected {{"type": "choice", ...}}, got {text[:40]!r}')
    model, smoothing = plain.get("model"), plain.get("smoothing", True)
    if not isinstance(model, str) or model not in models:
        raise DataError(f"expected a model out of {', '.join(models)}, got {str(model)[:40]!r}")
    if not isinstance(smoothing, bool):
        raise DataError(f"expected smoothing as true or false, got {str(smoothing)[:40]!r}")
    exercise = plain.get("exercise")
    if exercise is not None and (not isinstance(exercise, str) or exercise not in exercises):
        raise DataError(f"expected an exercise out of {', '.join(exercises)}, got {str(exercise)[:40]!r}")
    return StreamSettings(model, smoothing, exercise, _read_lock(plain.get("lock")))


def _read_lock(plain: Any) -> tuple[float, float] | None:
    if plain is None:
        return None
    numbers = isinstance(plain, list) and all(type(value) in (int, float) for value in plain)
    if not numbers or len(plain) != 2 or not all(0 <= value <= 1 for value in plain):
        raise DataError(f"expected x and y from 0 to 1 as lock, got {str(plain)[:40]!r}")
    return float(plain[0]), float(plain[1])


def _parse(text: str) -> Any:
    if len(text) > MAX_TEXT:
        raise DataError(f"expected a text of at most {MAX_TEXT} characters, got {len(text)}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"expected JSON, got {text[:40]!r}") from None


def hello_message(
    version: str,
    models: Sequence[str],
    limits: Limits,
    exercises: Collection[str] = (),
    exercise: str | None = None,
    *,
    probabilities: bool = False,
) -> str:
    """Return the first message of a connection; `exercise` is the one to count from the start."""
    bounds = {name: getattr(limits, name) for name in ("frame_bytes", "frame_pixels", "rate_hz")}
    return json.dumps(
        {"type": "hello", "version": version, "models": list(models)}
        | {"exercises": list(exercises), "exercise": exercise, "limits": bounds}
        | {"probabilities": probabilities}
    )


def poses_message(
    record: Record, times: ServerTimes, dropped: int, counts: Mapping[int | None, int] | None = None
) -> str:
    """Return the message with the poses of one picture; `counts` are the repetitions of each person."""
    rounded = (f'"{name}": {getattr(times, name):.6f}' for name in ("waited", "decoded", "estimated"))
    server_s = f"{{{', '.join(rounded)}}}"
    repetitions = "" if counts is None else f', "repetitions": {json.dumps(_plain_counts(counts))}'
    # The record is already JSON: keys are added to its object.
    return f'{{"type": "poses", {to_json(record)[1:-1]}, "server_s": {server_s}, "dropped": {dropped}{repetitions}}}'


def _plain_counts(counts: Mapping[int | None, int]) -> list[dict[str, int | None]]:
    return [{"id": person, "count": count} for person, count in counts.items()]


def error_message(message: str, frame: int | None = None) -> str:
    """Return an error message, about a picture if `frame` is given."""
    return json.dumps({"type": "error", "frame": frame, "message": message})
