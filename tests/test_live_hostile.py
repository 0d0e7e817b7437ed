"""A live server on a real port, with clients who mean harm, or are many."""

import json
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from fuzz_messages import GoodClient, send_raw_requests, send_socket_messages
from live_stage import happens, jpeg, packet, serving
from movenet.errors import MoveNetError
from movenet.live import Limits, ServerSettings
from movenet.live.server import Server
from movenet.machine import usable_cores

VISITS = 500


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


def ws(server):
    return server.url.replace("http", "ws") + "ws"


def port_of(server):
    return server.socket.getsockname()[1]


def ask(link, frame):
    link.send(packet(frame, frame / 30))
    return json.loads(link.recv(timeout=120))


@pytest.mark.parametrize(("send", "count"), [(send_socket_messages, 1500), (send_raw_requests, 500)])
def test_malformed_messages_never_disturb_another_client(send, count):
    with serving(may_log=r"(Invalid HTTP|Unsupported upgrade) request( received)?\..*") as server:
        attack = threading.Thread(target=send, args=(port_of(server), count, 1, jpeg()))
        good = GoodClient(port_of(server), jpeg())
        attack.start()
        good.run(lambda: not attack.is_alive())
        assert good.has_every_answer


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
    port = port_of(server)
    with pytest.raises(MoveNetError, match=f"cannot listen on port {port} of 127.0.0.1.*--port"):
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
