"""Network connections: limits of their number and of the time for a request."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from functools import partial
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from movenet.live.settings import Limits

RETRY_S: Final = 0.1
"""Pause in seconds after the system could not accept a connection."""
RESERVE: Final = 16
"""File descriptors that are kept free for files, once connections have used all of them."""

_log = logging.getLogger("uvicorn.error")


class HttpConnection(H11Protocol):
    """An HTTP/1.1 connection of uvicorn that is closed if it sends no complete request header in time.

    The time starts when the connection is accepted, and again after each response. A WebSocket connection must
    complete its handshake in the same time.
    """

    def __init__(self, config: uvicorn.Config, state: ServerState, app_state: dict[str, Any], limit_s: float):
        super().__init__(config, state, app_state)
        self._limit_s = limit_s
        self._timer: asyncio.TimerHandle | None = None
        self.waiting_since_s = self.loop.time()
        """Time of the last response, or of acceptance, by the event loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit."""
        super().connection_made(transport)
        self._start_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit."""
        super().connection_lost(exc)
        self._stop_waiting()

    def on_response_complete(self) -> None:
        """Start the time limit for the next request."""
        super().on_response_complete()
        self._start_waiting()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request, or only close the connection if an answer has been started already."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    @property
    def is_waiting(self) -> bool:
        """Whether the connection waits for a complete request."""
        protocol: Any = self.transport.get_protocol() if self.transport else self
        if protocol is self:
            return self.cycle is None or self.cycle.response_complete
        return not protocol.handshake_complete

    def _start_waiting(self) -> None:
        self._stop_waiting()
        self.waiting_since_s = self.loop.time()
        self._timer = self.loop.call_later(self._limit_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        if not self.transport.is_closing() and self.is_waiting:
            self.transport.abort()


class Acceptor:
    """Accepts connections instead of asyncio's server, which has no limit and logs a traceback for each refusal.

    If `Limits.connections` are open, the connection that has waited longest for a complete request is closed in favour
    of the new one. If all are in use, the new connection is closed.
    """

    def __init__(self, listener: socket.socket, server: uvicorn.Server, limits: Limits):
        """Set a listening socket and a started server."""
        self._listener = listener
        self._server = server
        self._limits = limits
        self._max_connections = limits.connections
        self._starting: dict[HttpConnection, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Accept connections until cancelled."""
        self._listener.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    connection, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    self._lower_limit(error)
                    await asyncio.sleep(RETRY_S)
                else:
                    self._admit(connection)
                    await asyncio.sleep(0)  # sock_accept itself does not yield while connections are queued
        finally:
            for task in self._starting.values():
                task.cancel()

    def _admit(self, connection: socket.socket) -> None:
        if not self._make_room(self._max_connections - 1):
            connection.close()
            return
        server = self._server
        protocol = HttpConnection(
            server.config, server.server_state, server.lifespan.state, self._limits.request_s
        )
        task = asyncio.ensure_future(self._start(connection, protocol))
        self._starting[protocol] = task
        task.add_done_callback(partial(self._finish, connection, protocol))

    async def _start(self, connection: socket.socket, protocol: HttpConnection) -> None:
        """Give a connection to its protocol, after the TLS handshake if there is one."""
        context = self._server.config.ssl
        limit_s = self._limits.request_s if context else None
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=context, ssl_handshake_timeout=limit_s
            )
        except OSError:  # the client disconnected, does not use TLS, or is too slow
            connection.close()

    def _finish(self, connection: socket.socket, protocol: HttpConnection, task: asyncio.Task[None]) -> None:
        self._starting.pop(protocol, None)
        if task.cancelled():
            connection.close()

    def _open(self) -> list[Any]:
        starting = {protocol for protocol in self._starting if protocol.transport is None}
        started: set[Any] = {*self._server.server_state.connections}
        return [*starting, *(each for each in started if not each.transport.is_closing())]

    def _make_room(self, most: int) -> bool:
        """Close connections that wait for a request, the longest first, until `most` are open; tell if that worked."""
        connections = self._open()
        waiting = [each for each in connections if isinstance(each, HttpConnection) and each.is_waiting]
        waiting.sort(key=lambda each: each.waiting_since_s)
        excess = max(0, len(connections) - most)
        for each in waiting[:excess]:
            self._drop(each)
        return excess <= len(waiting)

    def _drop(self, protocol: HttpConnection) -> None:
        if protocol.transport is None:
            self._starting.pop(protocol).cancel()
        else:
            protocol.transport.abort()

    def _lower_limit(self, error: OSError) -> None:
        """Lower the limit of connections if no file descriptor was left for a new one."""
        if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            return
        self._max_connections = max(1, min(self._max_connections, len(self._open())) - RESERVE)
        self._make_room(self._max_connections)
        _log.warning(
            "no connection could be accepted (%s): at most %d are kept from now on",
            error.strerror,
            self._max_connections,
        )
