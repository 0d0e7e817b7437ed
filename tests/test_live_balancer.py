"""Two live servers behind HAProxy, as in docs/examples/haproxy.cfg: one is killed or stopped, its clients come back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from live_stage import packet
from servers import free_port

HAPROXY = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
RECIPE = Path(__file__).parents[1] / "docs" / "examples" / "haproxy.cfg"
TOKEN = "a-token-of-all-backends"
BACKEND = (
    "import sys; from live_stage import models; from movenet.live import ServerSettings, serve\n"
    "serve(models(), ServerSettings(port=int(sys.argv[1]), token=sys.argv[2]), lambda _: print('ready', flush=True))"
)
RESTART = 1012
"""Close code of a server that stops (RFC 6455, registry of close codes)."""

pytestmark = pytest.mark.skipif(HAPROXY is None, reason="needs haproxy, as scripts/test installs it")


@contextmanager
def backend(port):
    """Serve in a process of its own."""
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", BACKEND, str(port), TOKEN]
    with subprocess.Popen(command, env=paths, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def ask(url):
    """Return status and body of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, b""


@contextmanager
def balanced():
    """Yield the port of the balancer and two backends by their port, once one is found healthy."""
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        backends = {port: stack.enter_context(backend(port)) for port in ports}
        front = free_port()
        places = {
            "MOVENET_BIND": f"127.0.0.1:{front}",
            "MOVENET_ONE": f"127.0.0.1:{ports[0]}",
            "MOVENET_TWO": f"127.0.0.1:{ports[1]}",
        }
        balancer = stack.enter_context(
            subprocess.Popen(
                [HAPROXY, "-f", str(RECIPE)], env={**os.environ, **places}, stderr=subprocess.DEVNULL
            )
        )
        stack.callback(balancer.kill)
        until_s = time.monotonic() + 60
        while True:
            try:
                if ask(f"http://127.0.0.1:{front}/health")[0] == 200:
                    break
            except (URLError, ConnectionError):
                pass
            assert time.monotonic() < until_s
            time.sleep(0.05)
        yield front, backends


@pytest.fixture
def site():
    with balanced() as site:
        yield site


class Client:
    """A camera that connects again after each loss, as the page does."""

    def __init__(self, front):
        self.url = f"ws://127.0.0.1:{front}/ws?token={TOKEN}"
        self.codes, self.connections, self.frame, self.socket = [], 0, 0, None
        self.connection = ExitStack()

    def pose(self):
        """Return the answer to the next picture, however often it takes a new connection."""
        until_s, wait_s = time.monotonic() + 60, 0.3
        while time.monotonic() < until_s:
            try:
                if self.socket is None:
                    self.socket = self.connection.enter_context(connect(self.url, open_timeout=20))
                    assert json.loads(self.socket.recv(timeout=20))["type"] == "hello"
                    self.connections += 1
                self.frame += 1
                self.socket.send(packet(self.frame, self.frame / 30))
                return json.loads(self.socket.recv(timeout=20))
            except (ConnectionClosed, InvalidHandshake, OSError, EOFError) as loss:
                if isinstance(loss, ConnectionClosed):
                    self.codes.append(loss.rcvd.code if loss.rcvd else None)
                self.close()
                time.sleep(wait_s)
                wait_s = min(2 * wait_s, 4.0)
        raise AssertionError("the client did not come back")

    def close(self):
        self.connection.close()
        self.socket = None


def used(backends):
    """Return the port of the backend to which a client is connected."""
    for port in backends:
        _, text = ask(f"http://127.0.0.1:{port}/metrics?token={TOKEN}")
        if b"movenet_clients 1" in text:
            return port
    raise AssertionError("no backend has a client")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_clients_of_a_backend_that_ends_come_back_by_the_other(site, how):
    front, backends = site
    client = Client(front)
    assert client.pose()["type"] == "poses"
    first = used(backends)
    backends[first].send_signal(how)
    while client.connections < 2:
        assert client.pose()["type"] == "poses"
    backends[first].wait()
    left = {port: process for port, process in backends.items() if port != first}
    assert used(left) in left
    if how is signal.SIGTERM:
        assert client.codes == [RESTART]
    client.close()


def test_the_cookie_of_one_backend_opens_the_others(site):
    front, backends = site
    page = f"http://127.0.0.1:{front}/"
    with urllib.request.urlopen(f"{page}?token={TOKEN}", timeout=20) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    for _ in range(2):
        request = urllib.request.Request(f"{page}page/live.js", headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200
        if len(backends) > 1:
            process = backends.pop(next(iter(backends)))
            process.kill()
            process.wait()
    assert ask(page)[0] == 401
