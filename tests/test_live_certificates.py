"""The certificate that the server makes for itself, and https with it."""

import json
import ssl
import stat
import tempfile
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest
from websockets.sync.client import connect

from live_stage import packet, serving
from movenet.errors import FileError, MediaError
from movenet.live.certificates import VALID, fingerprint, self_signed_certificate

HOSTS = ["192.0.2.7", "fd00::2", "laptop.example"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path))
    return tmp_path


def made(hosts=(), now=None):
    """Return path and bytes of the certificate for some hosts."""
    with self_signed_certificate(hosts, now) as path:
        return path, path.read_bytes()


def test_it_is_kept_for_the_next_run(cache):
    assert made(HOSTS) == made(HOSTS) == made(HOSTS[:1])


def test_only_its_owner_can_read_it(cache):
    path, _ = made()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_new_address_renews_it(cache):
    assert made() != made(HOSTS)


@pytest.mark.parametrize("later", [VALID - timedelta(days=6), VALID + timedelta(days=1), -timedelta(days=1)])
def test_it_is_renewed_before_it_expires_and_when_it_is_not_valid_yet(cache, later):
    now = datetime.now(timezone.utc)
    assert made(now=now) != made(now=now + later)


def test_it_is_not_renewed_early(cache):
    now = datetime.now(timezone.utc)
    assert made(now=now) == made(now=now + timedelta(days=300))


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_one_that_others_could_read_is_not_used(cache, mode):
    path, before = made()
    path.chmod(mode)
    assert made()[1] != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_in_a_folder_that_others_could_write_to_is_not_used(cache):
    path, before = made()
    path.parent.chmod(0o777)
    assert made()[1] != before
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:300], lambda data: b"\xff" * 99])
def test_a_damaged_one_is_made_anew(cache, damage):
    path, before = made()
    path.write_bytes(damage(before))
    assert b"BEGIN CERTIFICATE" in made()[1]


def test_a_key_of_another_certificate_is_not_used(cache):
    path, first = made()
    _, second = made(HOSTS)
    split = first.index(b"-----BEGIN CERT")
    path.write_bytes(second[: second.index(b"-----BEGIN CERT")] + first[split:])
    assert made()[1] not in (first, second)


def test_without_a_cache_it_is_gone_afterwards(monkeypatch):
    monkeypatch.setenv("MOVENET_CACHE", "")
    with self_signed_certificate(HOSTS) as path:
        assert path.is_file()
    assert not path.parent.exists()


def test_a_system_without_a_folder_for_it_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("MOVENET_CACHE", "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(FileError, match=r"cannot keep a certificate.*set TMPDIR"):
        made()


def test_a_folder_that_cannot_be_made_is_an_error(cache):
    (cache / "tls").write_bytes(b"")
    with pytest.raises(MediaError, match="cannot keep a certificate in"):
        made()


def test_https_and_wss_answer_who_knows_the_certificate(cache):
    with serving(tls=True) as server:
        assert server.url.startswith("https://127.0.0.1:")
        file = cache / "tls" / "certificate.pem"
        assert server.addresses.fingerprint == fingerprint(file)
        context = ssl.create_default_context(cafile=file)
        with urllib.request.urlopen(server.url + "health", context=context, timeout=120) as answer:
            assert json.load(answer)["status"] == "ok"
        address = server.url.replace("https", "wss") + "ws"
        origin = server.url.rstrip("/")
        with connect(address, ssl=context, origin=origin, open_timeout=120) as link:
            link.recv()
            link.send(packet(0, 0.0))
            assert json.loads(link.recv(timeout=120))["type"] == "poses"


def test_a_certificate_of_ones_own_is_served(cache):
    file, _ = made()
    with serving(tls_cert=file, tls_key=file) as server:
        assert server.addresses.fingerprint == ""
        context = ssl.create_default_context(cafile=file)
        with urllib.request.urlopen(server.url + "health", context=context, timeout=120) as answer:
            assert answer.status == 200


def test_the_cookie_of_a_https_page_is_sent_over_https_only(cache):
    with serving(tls=True, token="secret-token") as server:
        context = ssl.create_default_context(cafile=cache / "tls" / "certificate.pem")
        with urllib.request.urlopen(server.url, context=context, timeout=120) as answer:
            assert "; Secure" in answer.headers["set-cookie"]
