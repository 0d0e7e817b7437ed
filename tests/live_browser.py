"""Chromium without a screen, whose camera shows a clip."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Playwright

from browsers import launch
from live_stage import jpeg

LIMIT_S = 120
"""Of waiting for a condition, on the slowest machine."""
KEEP_SIZE = "import('/page/quality.js').then(({ Quality }) => { Quality.prototype.observe = () => {}; })"
"""On a slow machine the page would send ever smaller pictures, whose poses are less exact."""
LISTEN = """
  window.poses = [];
  document.addEventListener("poses", ({ detail }) => window.poses.push(detail));
"""


def write_clip(path: Path, frames: Sequence[NDArray[np.uint8]]) -> Path:
    """Write frames as Motion JPEG, which Chromium takes for a camera, 30 a second, over and over."""
    path.write_bytes(b"".join(jpeg(frame, quality=95) for frame in frames))
    return path


@contextmanager
def browser(playwright: Playwright, camera: Path) -> Iterator[Browser]:
    """Start Chromium with a clip for a camera; a page still has to ask for it."""
    chromium = launch(playwright, camera)
    yield chromium
    chromium.close()


@contextmanager
def opened(
    chromium: Browser, url: str, *, camera: bool = True, width: int = 1280, height: int = 800
) -> Iterator[Page]:
    """Open the page, in English, and see to it that nothing in it fails; `window.poses` holds all that is drawn.

    Pictures keep their first size, and a certificate that the server made itself is believed.
    """
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        permissions=["camera"] if camera else [],
        locale="en-US",
        accept_downloads=True,
        ignore_https_errors=True,
    )
    page = context.new_page()
    page.set_default_timeout(1000 * LIMIT_S)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.add_init_script(LISTEN)
    page.goto(url)
    page.wait_for_selector("#status[data-state=open]")
    page.evaluate(KEEP_SIZE)
    yield page
    context.close()
    assert failures == []


def wait_until(page: Page, condition: str) -> Any:
    """Wait until a JavaScript expression is true and return its value.

    The page's own policy keeps Playwright from waiting in the page.
    """
    deadline_s = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline_s:
        if value := page.evaluate(condition):
            return value
        page.wait_for_timeout(20)
    return pytest.fail(f"waited {LIMIT_S} s for {condition}")


def wait_for_poses(page: Page, count: int = 3) -> list[dict]:
    """Wait until so many more frames are drawn, and return them."""
    before = page.evaluate("window.poses.length")
    wait_until(page, f"window.poses.length >= {before + count}")
    return page.evaluate(f"window.poses.slice({before})")


def shows(page: Page, x: float, y: float, colour: Sequence[int], reach: int = 2) -> bool:
    """Tell whether a colour (red, green, blue) is on the canvas around a place in its pixels."""
    side = 2 * reach + 1
    data = page.evaluate(
        "([x, y, side]) => [...document.getElementById('canvas').getContext('2d').getImageData(x, y, side, side).data]",
        [round(x) - reach, round(y) - reach, side],
    )
    colours = np.array(data).reshape(-1, 4)[:, :3]
    return bool((np.abs(colours - colour).max(axis=1) < 30).any())


def wait_to_show(page: Page, x: float, y: float, colour: Sequence[int]) -> None:
    """Wait until a colour is on the canvas: a frame whose answer is late is drawn without its skeleton."""
    deadline_s = time.monotonic() + LIMIT_S
    while not shows(page, x, y, colour):
        assert time.monotonic() < deadline_s, f"waited {LIMIT_S} s for {colour} at {x}, {y}"
        page.wait_for_timeout(20)
