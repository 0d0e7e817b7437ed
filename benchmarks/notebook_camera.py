"""How fast the notebook widget is, end to end: python benchmarks/notebook_camera.py, where nothing else runs.

JupyterLab, its kernel and a headless Chromium run here; the camera plays the sample clip at 640 x 480 and 30 fps.
Prints, for an idle kernel, a cell that sleeps and one that computes: answers per second, milliseconds from the camera's
time stamp to the end of drawing, and of these on the way to the kernel and back and in the kernel (medians of 2 s).
"""

import sys
import tempfile
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsers import Notebook, camera_film, chromium, jupyter_lab
from movenet.models import DATA

CELLS = (
    "import time\n\nimport movenet.notebook\n\ncamera = movenet.notebook.Camera({model})\ncamera",
    "time.sleep(6)",
    "end = time.time() + 6\nwhile time.time() < end:\n    pass",
)
NAMES = ("fps", "latency", "inFlight", "kernel")


def main(model: str = "'lightning'") -> None:
    """Open a notebook, run its cells and read the widget's figures meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = camera_film(folder, DATA / "sample.mp4")
        cells = [nbformat.v4.new_code_cell(cell.format(model=model)) for cell in CELLS]
        notebook = nbformat.v4.new_notebook(cells=cells)
        with jupyter_lab(folder) as lab, chromium(clip) as browser:
            page = browser.new_page(viewport={"width": 1100, "height": 1000}, permissions=["camera"])
            book = Notebook(page, lab.write("camera.ipynb", notebook))
            book.run(0)
            for number, state in ((None, "idle"), (1, "a cell sleeps"), (2, "a cell computes")):
                if number:
                    book.start(number)
                page.wait_for_timeout(5000)
                data = page.locator(".movenet-camera").evaluate("widget => ({...widget.dataset})")
                print(f"{state:16}", *(f"{name} {float(data[name]):6.1f}" for name in NAMES), flush=True)
                page.wait_for_timeout(2500)


if __name__ == "__main__":
    main(*sys.argv[1:])
