"""Photos a second with one worker (on one core, and on all), with two, and with two actors of Ray; starts apart.

    python benchmarks/scale_workers.py PHOTOS [--count 5000] [--side 320] [--turns 2] [--no-ray]

Small photos are made from those in a folder (at most `--side` pixels wide or high); the model is Lightning on the whole
picture, one thread a worker. The rate is counted from the first result to the last.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import psutil

from movenet import Estimator, Runtime
from movenet.machine import this_machine
from movenet.media import find_photos, read_photo, write_photo
from movenet.scale import FilePoses, FileSettings, JobCounts, RecordsFolder, run_in_threads, run_job
from movenet.scale.files import FileEstimator

DISTINCT = 200


def open_lightning(threads: int | None) -> Estimator:
    """Open the model of all executors."""
    return Estimator("lightning", method="whole", runtime=Runtime(threads=threads))


SETTINGS = FileSettings(open_lightning)


def small_photos(source: Path, folder: Path, side: int, count: int) -> list[str]:
    """Write small copies of some photos, and return `count` names of them."""
    import cv2

    few = []
    for path in find_photos([source])[:DISTINCT]:
        image = read_photo(path)
        scale = side / max(image.shape[:2])
        few.append(folder / f"small-{path.stem}.jpg")
        write_photo(few[-1], cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    names = []
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        path.hardlink_to(few[number % len(few)])
        names.append(str(path))
    return names


def by_threads(workers: int, names: Iterable[str]) -> Iterator[FilePoses]:
    """Run by threads."""
    return run_in_threads(names, [FileEstimator(SETTINGS, 1) for _ in range(workers)])


def on_one_core(names: Iterable[str]) -> Iterator[FilePoses]:
    """Run by one worker whose threads share one core: no photo is read on the other one meanwhile."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    try:
        yield from by_threads(1, names)
    finally:
        os.sched_setaffinity(0, usable)


def by_ray(names: Iterable[str]) -> Iterator[FilePoses]:
    """Run by two actors of Ray."""
    from movenet.scale.ray_executor import run_on_ray

    return run_on_ray(names, SETTINGS, actors=2)


def rate(names: list[str], execute: partial[Iterator[FilePoses]]) -> float:
    """Return the photos per second of a job, from the first result to the last."""
    times_s = []
    with (
        tempfile.TemporaryDirectory() as out,
        RecordsFolder(Path(out) / "out", {"format": "jsonl"}) as folder,
    ):
        for _ in run_job(names, execute, folder, JobCounts()):
            times_s.append(time.monotonic())
    # Ray's results come in blocks: those that come with the first one were made before it.
    first = sum(each - times_s[0] < 0.1 for each in times_s)
    return (len(times_s) - first) / (times_s[-1] - times_s[first - 1])


def main() -> None:
    """Let the executors take turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--side", type=int, default=320)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--no-ray", action="store_true")
    arguments = parser.parse_args()
    print(this_machine())
    executors = {
        "1 core": partial(on_one_core),
        "1 worker": partial(by_threads, 1),
        "2 workers": partial(by_threads, 2),
    }
    if not arguments.no_ray:
        executors["Ray, 2 actors"] = partial(by_ray)
    with tempfile.TemporaryDirectory() as folder:
        names = small_photos(arguments.photos, Path(folder), arguments.side, arguments.count)
        for turn in range(arguments.turns):
            rates = {what: rate(names, execute) for what, execute in executors.items()}
            parts = [f"{what} {each:.1f} ({each / rates['1 core']:.2f})" for what, each in rates.items()]
            print(
                f"turn {turn + 1}, load {psutil.getloadavg()[0]:.1f}: photos/s " + ", ".join(parts),
                flush=True,
            )


if __name__ == "__main__":
    main()
