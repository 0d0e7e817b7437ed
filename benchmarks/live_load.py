"""Many cameras at one live server, each at a steady rate: who starves, does memory grow, how long do answers take?

    python benchmarks/live_load.py --clients 16 --rate 15 --seconds 60

The server runs in a process of its own; the cameras share this one and the same cores. Each sends pictures of the
sample clip at its rate and never has more than two that are not answered, as the page does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from websockets.asyncio.client import connect

from movenet.engine import Runtime
from movenet.live import ServerSettings, open_models
from movenet.live.server import Server
from movenet.live.wire import HEADER
from movenet.machine import this_machine, threads_for_video
from movenet.media import open_source
from movenet.models import DATA

MOST_UNDERWAY = 2
WARM_UP_S = 5


@dataclass
class Camera:
    """What one client saw."""

    answers_s: list[float] = field(default_factory=list)
    """When each answer came, in seconds since the start."""
    waits_s: list[float] = field(default_factory=list)
    """From sending a picture to its answer."""
    server_s: list[float] = field(default_factory=list)
    """What the server says it took."""


def pictures(width: int, height: int) -> list[bytes]:
    """Return the sample clip as JPEG files of that size, as a browser would send them."""
    with open_source(DATA / "sample.mp4") as source:
        frames = [cv2.resize(frame.image[:, 120:840], (width, height)) for frame in source]
    return [
        cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 65])[1].tobytes()
        for frame in frames
    ]


def serve(pipe: Connection, model: str) -> None:
    """Run the server, and send its address."""
    models = open_models(model, Runtime(threads=threads_for_video()))
    Server(models, ServerSettings(port=0), pipe.send).serve_until_stopped()


async def send_clip(url: str, camera: Camera, clip: list[bytes], rate_hz: float, seconds: float) -> None:
    """Be one camera."""
    underway: dict[int, float] = {}
    start_s = time.perf_counter()

    async def listen() -> None:
        async for text in link:
            message = json.loads(text)
            now_s = time.perf_counter()
            if message["type"] != "poses":
                continue
            camera.answers_s.append(now_s - start_s)
            camera.waits_s.append(now_s - underway[message["frame"]])
            camera.server_s.append(sum(message["server_s"].values()))
            for frame in [frame for frame in underway if frame <= message["frame"]]:
                del underway[frame]

    async with connect(url, compression=None) as link:
        listening = asyncio.create_task(listen())
        for frame in range(int(seconds * rate_hz)):
            await asyncio.sleep(max(0.0, start_s + frame / rate_hz - time.perf_counter()))
            if len(underway) < MOST_UNDERWAY:
                underway[frame] = time.perf_counter()
                await link.send(HEADER.pack(frame, frame / rate_hz) + clip[frame % len(clip)])
        listening.cancel()


def memory_mb(process_id: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 1e6


async def watch_memory(process_id: int, seconds: float) -> list[float]:
    """Return the server's memory, second by second."""
    seen = []
    for _ in range(int(seconds)):
        await asyncio.sleep(1)
        seen.append(memory_mb(process_id))
    return seen


async def run(url: str, process_id: int, settings: argparse.Namespace) -> tuple[list[Camera], list[float]]:
    """Let all cameras send at once."""
    clip = pictures(*settings.size)
    cameras = [Camera() for _ in range(settings.clients)]
    senders = (send_clip(url, camera, clip, settings.rate, settings.seconds) for camera in cameras)
    memory, *_ = await asyncio.gather(watch_memory(process_id, settings.seconds), *senders)
    return cameras, memory


def report(cameras: list[Camera], memory: list[float]) -> None:
    """Print rates, waits and memory, without the first seconds."""
    rates = [per_second(camera.answers_s) for camera in cameras]
    waits_ms = 1000 * np.concatenate([camera.waits_s for camera in cameras])
    server_ms = 1000 * np.concatenate([camera.server_s for camera in cameras])
    print(f"answers per second: mean {np.mean(rates):.1f}, slowest {min(rates):.1f}, all {sum(rates):.0f}")
    print(f"slowest / mean: {min(rates) / np.mean(rates):.2f}")
    for name, values in {"answer after": waits_ms, "on the server": server_ms}.items():
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        print(f"{name}, ms: p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f}")
    print(f"server's memory, MB: {memory[WARM_UP_S]:.0f} after {WARM_UP_S} s, {memory[-1]:.0f} at the end")


def per_second(answers_s: list[float]) -> float:
    """Return the rate after the warm-up."""
    late = [at for at in answers_s if at > WARM_UP_S]
    return (len(late) - 1) / (late[-1] - late[0]) if len(late) > 1 else 0.0


def main() -> None:
    """Serve, send, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="lightning")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rate", type=float, default=15)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--size", type=int, nargs=2, default=(640, 480))
    settings = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(theirs, settings.model), daemon=True
    )
    process.start()
    url = ours.recv().local_url.replace("http", "ws") + "ws"
    cameras, memory = asyncio.run(run(url, process.pid, settings))
    process.terminate()
    print(this_machine())
    report(cameras, memory)


if __name__ == "__main__":
    main()
