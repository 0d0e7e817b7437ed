"""The WebSocket connection of one page: a receiving and an answering loop, until one of them ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from movenet.errors import DataError
from movenet.live import wire
from movenet.live.session import CameraSession, Reply
from movenet.live.settings import Limits

ABNORMAL: Final = 1006
"""Close code of a connection that ended without a close frame (RFC 6455, 7.4.1)."""


class ClosingError(Exception):
    """The connection must be closed, with this WebSocket close code and reason."""

    def __init__(self, code: int, reason: str):
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class RateLimit:
    """Rate limit of messages, with bursts of one second's worth; faster senders are delayed."""

    def __init__(self, rate_hz: float):
        self._rate_hz = rate_hz
        self._next_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Count one message and return the seconds to wait before it."""
        self._next_s = max(self._next_s, now_s - 1) + 1 / self._rate_hz
        return max(0.0, self._next_s - now_s)


class CameraConnection:
    """One accepted connection, until its end."""

    def __init__(self, socket: WebSocket, session: CameraSession, limits: Limits, pool: Executor):
        """Set the open socket, and the pool whose threads estimate poses.

        The pool is first in, first out, and a connection has at most one picture in it. So all connections take turns,
        however fast each of them sends.
        """
        self._socket = socket
        self._session = session
        self._limits = limits
        self._pool = pool
        self._rate_limit = RateLimit(limits.rate_hz)
        self._has_picture = asyncio.Event()
        self._bad_messages = 0

    async def run(self) -> None:
        """Receive and answer until the page disconnects or the server closes the connection."""
        loops = [asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._answer())]
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for loop in loops:
                loop.cancel()
            # Not gather: if cancelled meanwhile, it would raise the cancellation of the loops instead of our own.
            await asyncio.wait(loops)
        await self._close([loop.exception() for loop in loops if not loop.cancelled()])

    async def _close(self, ends: list[BaseException | None]) -> None:
        """Close the connection with the reason for which a loop ended; other exceptions are raised."""
        for end in ends:
            if isinstance(end, ClosingError) and not self._is_disconnected():
                await self._with_timeout(self._socket.close(end.code, end.reason), lambda: None)
            elif end is not None and not self._is_normal_end(end):
                raise end

    def _is_normal_end(self, end: BaseException) -> bool:
        """Tell whether a loop ended with the connection; sending after a disconnect is a RuntimeError in starlette."""
        gone = isinstance(end, RuntimeError) and self._is_disconnected()
        return gone or isinstance(end, ClosingError | WebSocketDisconnect)

    def _is_disconnected(self) -> bool:
        """Tell whether the page has disconnected, which the other loop may have noticed."""
        return self._socket.application_state is WebSocketState.DISCONNECTED

    async def _receive(self) -> None:
        while True:
            await asyncio.sleep(self._rate_limit.wait_s(time.monotonic()))
            try:
                message = await asyncio.wait_for(self._socket.receive(), self._limits.idle_s)
            except asyncio.TimeoutError:
                raise ClosingError(wire.TOO_SLOW, "no message for too long") from None
            if message["type"] == "websocket.disconnect":
                return
            try:
                self._handle(message)
            except DataError as error:
                await self._send(self._session.refuse(error))

    def _handle(self, message: Any) -> None:
        if message.get("bytes") is not None:
            self._session.put(message["bytes"])
            self._has_picture.set()
        else:
            self._session.set_stream(message["text"])

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._has_picture.wait()
            self._has_picture.clear()
            reply = await loop.run_in_executor(self._pool, self._session.estimate_latest)
            if reply is not None:
                await self._send(reply)

    async def _send(self, reply: Reply) -> None:
        self._bad_messages = 0 if reply.is_valid else self._bad_messages + 1
        if self._is_disconnected():
            raise WebSocketDisconnect(ABNORMAL)
        await self._with_timeout(self._socket.send_text(reply.text), self._fail_slow)
        if self._bad_messages >= self._limits.bad_messages:
            raise ClosingError(wire.TOO_MANY_BAD_MESSAGES, "too many malformed messages")

    def _fail_slow(self) -> None:
        raise ClosingError(wire.TOO_SLOW, "answers were not received in time")

    async def _with_timeout(self, sending: Awaitable[None], on_timeout: Callable[[], None]) -> None:
        """Wait for a send, for `Limits.stall_s` at most; then call `on_timeout`."""
        try:
            await asyncio.wait_for(sending, self._limits.stall_s)
        except asyncio.TimeoutError:
            on_timeout()
