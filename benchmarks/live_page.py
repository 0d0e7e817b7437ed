"""One camera in a real browser on the same computer: frames per second, and milliseconds from capture to drawn.

    python benchmarks/live_page.py --seconds 20

Needs Chromium and the package playwright. The camera is the sample clip at 640 × 480, 30 frames per second.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from movenet.engine import Runtime
from movenet.live import ServerSettings, open_models
from movenet.live.server import Server
from movenet.machine import this_machine, threads_for_video
from movenet.media import open_source
from movenet.models import DATA

LISTEN = """
  window.seen = [];
  document.addEventListener("poses", ({ detail }) => {
    window.seen.push([performance.now(), detail.latencyMs, detail.serverMs, detail.roundTripMs]);
  });
"""
WARM_UP = 60
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}


def write_clip(path: Path) -> None:
    """Write the sample clip as Motion JPEG, 640 × 480."""
    with open_source(DATA / "sample.mp4") as source, path.open("wb") as out:
        for frame in source:
            image = cv2.resize(frame.image[:, 120:840], (640, 480), interpolation=cv2.INTER_AREA)
            out.write(cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


def serve(pipe: Connection) -> None:
    """Run the server, and send its address."""
    models = open_models("lightning", Runtime(threads=threads_for_video()))
    Server(models, ServerSettings(port=0), pipe.send).serve_until_stopped()


def open_page(browser: Browser, url: str) -> Page:
    """Open the page and start the camera."""
    page = browser.new_context(viewport=VIEWPORT, permissions=["camera"], locale="en-US").new_page()
    page.add_init_script(LISTEN)
    page.goto(url)
    page.click("#start-camera")
    return page


def measure(page: Page, seconds: float) -> None:
    """Print the figures of a while."""
    page.wait_for_timeout(1000 * seconds)
    seen = np.array(page.evaluate("window.seen"))[WARM_UP:]
    print(f"frames per second: {(len(seen) - 1) / (seen[-1, 0] - seen[0, 0]) * 1000:.1f}")
    for name, column in {"capture to drawn": 1, "on the server": 2, "on the way": 3}.items():
        p50, p95 = np.percentile(seen[:, column], [50, 95])
        print(f"{name}, ms: p50 {p50:.1f}, p95 {p95:.1f}")
    print("sent:", page.text_content("#sent"))


def main() -> None:
    """Serve, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    settings = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    url = ours.recv()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_clip(Path(folder, "camera.mjpeg"))
        flags = ["--no-sandbox", "--use-fake-device-for-media-stream"]
        flags.append(f"--use-file-for-fake-video-capture={folder}/camera.mjpeg")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        print(this_machine())
        page = open_page(browser, url)
        measure(page, settings.seconds)
        page.context.close()
        browser.close()
    process.terminate()


if __name__ == "__main__":
    main()
