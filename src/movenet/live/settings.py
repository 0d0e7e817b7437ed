"""Settings of the live server: address, access and limits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from movenet.errors import DataError

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~-]{8,}")
"""Characters that need no escaping in URLs and cookies, and a length that cannot be guessed at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that keep a client from disturbing the others.

    Raises:
        DataError: A limit is not above 0, or `connections` is not above `clients`.
    """

    clients: int = 32
    """Maximum number of connected cameras."""
    frame_bytes: int = 1 << 20
    """Maximum bytes of a camera's compressed picture."""
    frame_pixels: int = 1920 * 1080
    """Maximum pixels of a camera's picture, checked by its header before decoding."""
    rate_hz: float = 60.0
    """Maximum messages per second from one camera; a faster one is read more slowly."""
    photo_bytes: int = 16 << 20
    """Maximum bytes of a picture posted to /api/pose."""
    photo_pixels: int = 25_000_000
    """Maximum pixels of a picture posted to /api/pose."""
    photos: int = 4
    """Maximum number of posted pictures in work; more get the status 503."""
    uploads: int = 16
    """Maximum number of uploads at a time, at most half of them from one address; more get the status 503."""
    upload_bytes_per_s: float = 16384.0
    """Minimum rate of an upload, bytes per second, after its first two seconds."""
    connections: int = 128
    """Maximum number of open network connections, including those of cameras."""
    request_s: float = 10.0
    """Timeout in seconds for a complete request header or TLS handshake."""
    idle_s: float = 60.0
    """Timeout in seconds for a message of a camera."""
    stall_s: float = 10.0
    """Timeout in seconds for receiving an answer or sending a photo."""
    bad_messages: int = 20
    """Number of malformed messages in a row that end a connection."""

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
    """Address, access and limits of a live server.

    Raises:
        DataError: The port is out of range, the token is too short or needs escaping in a URL, or only one of
            certificate and key is given.
    """

    host: str = "127.0.0.1"
    """Address to listen on; "0.0.0.0" means all addresses of this computer."""
    port: int = 8765
    """Port to listen on; 0 takes any free one."""
    token: str | None = None
    """Token that clients must send; None needs no token on this computer, and generates one for other addresses."""
    origins: tuple[str, ...] = ()
    """Origins of other pages that may use the server, such as "https://example.org"; its own page always may."""
    tls: bool = False
    """Whether to serve https with a self-signed certificate if `tls_cert` is not given. Over http, browsers give
    cameras only to pages from the same computer."""
    tls_cert: Path | None = None
    """Certificate for https (PEM)."""
    tls_key: Path | None = None
    """Private key of `tls_cert` (PEM)."""
    exercise: str | None = None
    """Exercise that pages count from the start: its name, or a TOML file."""
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
        """Scheme of the page's URL: http or https."""
        return "https" if self.tls or self.tls_cert else "http"
