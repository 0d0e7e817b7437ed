"""Make the pictures of the live page in the documentation: wide and on a phone, light and dark.

    python tools/page_pictures.py [NAME …]      # live, live-phone, browser; all without a name

Needs Chromium and the package playwright. The camera of the browser plays the sample clip of the package. A picture is
taken as soon as everybody in view has a complete skeleton and the frame rate is high enough.
"""

from __future__ import annotations

import argparse
import io
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from movenet.media import open_source
from movenet.models import DATA

OUT = Path(__file__).parents[1] / "docs" / "img"
MAX_BYTES = 100_000
LIMIT_S = 240
PORT = 8790
EVERYBODY, MAN = (120, 0, 720, 540), (183, 4, 328, 246)
"""Parts of the sample clip, x, y, width, height in pixels."""
JUMP_S = 0.85
"""The man's jump at the beginning, which is played forwards and backwards."""
LISTEN = 'document.addEventListener("poses", ({ detail }) => { window.latest = detail.record; });'
SEEN = """([people, rate]) => window.latest?.poses.length === people
  && window.latest.poses.every(({ keypoints }) => keypoints.filter(([, , score]) => score > 0.3).length > 15)
  && Number(document.getElementById("people").textContent) === people
  && Number(document.getElementById("fps").textContent) >= rate"""
SCROLL_UP = "document.querySelectorAll('*').forEach((element) => element.scrollTo(0, 0))"


@dataclass(frozen=True)
class Shot:
    """One picture: the page, what its camera shows, and when it is taken."""

    arguments: tuple[str, ...]
    part: tuple[int, int, int, int]
    model: str
    people: int
    min_rate_fps: float
    size: tuple[int, int] = (1180, 740)
    scale: float = 1.0
    angles: bool = True


SHOTS = {
    "live": Shot((), EVERYBODY, "many", 2, 15),
    "live-phone": Shot((), EVERYBODY, "many", 2, 15, (390, 720), 1.5, angles=False),
    "browser": Shot(("--in-browser", "--exercise", "jumping-jack"), MAN, "lightning", 1, 8),
}


def write_camera(path: Path, part: tuple[int, int, int, int]) -> None:
    """Write a part of the sample clip as Motion JPEG, 640 × 480, which Chromium plays over and over."""
    x, y, width, height = part
    end_s = JUMP_S if part == MAN else math.inf
    with open_source(DATA / "sample.mp4") as source:
        frames = [frame.image[y : y + height, x : x + width] for frame in source if frame.time_s < end_s]
    if part == MAN:
        frames += frames[::-1]
    with path.open("wb") as out:
        for frame in frames:
            image = cv2.resize(
                np.ascontiguousarray(frame[..., ::-1]), (640, 480), interpolation=cv2.INTER_CUBIC
            )
            out.write(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


@contextmanager
def served(arguments: tuple[str, ...]) -> Iterator[str]:
    """Run `movenet live` and yield its address."""
    command = [sys.executable, "-m", "movenet", "live", "--no-browser", "--port", str(PORT), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{PORT}/"
        finally:
            process.terminate()


def open_page(browser: Browser, address: str, shot: Shot, scheme: str) -> Page:
    """Open the page with its camera on, and the shot's model and joint angles chosen."""
    page = browser.new_context(
        viewport={"width": shot.size[0], "height": shot.size[1]},
        device_scale_factor=shot.scale,
        color_scheme="light" if scheme == "light" else "dark",
        permissions=["camera"],
        locale="en-US",
    ).new_page()
    page.add_init_script(LISTEN)
    for _ in range(50):
        try:
            page.goto(address)
            break
        except Exception:  # noqa: BLE001 (the server is still starting)
            time.sleep(0.2)
    page.click("#start-camera")
    page.check(f"[name=model][value={shot.model}]")
    if shot.angles:
        page.check("#angles")
    page.evaluate(SCROLL_UP)
    return page


def take(page: Page, shot: Shot) -> Image.Image:
    """Return the page at the first moment that is worth a picture."""
    deadline = time.monotonic() + LIMIT_S
    page.wait_for_timeout(4000)
    while not page.evaluate(SEEN, [shot.people, shot.min_rate_fps]):
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {LIMIT_S} s; {page.text_content('#fps')} frames per second")
        page.wait_for_timeout(10)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save(picture: Image.Image, path: Path) -> None:
    """Write a WebP of at most `MAX_BYTES`."""
    for quality in range(86, 30, -4):
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= MAX_BYTES:
            break
    print(path, picture.size, path.stat().st_size, "bytes")


def main() -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[[], *SHOTS])
    for name in parser.parse_args().names or SHOTS:
        shot = SHOTS[name]
        with (
            tempfile.TemporaryDirectory() as folder,
            sync_playwright() as playwright,
            served(shot.arguments) as address,
        ):
            write_camera(Path(folder, "camera.mjpeg"), shot.part)
            flags = ["--no-sandbox", "--use-fake-device-for-media-stream"]
            flags.append(f"--use-file-for-fake-video-capture={folder}/camera.mjpeg")
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
            for scheme in ("light", "dark"):
                page = open_page(browser, address, shot, scheme)
                save(take(page, shot), OUT / f"{name}-{scheme}.webp")
                page.context.close()
            browser.close()


if __name__ == "__main__":
    main()
