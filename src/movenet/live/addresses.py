"""Addresses of the page for this computer and for other devices."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from io import StringIO
from typing import Final
from urllib.parse import quote

import psutil
import segno

from movenet.live.settings import ServerSettings

LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Loopback address for each host that means all addresses."""
_DOCUMENTATION_HOSTS: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses reserved for documentation (RFC 5737, RFC 3849), which are outside of every local network."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of the page, with the token if one is needed."""

    local_url: str
    """URL for this computer."""
    remote_urls: tuple[str, ...] = ()
    """URLs for other devices, the one in the default network first; empty if only this computer can connect."""
    fingerprint: str = ""
    """SHA-256 of the self-signed certificate, as browsers show it; empty without one."""


def page_addresses(settings: ServerSettings, port: int, fingerprint: str = "") -> Addresses:
    """Return the URLs of the page of a server at this port."""

    def url(host: str) -> str:
        token = f"?token={quote(settings.token)}" if settings.token else ""
        return f"{settings.scheme}://{f'[{host}]' if ':' in host else host}:{port}/{token}"

    if settings.host in LOOPBACK:
        return Addresses(
            url(LOOPBACK[settings.host]), tuple(map(url, reachable_hosts(settings))), fingerprint
        )
    return Addresses(url(settings.host), () if settings.is_local else (url(settings.host),), fingerprint)


def reachable_hosts(settings: ServerSettings) -> list[str]:
    """Return the host, or the addresses of all network interfaces except loopback if the host means all addresses.

    Link-local IPv6 addresses are left out, because browsers cannot open them.
    """
    if settings.host not in LOOPBACK:
        return [settings.host]
    families = {socket.AF_INET} if settings.host == "0.0.0.0" else {socket.AF_INET, socket.AF_INET6}
    found = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in families and _is_reachable(entry.address)
    ]
    preferred = _default_hosts()
    return sorted(found, key=lambda host: (":" in host, host not in preferred))


def _is_reachable(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return not parsed.is_loopback and not (parsed.version == 6 and parsed.is_link_local)


def _default_hosts() -> set[str]:
    """Return this computer's addresses on the default routes; connecting a UDP socket sends no packet."""
    found = set()
    for target, family in _DOCUMENTATION_HOSTS:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found.add(probe.getsockname()[0])
        except OSError:  # no network of this family
            continue
    return found


def qr_code(text: str) -> str:
    """Return a text as a QR code of block characters, for a terminal."""
    drawn = StringIO()
    segno.make(text, error="l").terminal(drawn, compact=True)
    return drawn.getvalue()
