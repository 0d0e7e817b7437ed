"""Make the pictures of docs/drawing.md: one frame of the sample clip in each drawing style.

python tools/drawing_pictures.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image
from typer.testing import CliRunner

from cookbook_pictures import frame_at, prepare, resized
from movenet.cli import app

OUT = Path(__file__).parents[1] / "docs" / "img" / "drawing"
WIDTH_PX = 480
QUALITY = 62
TIME_S = 0.8
STYLES = {
    "default": "--people many",
    "boxes": "--people many --boxes --labels id,score",
    "angles": "--people many --angles",
    "trails": "--people many --trails",
    "heat-map": "--people many --heat-map",
    "blur-face": "--people many --blur face",
    "blur-person": "--people many --blur person --labels none",
    "black": "--people many --background black --line-width 8",
}
"""Name of the picture → options of `movenet run`."""


def main() -> None:
    """Run the command with each style, and save the same frame of its result."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        prepare(folder)
        for name, options in STYLES.items():
            video, target = folder / f"{name}.mp4", OUT / f"{name}.webp"
            command = ["run", str(folder / "street.mp4"), *options.split(), "--to", "2", "-o", str(video)]
            done = CliRunner().invoke(app, command, catch_exceptions=False)
            if done.exit_code:
                raise SystemExit(done.output)
            Image.fromarray(resized(frame_at(video, TIME_S), WIDTH_PX)).save(
                target, quality=QUALITY, method=6
            )
            print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
