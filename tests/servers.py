"""Small servers on this computer that send films, fall silent, break off and come back."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

import cv2

from video_files import picture

Play = Callable[[int], Iterator[bytes]]
"""What one connection is sent, piece by piece, given its number; the server hangs up where it ends."""

RTP_MPEG_TS, TS_PACKETS = 33, 7
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=film\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\n"


class Server:
    """Counts its visitors and can go away and come back at the same address."""

    def __init__(
        self, play: Play, handler: type[StreamRequestHandler], kind: type[ThreadingTCPServer]
    ) -> None:
        self.play, self.handler, self.kind = play, handler, kind
        self.visits, self.port = 0, 0
        self.gone = threading.Event()

    def start(self) -> None:
        self.gone.clear()
        self.running = True
        self.kind.allow_reuse_address = self.kind.daemon_threads = True
        self.server = self.kind(("127.0.0.1", self.port), self.handler)
        self.server.home = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.gone.set()
        # A server that is not running has nothing to stop.
        if self.running:
            self.running = False
            self.server.shutdown()
            self.server.server_close()

    def send(self, handler: StreamRequestHandler, wrap: Callable[[bytes], bytes] = bytes) -> None:
        self.visits += 1
        try:
            for piece in self.play(self.visits):
                handler.wfile.write(wrap(piece))
                handler.wfile.flush()
                if self.gone.is_set():
                    return
        except OSError:
            pass  # the visitor left


class Raw(StreamRequestHandler):
    def handle(self):
        self.server.home.send(self)


class Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        self.send_response(200)
        for name, value in self.server.home.headers:
            self.send_header(name, value)
        self.end_headers()
        self.server.home.send(self)

    def log_message(self, *_):
        pass


class Rtsp(StreamRequestHandler):
    """As little of RFC 2326 as a player needs: MPEG-TS in RTP, within the connection itself."""

    def handle(self):
        while request := self._request():
            method, count = request
            self._answer(method, count)
            if method == "PLAY":
                self.number = 0
                self.server.home.send(self, self._wrapped)
                return

    def _request(self):
        lines = []
        while (line := self.rfile.readline().decode().strip()) or not lines:
            if not line:
                return None
            lines.append(line)
        count = next(line.split(":")[1].strip() for line in lines if line.lower().startswith("cseq"))
        return lines[0].split()[0], count

    def _answer(self, method, count):
        more = {
            "OPTIONS": "Public: DESCRIBE, SETUP, PLAY\r\n",
            "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n",
            "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
        }.get(method, "Session: 1\r\n")
        body = SDP if method == "DESCRIBE" else ""
        self.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {count}\r\n{more}\r\n{body}".encode())

    def _wrapped(self, piece):
        out = b""
        for at in range(0, len(piece), 188 * TS_PACKETS):
            body = piece[at : at + 188 * TS_PACKETS]
            now = int(time.monotonic() * 90_000) & 0xFFFFFFFF
            packet = struct.pack(">BBHII", 0x80, RTP_MPEG_TS, self.number & 0xFFFF, now, 1) + body
            out += b"$\0" + struct.pack(">H", len(packet)) + packet
            self.number += 1
        return out


@contextmanager
def serving(play: Play, handler: type = Raw, headers: tuple[tuple[str, str], ...] = ()) -> Iterator[Server]:
    """Serve until the block ends."""
    server = Server(play, handler, ThreadingHTTPServer if handler is Http else ThreadingTCPServer)
    server.headers = headers
    server.start()
    try:
        yield server
    finally:
        server.stop()


MOTION_JPEG = (("Content-Type", "multipart/x-mixed-replace; boundary=frame"),)


def jpegs(count: int, start: int = 0, pause_s: float = 0.01) -> Iterator[bytes]:
    """Yield pictures the way network cameras send them to browsers."""
    for index in range(start, start + count):
        body = cv2.imencode(".jpg", picture(index, 64, 48)[..., ::-1])[1].tobytes()
        yield b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(body), body)
        time.sleep(pause_s)


def silence(length_s: float) -> Iterator[bytes]:
    """Yield nothing for a while, and stay connected."""
    end = time.monotonic() + length_s
    while time.monotonic() < end:
        yield b""
        time.sleep(0.02)


def paced(data: bytes, pieces: int, pause_s: float = 0.01) -> Iterator[bytes]:
    """Yield a transport stream in whole packets."""
    size = -(-len(data) // 188 // pieces) * 188
    for at in range(0, len(data), size):
        yield data[at : at + size]
        time.sleep(pause_s)


def free_port() -> int:
    """Return the number of a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
