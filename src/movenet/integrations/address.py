"""Network addresses written as HOST:PORT."""

from __future__ import annotations

from movenet.errors import DataError


def parse_address(text: str, default_port: int) -> tuple[str, int]:
    """Return host and port of "host", "host:port" or "[IPv6]:port".

    Raises:
        DataError: the host is missing, or the port is not from 1 to 65535.
    """
    host, port = text.strip(), str(default_port)
    if host.count(":") == 1 or host.startswith("["):
        host, _, given = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        port = given or port
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise DataError(f"expected an address such as 127.0.0.1:{default_port}, got '{text}'")
    return host, int(port)
