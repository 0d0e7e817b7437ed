"""The addresses that the server prints, and the QR code of one of them."""

import contextlib
import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import urllib.request

import cv2
import numpy as np
import pytest

from live_stage import serving
from movenet.cli.live import _print_addresses
from movenet.live import ServerSettings
from movenet.live.addresses import Addresses, page_addresses, qr_code, reachable_hosts

EVERY = [ServerSettings(host, token="secret-token") for host in ("0.0.0.0", "::")]
REMOTE = Addresses("http://127.0.0.1:1/", ("http://192.0.2.7:1/", "http://[fd00::2]:1/"))


def test_a_server_for_this_computer_has_no_address_elsewhere():
    assert page_addresses(ServerSettings(), 80) == Addresses("http://127.0.0.1:80/")


def test_a_server_at_one_address_is_opened_there_from_everywhere():
    url = "http://192.0.2.7:80/?token=secret-token"
    assert page_addresses(ServerSettings("192.0.2.7", token="secret-token"), 80) == Addresses(url, (url,))


def test_an_ipv6_address_stands_in_brackets():
    assert page_addresses(ServerSettings("::1", tls=True), 80).local_url == "https://[::1]:80/"


@pytest.mark.parametrize("settings", EVERY, ids=lambda settings: settings.host)
def test_every_address_elsewhere_is_one_of_this_computer_that_others_can_open(settings):
    for host in reachable_hosts(settings):
        address = ipaddress.ip_address(host)
        assert not address.is_loopback
        assert not (address.version == 6 and address.is_link_local)
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family) as listener:
            listener.bind((host, 0))  # fails for an address of another computer


def test_ipv4_alone_has_no_ipv6_address():
    assert not [host for host in reachable_hosts(EVERY[0]) if ":" in host]


def test_each_address_elsewhere_has_scheme_port_and_token():
    addresses = page_addresses(EVERY[1], 81)
    assert addresses.local_url == "http://[::1]:81/?token=secret-token"
    assert len(addresses.remote_urls) == len(reachable_hosts(EVERY[1]))
    assert all(re.fullmatch(r"http://[^/]+:81/\?token=secret-token", each) for each in addresses.remote_urls)


def test_a_qr_code_is_read_back():
    url = "https://192.168.1.20:8765/?token=" + "a1" * 16
    rows = []
    for line in qr_code(url).splitlines():
        rows += [[mark in "█▀" for mark in line], [mark in "█▄" for mark in line]]
    image = np.kron(np.array(rows, np.uint8) * 255, np.ones((8, 8), np.uint8))
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == url


def test_without_a_terminal_there_is_no_qr_code(capsys):
    _print_addresses(REMOTE)
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "movenet live: http://127.0.0.1:1/   (Ctrl-C stops it)",
        "other devices: http://192.0.2.7:1/",
        "other devices: http://[fd00::2]:1/",
        "browsers on other devices allow their camera with https only: add --tls",
    ]


def test_on_a_terminal_the_address_for_other_devices_is_a_qr_code():
    import pty

    ours, theirs = pty.openpty()
    imports = "from movenet.cli.live import _print_addresses; from movenet.live.addresses import Addresses"
    code = f"{imports}; _print_addresses({REMOTE!r})"
    utf8 = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    subprocess.run([sys.executable, "-c", code], check=True, stdout=theirs, env=utf8)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # the end of a pseudo-terminal
        while part := os.read(ours, 1 << 16):
            said += part
    os.close(ours)
    assert qr_code(REMOTE.remote_urls[0]).splitlines()[1] in said.decode()


def test_a_certificate_of_its_own_is_announced_with_its_fingerprint(capsys):
    _print_addresses(Addresses("https://127.0.0.1:1/", ("https://192.0.2.7:1/",), "A1 B2"))
    assert capsys.readouterr().out.splitlines()[-1].endswith("its SHA-256 is A1 B2")


@pytest.mark.parametrize("host", ["::1", "::"])
def test_a_server_at_an_ipv6_address_prints_it_and_answers(host):
    with serving(host=host) as server:
        assert server.url.startswith("http://[::1]:")
        with urllib.request.urlopen(server.url.partition("?")[0] + "health", timeout=120) as answer:
            assert json.load(answer)["status"] == "ok"


def test_a_server_at_every_address_answers_ipv4_too():
    with serving(host="::") as server:
        port = server.socket.getsockname()[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=120) as answer:
            assert json.load(answer)["status"] == "ok"
