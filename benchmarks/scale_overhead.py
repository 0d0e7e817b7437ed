"""What a job costs besides estimation: the driver's core time and memory, per photo.

    python benchmarks/scale_overhead.py [--photos 100000] [--ray]

The engine is scripted. By threads, results cost nothing and no file is read; by Ray, actors read tiny photos (links to
a few), and only the driver's own process is measured. A smaller job before loads the libraries.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import jobs
from movenet import Pose, Record
from movenet.scale import FilePoses, JobCounts, RecordsFolder, run_job

DISTINCT, WARM_UP = 100, 25_000


def nothing(names: Iterable[str]) -> Iterator[FilePoses]:
    """Yield one pose for each name."""
    pose = Pose(
        np.random.default_rng(0).uniform(0, 400, (17, 2)).astype(np.float32),
        np.full(17, 0.7, np.float32),
        0.7,
    )
    for name in names:
        yield FilePoses(name, (Record(name, 0, 0.0, 640, 480, (pose,)),))


def measure(what: str, names: Iterable[str], execute: Callable[..., Iterator[FilePoses]], form: str) -> None:
    """Run a job, and print core time, wall time and memory of this process, from the first result on."""
    process, counts = psutil.Process(), JobCounts()
    with (
        tempfile.TemporaryDirectory() as out,
        RecordsFolder(Path(out) / "records", {"format": form}) as folder,
    ):
        results = run_job(names, execute, folder, counts)
        next(results)
        before = process.memory_info().rss
        cpu_s, start_s = sum(process.cpu_times()[:2]), time.monotonic()
        most = before
        for number, _ in enumerate(results):
            if number % 1000 == 0:
                most = max(most, process.memory_info().rss)
        wall_s, used_s = time.monotonic() - start_s, sum(process.cpu_times()[:2]) - cpu_s
    done = counts.files - 1
    print(
        f"{what}, {form}: {done:,} photos, {1000 * used_s / done:.3f} ms of the driver's core time per photo, "
        f"{done / wall_s:,.0f} a second, memory +{(most - before) / 2**20:.0f} MB"
    )


def links(folder: Path, count: int) -> Iterator[str]:
    """Make tiny photos, `count` names of a few, and yield the names."""
    few = sorted(jobs.photos(folder / "few", DISTINCT).iterdir())
    for number in range(count):
        path = folder / f"{number:07d}.png"
        path.hardlink_to(few[number % DISTINCT])
        yield str(path)


def main() -> None:
    """Measure one executor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--ray", action="store_true")
    arguments = parser.parse_args()
    print(f"load {psutil.getloadavg()[0]:.1f}")
    if not arguments.ray:
        for form in ("jsonl", "parquet"):
            for photos in (WARM_UP, arguments.photos):
                measure("ledger and writing", map(str, range(photos)), nothing, form)
        return
    import ray

    from movenet.scale.ray_executor import run_on_ray

    ray.cloudpickle.register_pickle_by_value(jobs)
    with tempfile.TemporaryDirectory() as folder:
        names = list(links(Path(folder), arguments.photos))
        measure("Ray, two actors", names, partial(run_on_ray, settings=jobs.settings(), actors=2), "parquet")


if __name__ == "__main__":
    main()
