"""The talk with one page: two loops, one listens and one answers, until either has reason to end it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from movenet.errors import DataError
from movenet.live import wire
from movenet.live.session import Client, Reply
from movenet.live.settings import Limits

ABNORMAL: Final = 1006
"""The code of a connection that ended without a word (RFC 6455, 7.4.1)."""


class PartingError(Exception):
    """Why a connection ends: the WebSocket's code, and a few words."""

    def __init__(self, code: int, reason: str):
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Pace:
    """Lets a rate through, and one second's worth of it at once; whoever is faster waits."""

    def __init__(self, rate_hz: float):
        self._rate_hz = rate_hz
        self._free_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Count one more and return how long to wait first."""
        self._free_s = max(self._free_s, now_s - 1) + 1 / self._rate_hz
        return max(0.0, self._free_s - now_s)


class Conversation:
    """One connection, from its acceptance to its end."""

    def __init__(self, socket: WebSocket, client: Client, limits: Limits, pool: Executor):
        """Take the open socket and the pool whose threads do the looking.

        The pool serves first come, first served, and nobody stands in its queue twice: so it goes round all clients
        in turn, however fast each of them sends.
        """
        self._socket = socket
        self._client = client
        self._limits = limits
        self._pool = pool
        self._pace = Pace(limits.rate_hz)
        self._arrived = asyncio.Event()
        self._mistakes = 0

    async def run(self) -> None:
        """Talk until the page leaves or is sent away."""
        loops = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._reply())]
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for loop in loops:
                loop.cancel()
            # Not gather: cancelled meanwhile, it would raise the loops' cancellation in place of our own.
            await asyncio.wait(loops)
        await self._part([loop.exception() for loop in loops if not loop.cancelled()])

    async def _part(self, ends: list[BaseException | None]) -> None:
        """Close the connection for the reason that a loop ended; a bug is raised."""
        for end in ends:
            if isinstance(end, PartingError) and not self._has_left():
                await self._within(self._socket.close(end.code, end.reason), lambda: None)
            elif end is not None and not self._is_a_parting(end):
                raise end

    def _is_a_parting(self, end: BaseException) -> bool:
        """Whether a loop ended because the page left: starlette calls it an error to speak to one that is gone."""
        gone = isinstance(end, RuntimeError) and self._has_left()
        return gone or isinstance(end, PartingError | WebSocketDisconnect)

    def _has_left(self) -> bool:
        """Whether the other loop has found out that the page is gone."""
        return self._socket.application_state is WebSocketState.DISCONNECTED

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(self._pace.wait_s(time.monotonic()))
            try:
                message = await asyncio.wait_for(self._socket.receive(), self._limits.idle_s)
            except asyncio.TimeoutError:
                raise PartingError(wire.TOO_SLOW, "nothing was sent for too long") from None
            if message["type"] == "websocket.disconnect":
                return
            try:
                self._take(message)
            except DataError as error:
                await self._tell(Reply(wire.complaint(str(error)), sound=False))

    def _take(self, message: Any) -> None:
        if message.get("bytes") is not None:
            self._client.put(message["bytes"])
            self._arrived.set()
        else:
            self._client.choose(message["text"])

    async def _reply(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            reply = await loop.run_in_executor(self._pool, self._client.work)
            if reply is not None:
                await self._tell(reply)

    async def _tell(self, reply: Reply) -> None:
        self._mistakes = 0 if reply.sound else self._mistakes + 1
        if self._has_left():
            raise WebSocketDisconnect(ABNORMAL)
        await self._within(self._socket.send_text(reply.text), self._give_up)
        if self._mistakes >= self._limits.mistakes:
            raise PartingError(wire.TOO_MANY_MISTAKES, "too many malformed messages")

    def _give_up(self) -> None:
        raise PartingError(wire.TOO_SLOW, "answers were not taken in")

    async def _within(self, sending: Awaitable[None], otherwise: Callable[[], None]) -> None:
        """Send, as long as that takes no longer than a stalled client may hold us up."""
        try:
            await asyncio.wait_for(sending, self._limits.stall_s)
        except asyncio.TimeoutError:
            otherwise()
