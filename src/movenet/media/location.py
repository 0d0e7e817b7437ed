"""Where pictures are: a path, a camera or an address, and how each is named in public."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import unquote

from movenet.errors import MediaError

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_FILE_ADDRESS: Final = re.compile(r"file://(localhost(?=/))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of this computer."""

    device: str
    """Its number, "0" is the first, or its device, such as "/dev/video0"."""

    def __str__(self) -> str:
        return f"camera {self.device}"


@dataclass(frozen=True, slots=True)
class Address:
    """Something in a network; printed without its user's password."""

    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """What stands before "://", in small letters."""
        return self.url.partition("://")[0].lower()

    @property
    def is_web(self) -> bool:
        """Whether it is an http or https address, behind which there may be a photo."""
        return self.scheme in ("http", "https")

    def __str__(self) -> str:
        return without_password(self.url)


Location: TypeAlias = Path | Camera | Address


def locate(source: str | Path | int) -> Location:
    """Tell what a source means.

    A `Path` is a path and an `int` a camera. A string is the file or folder of that name if there is one; if not,
    an address (file:// is a path), a camera (digits, or a device under /dev), or else a path.

    Raises:
        MediaError: The number is below 0.
    """
    if isinstance(source, int):
        if source < 0:
            raise MediaError(f"expected a camera's number from 0, got {source}")
        return Camera(str(source))
    name = str(source)
    if _is_camera_device(name):
        return Camera(name)
    if isinstance(source, Path) or os.path.exists(name):  # noqa: PTH110 (Path.exists raises for odd names)
        return Path(source)
    if _FILE_ADDRESS.match(name):
        return _path_of(name)
    if _ADDRESS.match(name):
        return Address(name)
    return Camera(name) if name.isdecimal() and name.isascii() else Path(name)


def _is_camera_device(name: str) -> bool:
    """Tell whether a name is that of a character device under /dev, or of a camera that is not there."""
    if sys.platform == "win32" or not name.startswith("/dev/"):
        return False
    return Path(name).is_char_device() or (
        re.fullmatch(r"/dev/video\d+", name) is not None and not Path(name).exists()
    )


def _path_of(address: str) -> Path:
    """Return the path that a file:// address means, whose %20 is a space unless a file has it in its name."""
    from urllib.request import url2pathname  # loads http and ssl

    encoded = _FILE_ADDRESS.sub("", address, count=1)
    path = Path(url2pathname(encoded))
    return Path(encoded) if not path.exists() and Path(encoded).exists() else path


def without_password(address: str) -> str:
    """Return the address as it may be shown: the password, or a user name that stands alone, is replaced by ***."""
    scheme, _, rest = address.partition("://")
    secret, at, host = _split(rest)
    user, colon, _ = secret.partition(":")
    return f"{scheme}://{user if colon else ''}{colon}***@{host}" if at else address


def credentials(address: str) -> tuple[str, str, str]:
    """Split an address into one without user and password, the user and the password, both decoded."""
    scheme, _, rest = address.partition("://")
    secret, at, host = _split(rest)
    user, _, password = secret.partition(":")
    return f"{scheme}://{host if at else rest}", unquote(user), unquote(password)


def _split(rest: str) -> tuple[str, str, str]:
    """Split what follows "://" at the @ that ends user and password; both other parts are empty without one."""
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    port = re.sub(r"^\[[^\]]*\]", "", authority).partition(":")[2]
    # A password that is not percent-encoded may hold / ? or #: what follows the first colon is then no port.
    if "@" in authority or not port or port.isdecimal():
        secret, at, host = authority.rpartition("@")
        return secret, at, host + rest[len(authority) :]
    return rest.rpartition("@")
