"""Self-signed certificate for https, which browsers on other devices require for cameras."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from movenet.atomic import atomic_write
from movenet.engine import cache_folder
from movenet.errors import FileError, MediaError

VALID: Final = timedelta(days=365)
"""Validity of the certificate. Apple's devices accept at most 825 days (support.apple.com/103769)."""
RENEW_BEFORE: Final = timedelta(days=7)
"""A certificate that expires within this time is replaced when the server starts."""
FILE: Final = "certificate.pem"
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@contextmanager
def self_signed_certificate(hosts: Iterable[str], now: datetime | None = None) -> Iterator[Path]:
    """Context that gives a PEM file with a private key and a certificate for this computer's names and these hosts.

    The file is kept in the folder `tls` of the cache (`movenet.engine.cache_folder`), readable by its owner only, and
    reused until it expires or lacks a host. Without a cache it is a temporary file. `now` defaults to the current time.

    Raises:
        FileError: The file cannot be written, or there is no folder for it.
        MediaError: Its folder belongs to another user.
    """
    names = sorted({*LOCAL_NAMES, *filter(str.isascii, (socket.gethostname(), *hosts))} - {""})
    now = now or datetime.now(timezone.utc)
    cache = cache_folder()
    if cache is None:
        with _temporary_folder() as folder:
            yield _certificate(Path(folder), names, now)
    else:
        yield _certificate(cache / "tls", names, now)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory()
    except OSError as error:  # a file system without any folder that can be written
        raise FileError(
            f"cannot keep a certificate: {error.strerror}; set TMPDIR to a folder that can be written"
        ) from error


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of the certificate in a PEM file as browsers show it: "A1 B2 …"."""
    return x509.load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256()).hex(" ").upper()


def _certificate(folder: Path, names: list[str], now: datetime) -> Path:
    path = folder / FILE
    if not (_is_private(folder) and _is_private(path) and _is_usable(path, names, now)):
        _make_private(folder)
        with atomic_write(path) as temporary:
            temporary.chmod(0o600)
            temporary.write_bytes(_make(names, now))
    return path


def _is_private(path: Path) -> bool:
    """Tell whether only the owner can read or replace a path; on Windows the cache folder is private anyway."""
    try:
        status = path.stat()
    except OSError:
        return False
    return os.name == "nt" or (status.st_uid == os.getuid() and not status.st_mode & 0o077)


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise MediaError(f"cannot keep a certificate in {folder}: {error.strerror}") from None


def _is_usable(path: Path, names: list[str], now: datetime) -> bool:
    """Tell whether the certificate covers all names, fits the key in the file, and does not expire soon."""
    try:
        data = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(data)
        key = serialization.load_pem_private_key(data, None)
        known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, OSError, x509.ExtensionNotFound):
        return False
    is_valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - RENEW_BEFORE
    is_ours = key.public_key() == certificate.public_key()
    return is_valid and is_ours and all(_general_name(name) in known for name in names)


def _make(names: list[str], now: datetime) -> bytes:
    """Return a new key (NIST P-256) and its self-signed certificate as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "movenet live")])
    alternatives = x509.SubjectAlternativeName(map(_general_name, names))
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # the clock of the other device may be slow
        .not_valid_after(now + VALID - timedelta(hours=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
