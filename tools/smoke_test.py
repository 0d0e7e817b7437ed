"""Use an installed movenet as a new user would; `scripts/smoke` runs this with the base install alone.

python tools/smoke_test.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import movenet
from movenet.models import DATA

EXTRAS = {
    "onnxruntime": 'movenet.open_engine("lightning", movenet.Runtime("onnxruntime"))',
    "smooth": """
import numpy as np
pose = movenet.Pose(np.zeros((17, 2), np.float32), np.ones(17, np.float32), 1.0)
movenet.smooth_recording([i / 30 for i in range(60)], [[pose]] * 60)
""",
    "supervision": "movenet.to_supervision([])",
    "parquet": 'movenet.open_records("poses.parquet")',
}
"""By extra, code that needs it."""
BEFORE_FLIP_S = 3.0
"""Until then the man of the clip is upright; in his back-flip some processors' arithmetic loses him for a second."""


def command(*arguments: str) -> str:
    """Run the command line in the current folder and return what it prints."""
    call = [sys.executable, "-c", "from movenet.cli import main; main()", *arguments]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout


def check_python(photo: Path, clip: Path) -> None:
    """Estimate a photo and a clip from Python."""
    image = movenet.read_photo(photo)
    (pose,) = movenet.Estimator()(image)
    assert pose.score > 0.3
    assert (movenet.draw(image, [pose]) != image).any()
    found = [len(poses) for frame, poses in movenet.watch(clip) if frame.time_s < BEFORE_FLIP_S]
    assert np.mean(found) > 0.95


def check_commands(photo: Path, clip: Path) -> None:
    """Run the commands of the README that the base install offers."""
    assert command("--version").strip().endswith(movenet.__version__)
    assert "lightning" in command("models")
    assert json.loads(command("run", str(photo), "--json"))["poses"]
    command("run", str(photo), "-o", "drawn.jpg")
    command("run", str(clip), "-o", "out.mp4", "--records", "out.jsonl")
    assert movenet.read_photo("drawn.jpg").shape == movenet.read_photo(photo).shape
    with movenet.open_source(clip) as source, movenet.open_source("out.mp4") as drawn:
        frames = sum(1 for _ in source)
        assert sum(1 for _ in drawn) == frames
    assert sum(1 for _ in movenet.read_records("out.jsonl")) == frames


def check_extras() -> None:
    """Ask for what is not installed: the error names the extra and is an ImportError as well."""
    for extra, code in EXTRAS.items():
        message = missing_extra(code)
        assert f"movenet[{extra}]" in message, f"{extra}: {message}"


def missing_extra(code: str) -> str:
    """Run code and return the message of the ImportError that says which extra is missing; empty without one."""
    try:
        exec(code, {"movenet": movenet})
    except ImportError as error:
        return str(error) if isinstance(error, movenet.MissingExtraError) else ""
    return ""


def main() -> None:
    """Check all of it in an empty folder."""
    assert "site-packages" in str(DATA), f"expected an installed movenet, got the one in {DATA.parent}"
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        check_python(DATA / "astronaut.jpg", DATA / "sample.mp4")
        check_commands(DATA / "astronaut.jpg", DATA / "sample.mp4")
        check_extras()
        os.chdir(before)
    print("the installed package works")


if __name__ == "__main__":
    main()
