"""Connections that send half a request, or nothing: they end, and they keep nobody out."""

import contextlib
import json
import logging
import socket
import ssl
import time
import urllib.request

import pytest
from websockets.sync.client import connect

from live_process import serving_with
from live_stage import happens, kept_log, packet, serving
from movenet.live import Limits
from movenet.live.log_limit import MAX_LINES, PERIOD_S, RepeatFilter

HEADER = "Host: 127.0.0.1\r\n"
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
WHOLE = f"GET /health HTTP/1.1\r\n{HEADER}\r\n"
UNFINISHED = {
    "nothing": "",
    "half a request line": "GET /he",
    "half a header": f"GET /health HTTP/1.1\r\n{HEADER}X",
    "half a handshake": f"GET /ws HTTP/1.1\r\n{HEADER}{UPGRADE}",
    "a handshake with a body": f"GET /ws HTTP/1.1\r\n{HEADER}{UPGRADE}{KEY}Content-Length: 5\r\n\r\n",
    "half a second request": f"{WHOLE}GET /",
    "a request without its body": f"POST /health HTTP/1.1\r\n{HEADER}Content-Length: 5\r\n\r\nab",
}
CHUNKED = "Transfer-Encoding: chunked\r\n"


def knock(port, text=""):
    """Open a connection and send a text."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=120)
    raw.sendall(text.encode())
    return raw


def port_of(server):
    return server.socket.getsockname()[1]


def is_ended(raw):
    """Read a connection to its end."""
    with contextlib.suppress(ConnectionError):
        while raw.recv(1 << 16):
            pass
    return True


def camera(port):
    return connect(f"ws://127.0.0.1:{port}/ws", open_timeout=120)


def ask(link, frame):
    link.send(packet(frame, frame / 30))
    return json.loads(link.recv(timeout=120))


@pytest.mark.parametrize("text", UNFINISHED.values(), ids=UNFINISHED)
def test_a_connection_without_a_complete_request_is_closed(text):
    with serving(limits=Limits(request_s=0.3)) as server, knock(port_of(server), text) as raw:
        assert is_ended(raw)


def test_a_tls_handshake_that_never_comes_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path))
    with serving(tls=True, limits=Limits(request_s=0.3)) as server, knock(port_of(server)) as raw:
        assert is_ended(raw)


def test_a_camera_stays_longer_than_a_request_may_take():
    with serving(limits=Limits(request_s=0.2)) as server, camera(port_of(server)) as link:
        link.recv()
        time.sleep(0.6)
        assert ask(link, 0)["type"] == "poses"


def test_a_new_connection_takes_the_place_of_the_one_that_has_waited_longest():
    limits = Limits(clients=2, connections=3, request_s=600)
    with serving(limits=limits) as server, contextlib.ExitStack() as stack:
        port = port_of(server)
        waiting = [stack.enter_context(knock(port, "GET /")) for _ in range(3)]
        assert happens(lambda: len(server.server_state.connections) == 3)
        link = stack.enter_context(camera(port))
        assert is_ended(waiting[0])
        link.recv()
        assert len(server.server_state.connections) == 3
        waiting[1].sendall(f"health HTTP/1.1\r\n{HEADER}\r\n".encode())
        assert waiting[1].recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_where_every_connection_is_in_use_a_new_one_is_closed():
    limits = Limits(clients=2, connections=3, request_s=600, stall_s=600, upload_bytes_per_s=1e-3)
    posting = f"POST /api/pose HTTP/1.1\r\n{HEADER}Content-Length: 9\r\n\r\na"
    with serving(limits=limits) as server, contextlib.ExitStack() as stack:
        port = port_of(server)
        links = [stack.enter_context(camera(port)) for _ in range(2)]
        post = stack.enter_context(knock(port, posting))
        assert happens(lambda: len(server.server_state.tasks) == 3)
        assert is_ended(stack.enter_context(knock(port)))
        for link in links:
            link.recv()
            assert ask(link, 0)["type"] == "poses"
        post.sendall(b"12345678")
        assert post.recv(1 << 16).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("connections", [128, 1000], ids=["within the files", "beyond the files"])
def test_half_requests_beyond_the_files_of_the_process_keep_nobody_out(connections):
    with serving_with(256, connections) as (port, log), contextlib.ExitStack() as stack:
        link = stack.enter_context(camera(port))
        link.recv()
        for _ in range(316):
            stack.enter_context(knock(port, "GET / HTTP/1.1\r\nHost: "))
        answers = [ask(link, frame) for frame in range(20)]
        newcomer = stack.enter_context(camera(port))
        assert json.loads(newcomer.recv(timeout=120))["type"] == "hello"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/page/live.js", timeout=120) as file:
            assert file.status == 200
    assert [answer["frame"] for answer in answers] == list(range(20))
    assert len(log) == (connections == 1000)
    assert all("no connection could be accepted (Too many open files)" in line for line in log)


@pytest.mark.parametrize("path", ["/health", "/api/pose", "/nothing"])
def test_a_body_that_turns_out_malformed_is_no_fault_of_ours(path):
    """An answer may have been begun by then, so that "400" cannot be sent any more."""
    with serving(may_log="Invalid HTTP request received.") as server:
        with knock(port_of(server), f"POST {path} HTTP/1.1\r\n{HEADER}{CHUNKED}\r\n1\r\na\r\n") as raw:
            if path != "/api/pose":
                assert raw.recv(1 << 16).startswith(b"HTTP/1.1 40")
            raw.sendall(b"no length\r\n")
            assert is_ended(raw)
        with knock(port_of(server), WHOLE) as raw:
            assert raw.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_malformed_requests_fill_no_log():
    with serving(may_log="Invalid HTTP request received.*") as server, kept_log() as lines:
        for _ in range(50):
            with knock(port_of(server), "\x00\r\n\r\n") as raw:
                assert is_ended(raw)
    assert len(lines) == MAX_LINES
    assert "left out" in lines[-1]


def record(text, error=None):
    exc_info = (type(error), error, None) if error else None
    return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, text, (), exc_info)


def test_a_line_is_repeated_a_few_times_a_period_and_others_are_not_held_back():
    now = [0.0]
    limit = RepeatFilter(lambda: now[0])
    assert sum(limit.filter(record("one")) for _ in range(100)) == MAX_LINES
    assert limit.filter(record("two"))
    assert limit.filter(record("one", ValueError()))
    now[0] = PERIOD_S
    assert limit.filter(record("one"))


def test_http_to_a_https_server_is_closed(tmp_path, monkeypatch):
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path))
    with serving(tls=True) as server:
        with knock(port_of(server), WHOLE) as raw:
            assert is_ended(raw)
        context = ssl.create_default_context(cafile=tmp_path / "tls" / "certificate.pem")
        with urllib.request.urlopen(server.url + "health", context=context, timeout=120) as answer:
            assert answer.status == 200
