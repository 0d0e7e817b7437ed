"""A live server on a real port, with clients who mean harm, or are many."""

import contextlib
import json
import os
import random
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from live_stage import happens, jpeg, packet, progressive_bomb, serving
from movenet.cores import usable_cores
from movenet.errors import MoveNetError
from movenet.live import Limits, ServerSettings
from movenet.live.server import Server

MESSAGES = int(os.environ.get("MOVENET_HOSTILE_MESSAGES", "1500"))
"""How many malformed messages are sent; docs/live.md reports a run with 10 000."""
VISITS = 500


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


def ws(server):
    return server.url.replace("http", "ws") + "ws"


def ask(link, frame):
    link.send(packet(frame, frame / 30))
    return json.loads(link.recv(timeout=120))


def garbage(chance, picture):
    """Return a message of any kind that is not right, drawn by `chance`."""
    kinds = (
        lambda: chance.randbytes(chance.randrange(200)),
        lambda: struct.pack("<Id", chance.getrandbits(32), chance.uniform(-1e9, 1e9)) + chance.randbytes(99),
        lambda: packet(0, float("nan"), picture),
        lambda: packet(0, 0.0, picture[: chance.randrange(len(picture))]),
        lambda: packet(0, 0.0, damaged(chance, picture)),
        lambda: packet(0, 0.0, b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + b"\x01\x11\x00" * 3),
        lambda: packet(0, 0.0, BOMB),
        lambda: "".join(chance.choices('{}[]":,null ', k=chance.randrange(300))),
        lambda: "[" * chance.randrange(2000),
        lambda: json.dumps({"type": "choice", "model": chance.choice(["", "?", None, 1e308, [], {}])}),
        lambda: "\U0010ffff" * chance.randrange(600),
        lambda: "",
        lambda: b"",
    )
    return chance.choice(kinds)()


BOMB = progressive_bomb(2000)


def damaged(chance, picture):
    data = bytearray(picture)
    for _ in range(chance.randrange(1, 30)):
        data[chance.randrange(20, len(data))] = chance.randrange(256)
    return bytes(data)


def attack(server, count, seed):
    """Send so many malformed messages, over as many connections as that takes, and some that are half ones."""
    chance, picture, sent = random.Random(seed), jpeg(), 0
    while sent < count:
        if not sent % 10:
            half_a_message(server, chance)
        with contextlib.suppress(ConnectionClosed, OSError), connect(ws(server), max_queue=None) as link:
            for _ in range(30):
                link.send(garbage(chance, picture))
                sent += 1
    return sent


def half_a_message(server, chance):
    """Knock, begin to speak, and leave in the middle of it."""
    port = server.socket.getsockname()[1]
    upgrade = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(upgrade[: chance.choice([20, len(upgrade)])])
        raw.sendall(b"\x82\xff" + chance.randbytes(chance.randrange(60)))


def test_hostile_messages_never_disturb_another_client(server):
    attacker = threading.Thread(target=attack, args=(server, MESSAGES, 1))
    with connect(ws(server)) as link:
        link.recv()
        attacker.start()
        frame, answers = 0, []
        while attacker.is_alive() or frame < 30:
            answers.append(ask(link, frame))
            frame += 1
            time.sleep(0.01)
    assert [answer["frame"] for answer in answers] == list(range(frame))
    assert {answer["type"] for answer in answers} == {"poses"}
    assert all(len(answer["poses"]) == 1 for answer in answers)


def test_connecting_and_leaving_leaks_nothing(server):
    def look():
        return threading.active_count(), len([*Path("/proc/self/fd").iterdir()])

    def visit(number):
        with connect(ws(server)) as link:
            link.recv()
            if number % 3:
                link.send(packet(0, 0.0))
            if number % 3 == 2:
                link.recv()

    def is_as(before):
        # The pool begins each of its threads when it is first needed.
        threads, files = look()
        return files == before[1] and threads <= before[0] + usable_cores()

    visit(2)
    assert happens(lambda: not server.server_state.connections | server.server_state.tasks)
    before = look()
    for number in range(VISITS):
        visit(number)
    assert happens(lambda: is_as(before))
    assert happens(lambda: not server.config.app.state.live.clients)
    assert happens(lambda: not server.server_state.tasks)


def test_a_message_over_the_limit_ends_its_connection_only(server):
    with connect(ws(server)) as other:
        other.recv()
        with connect(ws(server)) as link:
            link.recv()
            link.send(b"x" * (Limits().frame_bytes + 100))
            with pytest.raises(ConnectionClosed) as end:
                link.recv(timeout=120)
        assert end.value.rcvd.code == 1009
        assert ask(other, 0)["type"] == "poses"


def test_nobody_starves_while_another_sends_without_end(server):
    stop = threading.Event()

    def flood():
        with connect(ws(server), max_queue=None, close_timeout=0.1) as link:
            picture = jpeg()
            for frame in range(100_000):
                if stop.is_set():
                    break
                link.send(packet(frame, frame / 1000, picture))

    greedy = threading.Thread(target=flood)
    with connect(ws(server)) as link:
        link.recv()
        greedy.start()
        answers = [ask(link, frame) for frame in range(40)]
    stop.set()
    greedy.join()
    assert [answer["frame"] for answer in answers] == list(range(40))


def test_a_port_that_is_taken_is_an_error_with_a_remedy(server):
    port = server.socket.getsockname()[1]
    with pytest.raises(MoveNetError, match=f"cannot listen at port {port} of 127.0.0.1.*--port"):
        Server(server.config.app.state.live.models, ServerSettings(port=port), print)


def test_a_certificate_that_is_none_is_an_error_before_anything_starts(server, tmp_path):
    settings = ServerSettings(port=0, tls_cert=tmp_path / "missing.pem", tls_key=tmp_path / "missing.key")
    with pytest.raises(MoveNetError, match=r"cannot use the certificate .*missing\.pem"):
        Server(server.config.app.state.live.models, settings, print)


def test_an_open_server_makes_up_a_token_and_tells_it_in_its_address():
    with serving(host="0.0.0.0") as server:
        assert "?token=" in server.url
        with urllib.request.urlopen(server.url) as page:
            assert page.status == 200
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(server.url.partition("?")[0])
