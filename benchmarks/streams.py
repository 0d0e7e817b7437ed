"""Many streams in one `movenet run`: equal shares, what a dead stream costs the others, memory.

    python benchmarks/streams.py --streams 16 --rate 10 --seconds 60

Servers in a process of their own, on the same cores, send the sample clip at 640 × 480 as Motion JPEG over HTTP. After
a warm-up the frames of each stream are counted for half of the time; then the first stream's server falls dead, and the
frames of the others are counted for the other half.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

import cv2
import psutil

from movenet.machine import this_machine
from movenet.media import open_source
from movenet.models import DATA

WARM_UP_S = 15


def pictures() -> list[bytes]:
    """Return the sample clip as JPEG files of 640 × 480 pixels."""
    with open_source(DATA / "sample.mp4") as source:
        frames = [cv2.resize(frame.image[:, 120:840, ::-1], (640, 480)) for frame in source]
    return [cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for frame in frames]


def serve(pipe: Connection, count: int, rate_fps: float) -> None:
    """Serve so many streams, send their ports, and end the first when told so."""
    jpegs, dead = pictures(), threading.Event()

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_first = self.server is servers[0]
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            frame, start_s = 0, time.monotonic()
            while not (is_first and dead.is_set()):
                body = jpegs[frame % len(jpegs)]
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body)
                try:
                    self.wfile.write(head + body + b"\r\n")
                except OSError:
                    return
                frame += 1
                time.sleep(max(0.0, start_s + frame / rate_fps - time.monotonic()))

        def log_message(self, *_: object) -> None: ...

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Camera) for _ in range(count)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send([server.server_address[1] for server in servers])
    pipe.recv()
    dead.set()
    servers[0].shutdown()
    servers[0].server_close()
    pipe.recv()


def report(what: str, counts: Counter[str], streams: list[str], seconds: float) -> None:
    """Print the shares of the streams."""
    rates = [counts[stream] / seconds for stream in streams]
    mean = sum(rates) / len(rates)
    print(
        f"{what}: {sum(rates):.1f} frames/s in all, {mean:.2f} a stream, slowest {min(rates):.2f} = "
        f"{min(rates) / mean:.2f} of the mean, fastest {max(rates):.2f}"
    )


def main() -> None:
    """Run, and print the shares before and after a stream fell dead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--rate", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments, options = parser.parse_known_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, arguments.streams, arguments.rate), daemon=True
    )
    server.start()
    streams = [f"http://127.0.0.1:{port}/video" for port in here.recv()]
    run = subprocess.Popen(
        [sys.executable, "-m", "movenet", "run", *streams, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    counts: Counter[str] = Counter()
    assert run.stdout is not None
    lines = run.stdout

    def read() -> None:
        for line in lines:
            counts[json.loads(line)["source"]] += 1

    threading.Thread(target=read, daemon=True).start()
    process, half_s = psutil.Process(run.pid), arguments.seconds / 2
    time.sleep(WARM_UP_S)
    print(this_machine())
    print(f"load {psutil.getloadavg()[0]:.1f}")
    memory = [process.memory_info().rss]
    for what, alive in (("all alive", streams), ("one dead", streams[1:])):
        counts.clear()
        busy_s = sum(process.cpu_times()[:2])
        time.sleep(half_s)
        report(what, counts, alive, half_s)
        print(f"  {(sum(process.cpu_times()[:2]) - busy_s) / half_s:.2f} cores used")
        memory.append(process.memory_info().rss)
        here.send("die")
        time.sleep(3)
    print("memory, MB: " + ", ".join(f"{each / 2**20:.0f}" for each in memory))
    run.send_signal(signal.SIGINT)
    run.wait(30)


if __name__ == "__main__":
    main()
