"""Make the picture of the notebook widget in docs/notebook.md: python tools/notebook_picture.py.

JupyterLab, its kernel and a headless Chromium run here; the camera plays the sample clip of the package.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browsers import Notebook, chromium, jupyter_lab  # noqa: E402
from page_pictures import EVERYBODY, OUT, save, write_camera  # noqa: E402

CELL = 'import movenet.notebook\n\ncamera = movenet.notebook.Camera("lightning", people="many")\ncamera'
SIZE = (920, 960)
LIMIT_S = 300
MIN_RATE_FPS = 10


def main() -> None:
    """Run the cell, start a recording, and take the picture as soon as both people are shown."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_camera(folder / "camera.mjpeg", EVERYBODY)
        with jupyter_lab(folder) as lab, chromium(folder / "camera.mjpeg") as browser:
            viewport = {"width": SIZE[0], "height": SIZE[1]}
            page = browser.new_page(viewport=viewport, permissions=["camera"], locale="en-US")
            Notebook(page, lab.write("camera.ipynb", notebook)).run(0)
            page.get_by_role("button", name="Record").click()
            deadline = time.monotonic() + LIMIT_S
            widget = page.locator(".movenet-camera")
            while (
                "2 people" not in widget.inner_text()
                or float(widget.get_attribute("data-fps")) < MIN_RATE_FPS
            ):
                if time.monotonic() > deadline:
                    raise SystemExit(f"waited {LIMIT_S} s for two people: {widget.inner_text()}")
                page.wait_for_timeout(20)
            picture = page.locator(".jp-CodeCell").first.screenshot()
    save(Image.open(io.BytesIO(picture)).convert("RGB"), OUT / "notebook.webp")


if __name__ == "__main__":
    main()
