"""The process around the application: a port, uvicorn, and a word when it can be reached."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import cv2
import uvicorn

from movenet.errors import MoveNetError
from movenet.live.app import create_app
from movenet.live.safety import new_token
from movenet.live.settings import ServerSettings
from movenet.live.shared_models import SharedModels
from movenet.live.wire import HEADER


class Server(uvicorn.Server):
    """Serves until told to stop, and says when it can be reached."""

    def __init__(self, models: SharedModels, settings: ServerSettings, ready: Callable[[str], object]):
        """Take the port.

        Args:
            models: what pages can choose from.
            settings: where to listen; a token is made up if one is needed and none is given.
            ready: called once with the page's address, in the server's thread.

        Raises:
            MoveNetError: If the port is taken, the address is not this computer's, or the certificate is no good.
        """
        if settings.token is None and not settings.is_local:
            settings = replace(settings, token=new_token())
        super().__init__(_config(models, settings))
        self._ready = ready
        self.socket = _listen(settings)
        self.url = _url(settings, self.socket.getsockname()[1])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say where."""
        await super().startup(sockets)
        self._ready(self.url)

    def serve_until_stopped(self) -> None:
        """Serve until Ctrl-C, or until `should_exit` is set."""
        # OpenCV's idle threads would keep cores busy that the models and other cameras' pictures need.
        cv2.setNumThreads(1)
        try:
            self.run([self.socket])
        except KeyboardInterrupt:
            pass  # uvicorn has wound up already and raises it once more
        finally:
            self.socket.close()


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        raise MoveNetError(
            f"cannot listen at port {settings.port} of {settings.host}: {error.strerror}; "
            "choose another with --port, or 0 for any that is free"
        ) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # A client that takes nothing in any more is forgotten by the kernel, too.
        timeout_ms = round(2000 * settings.limits.stall_s)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
    return listener


def _url(settings: ServerSettings, port: int) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    host = everywhere.get(settings.host, settings.host)
    token = f"?token={quote(settings.token)}" if settings.token else ""
    return f"{settings.scheme}://{f'[{host}]' if ':' in host else host}:{port}/{token}"


def _config(models: SharedModels, settings: ServerSettings) -> uvicorn.Config:
    config = uvicorn.Config(
        create_app(models, settings),
        ws="websockets-sansio",
        ws_max_size=HEADER.size + settings.limits.frame_bytes,
        # Pictures are compressed already, and compressed messages can be bombs.
        ws_per_message_deflate=False,
        ws_ping_interval=settings.limits.idle_s / 3,
        ws_ping_timeout=settings.limits.idle_s / 3,
        # The access log would show the token.
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
    )
    try:
        config.load()
    except OSError as error:  # ssl's own errors are of this kind, too
        raise MoveNetError(
            f"cannot use the certificate {settings.certificate} with its key: {error}"
        ) from None
    return config
