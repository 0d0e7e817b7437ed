"""Chromium without a screen, whose camera shows a clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Playwright

from browsers import launch
from live_stage import jpeg

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
    """Open the page, in English, and see to it that nothing in it fails; `window.poses` holds all that is drawn."""
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        permissions=["camera"] if camera else [],
        locale="en-US",
        accept_downloads=True,
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.add_init_script(LISTEN)
    page.goto(url)
    page.wait_for_selector("#status[data-state=open]")
    yield page
    context.close()
    assert failures == []


def wait_until(page: Page, condition: str) -> None:
    """Wait until a JavaScript expression is true; the page's own policy keeps Playwright from waiting in the page."""
    for _ in range(500):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"waited 10 s for {condition}")


def wait_for_poses(page: Page, count: int = 3) -> list[dict]:
    """Wait until so many more frames are drawn, and return them."""
    before = page.evaluate("window.poses.length")
    wait_until(page, f"window.poses.length >= {before + count}")
    return page.evaluate(f"window.poses.slice({before})")


def colours_near(page: Page, x: float, y: float, reach: int = 2) -> NDArray[np.int64]:
    """Return the colours of the canvas around a place in its pixels: (N, 3), red, green, blue."""
    side = 2 * reach + 1
    data = page.evaluate(
        "([x, y, side]) => [...document.getElementById('canvas').getContext('2d').getImageData(x, y, side, side).data]",
        [round(x) - reach, round(y) - reach, side],
    )
    return np.array(data).reshape(-1, 4)[:, :3]
