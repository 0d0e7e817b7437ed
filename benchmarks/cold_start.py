"""Time and memory of commands from the start of their process to its end.

    python benchmarks/cold_start.py [PHOTO] [--turns 11]

`movenet run PHOTO --json` with a cache that has the compiled models, with an empty one and without one; `movenet
--help`; `import movenet`. The commands take turns, and the first turn is not counted. PHOTO: by default the package's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PHOTO = Path(__file__).parents[1] / "src" / "movenet" / "data" / "astronaut.jpg"
MAIN = (sys.executable, "-c", "from movenet.cli import main; main()")


def measure(command: tuple[str, ...], cache: str) -> tuple[float, float, float]:
    """Run a command and return its time, the time of all its threads, both in ms, and its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, "MOVENET_CACHE": cache}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with exit code {process.returncode}")
    elapsed = time.perf_counter() - start
    return 1e3 * elapsed, 1e3 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photo", nargs="?", type=Path, default=PHOTO)
    parser.add_argument("--turns", type=int, default=11)
    asked = parser.parse_args()
    photo = (*MAIN, "run", str(asked.photo), "--json")
    with tempfile.TemporaryDirectory() as folder:
        full, empty = Path(folder) / "full", Path(folder) / "empty"
        jobs = {
            "movenet run photo.jpg --json, compiled models cached": (photo, full),
            "the same, the first time": (photo, empty),
            "the same, no cache": (photo, ""),
            "movenet --help": ((*MAIN, "--help"), full),
            "import movenet": ((sys.executable, "-c", "import movenet"), full),
        }
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in jobs}
        for turn in range(asked.turns + 1):
            for name, (command, cache) in jobs.items():
                shutil.rmtree(empty, ignore_errors=True)
                figures = measure(command, str(cache))
                if turn:
                    found[name].append(figures)
    # Imported late: the memory of a new process is counted from that of the one that starts it.
    from movenet.bench import Table

    rows = tuple(
        (name, *(f"{statistics.median(column):.0f}" for column in zip(*figures, strict=True)))
        for name, figures in found.items()
    )
    note = f"Medians of {asked.turns} turns."
    print(Table(("command", "ms", "ms of all threads", "MB"), rows, 1, (note,)).markdown())


if __name__ == "__main__":
    main()
