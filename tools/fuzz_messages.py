"""Send malformed WebSocket messages and raw HTTP requests to a live server that is started here, and measure it.

    python tools/fuzz_messages.py --messages 10000 --seed 1

Seven of ten are WebSocket messages, the others raw requests. Beside them one client sends pictures and must get every
answer. Reported are answers, tracebacks and lines in the log, and the server's memory, files and threads at the start
and at the end (Linux). The same seed gives the same messages. Exit code 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from fuzzing import mutate_bytes, mutate_json
from movenet.models import DATA

TIMEOUT_S: Final = 120
PER_CONNECTION: Final = 30
"""Messages sent over one WebSocket connection; the server ends it after 20 malformed ones."""
HANDSHAKE: Final = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CHOICE: Final = {"type": "choice", "model": "lightning", "smoothing": True}


def packet(frame: int, time_s: float, picture: bytes) -> bytes:
    """Return the message that brings a picture."""
    return struct.pack("<Id", frame, time_s) + picture


def progressive_bomb(scans: int) -> bytes:
    """Return a JPEG of a few kilobytes that a decoder goes over so many times."""
    image = np.zeros((256, 256, 3), np.uint8)
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


BOMB: Final = progressive_bomb(2000)


def socket_message(chance: random.Random, picture: bytes) -> str | bytes:
    """Return a WebSocket message that is most likely malformed."""
    kinds: tuple[Callable[[], str | bytes], ...] = (
        lambda: chance.randbytes(chance.randrange(200)),
        lambda: packet(chance.getrandbits(32), chance.uniform(-1e9, 1e9), chance.randbytes(99)),
        lambda: packet(0, float("nan"), picture),
        lambda: packet(0, 0.0, picture[: chance.randrange(len(picture))]),
        lambda: packet(chance.getrandbits(32), chance.uniform(0, 1e6), mutate_bytes(picture, chance)),
        lambda: mutate_bytes(packet(1, 1.0, picture), chance),
        lambda: packet(0, 0.0, b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + b"\x01\x11\x00" * 3),
        lambda: packet(0, 0.0, BOMB),
        lambda: "".join(chance.choices('{}[]":,null ', k=chance.randrange(300))),
        lambda: "[" * chance.randrange(2000),
        lambda: json.dumps(mutate_json(CHOICE, chance)),
        lambda: "\U0010ffff" * chance.randrange(600),
        lambda: "",
        lambda: b"",
    )
    return chance.choice(kinds)()


def raw_request(chance: random.Random, picture: bytes) -> bytes:
    """Return bytes that begin like HTTP and go wrong somewhere: in the request, in a body or in WebSocket frames."""
    post = b"POST /api/pose HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    chunks = b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * chance.randrange(1, 9),
        lambda: b"GET /page/live.js HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=0-9, 5-\r\n\r\n",
        lambda: post + b"Content-Length: %d\r\n\r\n" % (len(picture) + chance.randrange(-99, 99)) + picture,
        lambda: post + chunks,
        lambda: post.replace(b"/api/pose", b"/nothing") + chunks + post + chunks,
        lambda: HANDSHAKE,
        lambda: HANDSHAKE + frames(chance),
        lambda: HANDSHAKE[:-2] + b"Content-Length: 5\r\n\r\nabcde",
    )
    data = chance.choice(kinds)()
    return data if chance.random() < 0.1 else mutate_bytes(data, chance)


def frames(chance: random.Random) -> bytes:
    """Return WebSocket frames with any first byte and any length, masked with zeros."""
    sizes = (b"\x80", b"\x85", b"\xfe\x00\x7e", b"\xff" + b"\x00" * 7 + b"\x7f", b"\xff\x7f" + b"\xff" * 7)
    return b"".join(
        bytes([chance.randrange(256)]) + chance.choice(sizes) + bytes(4) + chance.randbytes(5)
        for _ in range(chance.randrange(1, 6))
    )


def send_socket_messages(port: int, count: int, seed: int, picture: bytes) -> None:
    """Send so many malformed messages, over as many connections as that takes."""
    chance, sent = random.Random(seed), 0
    while sent < count:
        with (
            contextlib.suppress(ConnectionClosed, InvalidHandshake, OSError),
            connect(f"ws://127.0.0.1:{port}/ws", max_queue=None, open_timeout=TIMEOUT_S) as link,
        ):
            for _ in range(min(PER_CONNECTION, count - sent)):
                link.send(socket_message(chance, picture))
                sent += 1


def send_raw_requests(port: int, count: int, seed: int, picture: bytes) -> None:
    """Send so many malformed requests, each over its own connection; some leave at once, some read to the end."""
    chance = random.Random(seed)
    for _ in range(count):
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as raw,
        ):
            raw.sendall(raw_request(chance, picture))
            if chance.random() < 0.7:
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(1 << 16):
                    pass


@dataclass
class GoodClient:
    """Sends pictures until it is stopped, and keeps the answers."""

    port: int
    picture: bytes
    answers: list[tuple[str, int]] = field(default_factory=list)
    """Type and frame of each answer."""
    waits_s: list[float] = field(default_factory=list)

    def run(self, is_over: Callable[[], bool], least: int = 30) -> None:
        """Ask until it is over, at least so many times."""
        with connect(f"ws://127.0.0.1:{self.port}/ws", open_timeout=TIMEOUT_S) as link:
            link.recv(timeout=TIMEOUT_S)
            frame = 0
            while frame < least or not is_over():
                began_s = time.monotonic()
                link.send(packet(frame, frame / 30, self.picture))
                answer = json.loads(link.recv(timeout=TIMEOUT_S))
                self.waits_s.append(time.monotonic() - began_s)
                self.answers.append((answer["type"], answer["frame"]))
                frame += 1
                time.sleep(0.01)

    @property
    def has_every_answer(self) -> bool:
        """Whether each picture was answered with its poses."""
        return self.answers == [("poses", frame) for frame in range(len(self.answers))]


@contextlib.contextmanager
def server_process(log: Path) -> Iterator[tuple[int, int]]:
    """Start `movenet live` on any free port; yield process id and port."""
    command = [sys.executable, "-c", "from movenet.cli import main; main()", "live"]
    command += ["--port", "0", "--no-browser"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout
            url = process.stdout.readline().split()[2]
            yield process.pid, int(url.rstrip("/").rpartition(":")[2])
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)


def load_of(pid: int) -> dict[str, int]:
    """Return a process's resident memory in MB, open files and threads (Linux)."""
    folder = Path(f"/proc/{pid}")
    lines = dict(line.split(":", 1) for line in (folder / "status").read_text(encoding="ascii").splitlines())
    memory_mb = int(lines["VmRSS"].split()[0]) // 1024
    return {"MB": memory_mb, "files": len(os.listdir(folder / "fd")), "threads": int(lines["Threads"])}  # noqa: PTH208


def campaign(messages: int, seed: int, log: Path) -> bool:
    """Run all of it and print what was found; return whether nothing was wrong."""
    picture = (DATA / "astronaut.jpg").read_bytes()
    raw = messages * 3 // 10
    with server_process(log) as (pid, port):
        good = GoodClient(port, picture)
        good.run(lambda: True)
        send_socket_messages(port, 300, seed + 2, picture)
        time.sleep(2)
        before = load_of(pid)
        attacks = [
            threading.Thread(target=send_socket_messages, args=(port, messages - raw, seed, picture)),
            threading.Thread(target=send_raw_requests, args=(port, raw, seed + 1, picture)),
        ]
        good = GoodClient(port, picture)
        for attack in attacks:
            attack.start()
        good.run(lambda: not any(attack.is_alive() for attack in attacks))
        time.sleep(12)  # what is not complete is closed after 10 s
        after = load_of(pid)
    said = log.read_text(encoding="utf-8", errors="replace")
    waits_ms = 1000 * np.array(good.waits_s)
    print(f"{messages - raw} WebSocket messages and {raw} raw requests, seed {seed}")
    print(f"good client: {len(good.answers)} answers, every one of its pictures: {good.has_every_answer}")
    print(f"answer after: {np.median(waits_ms):.0f} ms median, {waits_ms.max():.0f} ms at most")
    print(f"log: {len(said.splitlines())} lines, {said.count('Traceback')} tracebacks")
    print(f"server before: {before}, after: {after}")
    return good.has_every_answer and "Traceback" not in said and after["files"] <= before["files"]


def main() -> None:
    """Read the command line and run the campaign."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        fine = campaign(options.messages, options.seed, log)
        print(log.read_text(encoding="utf-8", errors="replace")[:4000])
    sys.exit(not fine)


if __name__ == "__main__":
    main()
