"""A browser whose camera plays a film, and JupyterLab for it to visit."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from movenet.media import open_source

LIMIT_S = 180
"""Of waiting for a condition, on the slowest machine."""
expect.set_options(timeout=1000 * LIMIT_S)

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""The system's browser; Playwright's own is not downloaded."""


def camera_film(folder: Path, clip: Path, size: tuple[int, int] = (640, 480), count: int = 90) -> Path:
    """Write a clip as the Motion JPEG file that a fake camera plays over and over, letterboxed to `size`."""
    path = folder / "camera.mjpeg"
    with open_source(clip) as frames, path.open("wb") as out:
        for frame, _ in zip(frames, range(count), strict=False):
            out.write(
                cv2.imencode(".jpg", fitted(frame.image, size)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
            )
    return path


def fitted(image, size: tuple[int, int]):
    """Return a picture shrunk to `size` with black bars where its shape differs."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    high, wide = size[1] - small.shape[0], size[0] - small.shape[1]
    return cv2.copyMakeBorder(
        small, high // 2, high - high // 2, wide // 2, wide - wide // 2, cv2.BORDER_CONSTANT
    )


def launch(playwright: Playwright, film: Path | None, *more: str) -> Browser:
    """Start a browser; with a film it has a camera that shows it, for which a page still has to ask."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    if not found:
        pytest.fail("this test needs Chromium: apt-get install chromium")
    fake = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"] if film else []
    # Without a sandbox, because in a container there is often no right to make one.
    return playwright.chromium.launch(executable_path=found[0], args=["--no-sandbox", *fake, *more])


@contextmanager
def chromium(film: Path | None = None, *more: str) -> Iterator[Browser]:
    """Start a browser of one's own; see `launch`."""
    with sync_playwright() as playwright:
        browser = launch(playwright, film, *more)
        try:
            yield browser
        finally:
            browser.close()


class Lab:
    """JupyterLab in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        self.log = (folder / "server.log").open("wb")
        home = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        settings = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": "0",
            "ServerApp.open_browser": "False",
            "ServerApp.root_dir": str(folder),
            "IdentityProvider.token": self.token,
        }
        self._set("apputils-extension/notification", fetchNews="false", checkForUpdates=False)
        self._set("notebook-extension/tracker", windowingMode="none")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--allow-root",
                *(f"--{k}={v}" for k, v in settings.items()),
            ],
            env={**os.environ, **home, "IPYTHONDIR": str(folder / "ipython")},
            stdout=self.log,
            stderr=self.log,
        )
        self.address = self._wait()

    def _set(self, name: str, **values: object) -> None:
        """Choose settings of the front end."""
        path = (
            self.folder / "config" / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def _wait(self) -> str:
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            for found in (self.folder / "runtime").glob("jpserver-*.json"):
                address = json.loads(found.read_text())["url"]
                try:
                    self.ask(address + "api/status")
                except urllib.error.URLError:
                    continue
                return address
            time.sleep(0.05)
        raise RuntimeError(f"JupyterLab does not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def ask(self, address: str, method: str = "GET") -> object:
        request = urllib.request.Request(
            address, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.loads(answer.read() or b"null")

    def write(self, name: str, notebook: nbformat.NotebookNode) -> str:
        """Write a notebook and return the address at which it is shown alone; it asks for no kernel."""
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.folder / name)
        return f"{self.address}doc/tree/{name}?token={self.token}"

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(LIMIT_S)
        self.log.close()


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[Lab]:
    """Start JupyterLab and end it, with its kernels."""
    lab = Lab(folder)
    try:
        yield lab
    finally:
        lab.close()


class Notebook:
    """A notebook on the screen."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address)
        page.get_by_text("(ipykernel) | Idle").wait_for(timeout=1000 * LIMIT_S)

    def start(self, number: int) -> Locator:
        """Start a code cell and return it."""
        cell = self.page.locator(".jp-CodeCell").nth(number)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        return cell

    def run(self, number: int) -> str:
        """Run a code cell to its end and return what it prints."""
        cell = self.start(number)
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
        return "".join(cell.locator(".jp-OutputArea-output").all_inner_texts())
