"""Files estimated side by side by the threads of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final

from movenet.errors import MoveNetError
from movenet.estimator.pool import Pool
from movenet.scale.files import FileEstimator, FilePoses, failed, read_file, source_of

AHEAD: Final = 2
"""Files that wait for a thread: enough that none is idle, few enough for memory."""
WAIT_S: Final = 0.2
"""Ctrl-C is noticed within this time also on Windows, where waiting without a limit cannot be interrupted."""


def run_in_threads(names: Iterable[str], estimators: Sequence[FileEstimator]) -> Iterator[FilePoses]:
    """Yield the poses of each file as soon as they are known, in any order; a bad file yields its error.

    Args:
        names: paths and addresses of photos and videos; read only as far as there are threads for them.
        estimators: equal ones; as many files are estimated at a time, while one more is read.
    """
    idle = Pool(estimators)
    stopped = threading.Event()

    def work(name: str) -> FilePoses:
        try:
            file = read_file(name)
            with idle.lend() as estimator:
                start = time.perf_counter()
                records = estimator.records(file, stopped.is_set)
                return FilePoses(source_of(name), records, estimate_s=time.perf_counter() - start)
        except MoveNetError as error:
            return failed(name, error)

    threads, remaining = len(estimators) + 1, iter(names)
    with ThreadPoolExecutor(threads, thread_name_prefix="movenet-files") as pool:
        try:
            running = {pool.submit(work, name) for name in islice(remaining, threads + AHEAD)}
            while running:
                done, running = wait(running, WAIT_S, FIRST_COMPLETED)
                running |= {pool.submit(work, name) for name in islice(remaining, len(done))}
                for future in done:
                    yield future.result()
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
