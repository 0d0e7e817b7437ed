"""The server: port, certificate, uvicorn and the application."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import cv2
import uvicorn

from movenet.errors import MoveNetError
from movenet.live.addresses import Addresses, page_addresses, reachable_hosts
from movenet.live.app import create_app
from movenet.live.auth import new_token
from movenet.live.certificates import fingerprint, self_signed_certificate
from movenet.live.connections import Acceptor
from movenet.live.log_limit import limited_logs
from movenet.live.models_table import WebModels
from movenet.live.settings import ServerSettings
from movenet.live.shared_models import SharedModels
from movenet.live.wire import HEADER


class Server(uvicorn.Server):
    """Serves until it is stopped; calls back when it accepts connections."""

    def __init__(
        self,
        models: SharedModels | WebModels,
        settings: ServerSettings,
        on_ready: Callable[[Addresses], object],
    ):
        """Bind the port.

        Args:
            models: the models that clients can choose; with `WebModels` they run in the browser only.
            settings: address, access and limits; a token is generated if one is needed and none is given.
            on_ready: called once with the page's addresses, in the server's thread.

        Raises:
            MoveNetError: The port is taken, the address is not this computer's, or the certificate cannot be used.
        """
        if settings.token is None and not settings.is_local:
            settings = replace(settings, token=new_token())
        with _certificate(settings) as (certificate, certificate_hash):
            super().__init__(_config(models, settings, certificate))
        self._on_ready = on_ready
        self._limits = settings.limits
        self.socket = _listen(settings)
        self.addresses = page_addresses(settings, self.socket.getsockname()[1], certificate_hash)

    @property
    def url(self) -> str:
        """URL of the page for this computer."""
        return self.addresses.local_url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and call `on_ready`; `main_loop` accepts connections."""
        await super().startup([])
        self._on_ready(self.addresses)

    async def main_loop(self) -> None:
        """Accept connections until the server is stopped."""
        accepting = asyncio.ensure_future(Acceptor(self.socket, self, self._limits).run())
        accepting.add_done_callback(self._stop)
        await super().main_loop()
        accepting.cancel()
        with suppress(asyncio.CancelledError):
            await accepting

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; after a second Ctrl-C without waiting for clients, but with an orderly end of the application."""
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()

    def _stop(self, _: asyncio.Future[None]) -> None:
        self.should_exit = True

    def serve_until_stopped(self) -> None:
        """Serve until Ctrl-C, or until `should_exit` is set."""
        # OpenCV's idle threads spin on cores that the models need.
        cv2.setNumThreads(1)
        try:
            with limited_logs():
                self.run([self.socket])
        except KeyboardInterrupt:
            pass  # uvicorn has shut down already and raises it again
        finally:
            self.socket.close()


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # "::" means all addresses, including those of IPv4.
    both = settings.host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server(
            (settings.host, settings.port), family=family, backlog=128, dualstack_ipv6=both
        )
    except OSError as error:
        raise MoveNetError(
            f"cannot listen on port {settings.port} of {settings.host}: {error.strerror}; "
            "choose another with --port, or 0 for any that is free"
        ) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # The kernel drops clients that do not receive any more, too.
        timeout_ms = round(2000 * settings.limits.stall_s)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
    return listener


@contextmanager
def _certificate(settings: ServerSettings) -> Iterator[tuple[tuple[Path, Path] | None, str]]:
    """Context with the files of certificate and key (None for http), and the fingerprint of a self-signed one."""
    if settings.tls_cert and settings.tls_key:
        yield (settings.tls_cert, settings.tls_key), ""
    elif settings.tls:
        with self_signed_certificate(reachable_hosts(settings)) as file:
            yield (file, file), fingerprint(file)
    else:
        yield None, ""


def _config(
    models: SharedModels | WebModels, settings: ServerSettings, certificate: tuple[Path, Path] | None
) -> uvicorn.Config:
    config = uvicorn.Config(
        create_app(models, settings),
        http="h11",
        ws="websockets-sansio",
        ws_max_size=HEADER.size + settings.limits.frame_bytes,
        # Pictures are compressed already, and compressed messages could be decompression bombs.
        ws_per_message_deflate=False,
        ws_ping_interval=settings.limits.idle_s / 3,
        ws_ping_timeout=settings.limits.idle_s / 3,
        # The access log would contain the token.
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
        ssl_certfile=certificate and certificate[0],
        ssl_keyfile=certificate and certificate[1],
    )
    try:
        config.load()
    except OSError as error:  # SSLError is an OSError
        raise MoveNetError(
            f"cannot use the certificate {config.ssl_certfile} with its key: {error}"
        ) from None
    return config
