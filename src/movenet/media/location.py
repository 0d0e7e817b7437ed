"""Locations of pictures: path, camera or network address, and their names without passwords."""

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
CLOUD_SCHEMES: Final = frozenset({"s3", "gs", "gcs", "abfs", "abfss"})
"""Schemes of objects in stores: S3, Google Cloud Storage, Azure."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of this computer."""

    device: str
    """Number ("0" is the first camera) or device (such as "/dev/video0")."""

    def __str__(self) -> str:
        return f"camera {self.device}"


@dataclass(frozen=True, slots=True)
class Address:
    """A network address; `str` and `repr` hide its password."""

    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """The part before "://", in lower case."""
        return self.url.partition("://")[0].lower()

    @property
    def is_web(self) -> bool:
        """Whether the scheme is http or https, which may serve a photo."""
        return self.scheme in ("http", "https")

    @property
    def is_cloud(self) -> bool:
        """Whether it is an object in a store (`movenet.media.cloud`)."""
        return self.scheme in CLOUD_SCHEMES

    def __str__(self) -> str:
        return without_password(self.url)


Location: TypeAlias = Path | Camera | Address


def locate(source: str | Path | int) -> Location:
    """Return the location that a source names.

    A `Path` is a path and an `int` a camera. A string is an existing file or folder; else an address (file:// gives a
    path); else a camera (digits, or a device under /dev); else a path.

    Raises:
        MediaError: The camera's number is below 0, or the name is empty.
    """
    if source == "":
        raise MediaError("expected a file, a folder, an address or a camera, got an empty name")
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
    """Tell whether a name is a character device under /dev, or /dev/video<n> that does not exist."""
    if sys.platform == "win32" or not name.startswith("/dev/"):
        return False
    return Path(name).is_char_device() or (
        re.fullmatch(r"/dev/video\d+", name) is not None and not Path(name).exists()
    )


def _path_of(address: str) -> Path:
    """Return the path of a file:// address; percent-encoding is decoded unless a file of the encoded name exists."""
    from urllib.request import url2pathname  # loads http and ssl

    encoded = _FILE_ADDRESS.sub("", address, count=1)
    path = Path(url2pathname(encoded))
    return Path(encoded) if not path.exists() and Path(encoded).exists() else path


def without_password(address: str) -> str:
    """Return the address for messages: the password, or a user name without password, is replaced by ***."""
    scheme, _, rest = address.partition("://")
    secret, at, host = _split(rest)
    user, colon, _ = secret.partition(":")
    return f"{scheme}://{user if colon else ''}{colon}***@{host}" if at else address


def credentials(address: str) -> tuple[str, str, str]:
    """Split an address into the address without credentials, the user, and the password, both percent-decoded."""
    scheme, _, rest = address.partition("://")
    secret, at, host = _split(rest)
    user, _, password = secret.partition(":")
    return f"{scheme}://{host if at else rest}", unquote(user), unquote(password)


def _split(rest: str) -> tuple[str, str, str]:
    """Split the part after "://" into credentials, "@" and the rest; without credentials the first two are empty."""
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    port = re.sub(r"^\[[^\]]*\]", "", authority).partition(":")[2]
    # A password that is not percent-encoded may contain / ? or #; then no port follows the first colon.
    if "@" in authority or not port or port.isdecimal():
        secret, at, host = authority.rpartition("@")
        return secret, at, host + rest[len(authority) :]
    return rest.rpartition("@")
