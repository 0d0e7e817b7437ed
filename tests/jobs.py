"""Jobs of many tiny photos with a scripted engine, for tests. As a program it runs one, so that it can be killed."""

import sys
import time
from pathlib import Path

import numpy as np

from movenet.engine import ScriptedEngine
from movenet.estimator import Estimator
from movenet.media import write_photo
from movenet.models import MODELS
from movenet.records import read_records
from movenet.scale import FileSettings, JobCounts, RecordsFolder, run_in_threads, run_job
from movenet.scale.files import FileEstimator
from movenet.scale.listing import list_names

CHANNELS = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34}


def scripted_estimator(threads=None, sleep_s=0.0):
    """Return an estimator whose poses depend on the picture: the score is its brightness."""

    def answer(squares):
        time.sleep(sleep_s)
        n, height, width, _ = squares.shape
        heads = {name: np.zeros((n, c, height // 4, width // 4), np.float32) for name, c in CHANNELS.items()}
        heads["heatmap"] += squares.max(axis=(1, 2, 3))[:, None, None, None] / np.float32(255)
        return heads

    return Estimator(ScriptedEngine(MODELS["lightning"], answer), method="whole")


def settings(sleep_s=0.0):
    return FileSettings(lambda threads: scripted_estimator(threads, sleep_s))


def photos(folder, count, bad=()):
    """Write tiny photos, each of another brightness, and return the folder; those in `bad` are no pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        path = folder / f"{i:04d}.png"
        if i in bad:
            path.write_bytes(b"no picture")
        else:
            write_photo(path, np.full((8, 8, 3), 60 + i % 190, np.uint8))
    return folder


def records(folder):
    """Return the records of all parts by source; a source in two parts fails."""
    found = {}
    for part in sorted(folder.glob("part-*")):
        seen = {}
        for record in read_records(part):
            seen.setdefault(record.source, []).append(record)
        assert not found.keys() & seen.keys()
        found |= seen
    return found


def values(found):
    """Return records by source as plain numbers, for comparison."""
    return {
        source: [(r.frame, r.width, r.height, [round(float(p.score), 4) for p in r.poses]) for r in own]
        for source, own in found.items()
    }


def run_here(inputs, out, form="jsonl", workers=1, *, resume=False, sleep_s=0.0, part=7):
    """Run a job in this process and return its counts."""
    counts = JobCounts()
    made_with = {"format": form}
    with RecordsFolder(out, made_with, resume=resume, part_records=part) as folder:
        estimators = [FileEstimator(settings(sleep_s)) for _ in range(workers)]
        names = list_names([str(inputs)])
        for _ in run_job(names, lambda names: run_in_threads(names, estimators), folder, counts):
            pass
    return counts


if __name__ == "__main__":
    run_here(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], workers=2, resume=True, sleep_s=0.004)
