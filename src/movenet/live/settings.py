"""What a live server can be told: where it listens, who may come in, and how much anybody may ask of it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from movenet.errors import DataError

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~-]{8,}")
"""What can stand in an address and in a cookie as it is, and is not guessed at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much clients may ask for; each bound keeps one of them from disturbing the others.

    Raises:
        DataError: If one is not above zero, or all cameras would not fit into the connections.
    """

    clients: int = 32
    """Cameras connected at the same time."""
    frame_bytes: int = 1 << 20
    """Of one picture from a camera, compressed."""
    frame_pixels: int = 1920 * 1080
    """Of one picture from a camera, told from its header before it is decoded."""
    rate_hz: float = 60.0
    """Messages a second from one camera; a faster one is read no faster."""
    photo_bytes: int = 16 << 20
    """Of one picture posted to /api/pose."""
    photo_pixels: int = 25_000_000
    """Of one picture posted to /api/pose."""
    photos: int = 4
    """Posted pictures worked on at the same time; whoever comes then is told to come again."""
    uploads: int = 16
    """Posted pictures being received at the same time, half of them from one address; further ones are refused."""
    upload_bytes_per_s: float = 16384.0
    """Slowest rate at which a posted picture may arrive, after the first two seconds."""
    connections: int = 128
    """Network connections open at the same time, of cameras and of all else."""
    request_s: float = 10.0
    """A connection that has sent no complete request header, or TLS handshake, for so long is closed."""
    idle_s: float = 60.0
    """A camera that says nothing for so long is disconnected."""
    stall_s: float = 10.0
    """So long may a client take to accept an answer, or to send a photo."""
    mistakes: int = 20
    """So many malformed messages in a row end a connection."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise DataError(f"expected the limit {field.name} above 0, got {value}")
        if self.connections <= self.clients:
            raise DataError(
                f"expected the limit connections above that of clients, {self.clients}, got {self.connections}"
            )


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where a live server listens and whom it trusts.

    Raises:
        DataError: If the port is none, the token cannot stand in an address, or one of certificate and key is
            missing.
    """

    host: str = "127.0.0.1"
    """The address to listen at; "0.0.0.0" is every address of this computer."""
    port: int = 8765
    """0 takes any that is free."""
    token: str | None = None
    """What everybody must show; None asks for none on this computer, and makes one up for any other address."""
    origins: tuple[str, ...] = ()
    """Pages from elsewhere that may use the server, such as "https://example.org": its own page always may."""
    tls: bool = False
    """Serve https with a certificate that the server makes itself, unless `tls_cert` is one. Browsers give cameras to
    pages of http from the same computer only."""
    tls_cert: Path | None = None
    """A certificate of one's own, for https."""
    tls_key: Path | None = None
    """The certificate's private key."""
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise DataError(f"expected a port from 0 to 65535, got {self.port}")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise DataError("expected a token of at least 8 letters, digits or - . _ ~, got another one")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise DataError(
                "expected both a certificate and its key, got only one of --tls-cert and --tls-key"
            )

    @property
    def is_local(self) -> bool:
        """Whether only programs on this computer can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def scheme(self) -> str:
        """How the page's address begins."""
        return "https" if self.tls or self.tls_cert else "http"
