"""Poses of many photos, read and estimated side by side; a bad photo does not stop the others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MoveNetError
from movenet.estimator import Estimator
from movenet.estimator.pool import Pool
from movenet.media import read_photo
from movenet.media.sources.web_photo import WebPhoto
from movenet.pose import Pose

AHEAD: Final = 2
"""Photos in advance, besides one for each thread: enough to hide the decoding time, few enough for memory."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class PhotoPoses:
    """The result of one photo: the picture and its poses, or an error."""

    path: Path | WebPhoto
    image: NDArray[np.uint8]
    """(H, W, 3) uint8 RGB; (0, 0, 3) if the photo could not be read."""
    poses: tuple[Pose, ...] = ()
    error: MoveNetError | None = None
    estimate_s: float = 0.0
    """Time of the estimation, in seconds, without reading the file."""


def estimate_photos(
    paths: Iterable[Path | WebPhoto], estimators: Sequence[Estimator]
) -> Iterator[PhotoPoses]:
    """Yield the poses of each photo, in order. A photo that cannot be read yields its error.

    Args:
        paths: the photos.
        estimators: equal ones; as many photos are estimated at a time.
    """
    pool = Pool(estimators)

    def estimate(path: Path | WebPhoto) -> PhotoPoses:
        try:
            image = _read(path)
        except MoveNetError as error:
            return PhotoPoses(path, np.zeros((0, 0, 3), np.uint8), error=error)
        with pool.lend() as estimator:
            start = time.perf_counter()
            poses = tuple(estimator(image))
            return PhotoPoses(path, image, poses, estimate_s=time.perf_counter() - start)

    for _, found in _map_ahead(estimate, paths, len(estimators) + 1):
        yield found.result()


def read_ahead(
    paths: Iterable[Path | WebPhoto],
) -> Iterator[tuple[Path | WebPhoto, Future[NDArray[np.uint8]]]]:
    """Yield each photo's path and the future of its picture, (H, W, 3) uint8 RGB, while the next ones are decoded.

    `Future.result` raises MediaError if the photo cannot be read.
    """
    return _map_ahead(_read, paths, threads=2)


def _map_ahead(
    function: Callable[[Path | WebPhoto], Result], paths: Iterable[Path | WebPhoto], threads: int
) -> Iterator[tuple[Path | WebPhoto, Future[Result]]]:
    """Yield each path and the future of the function's result, in order, while the next ones are computed."""
    remaining = iter(paths)
    with ThreadPoolExecutor(threads, thread_name_prefix="movenet-photos") as pool:
        waiting = deque((path, pool.submit(function, path)) for path in islice(remaining, threads + AHEAD))
        while waiting:
            yield waiting.popleft()
            waiting.extend((path, pool.submit(function, path)) for path in islice(remaining, 1))


def _read(photo: Path | WebPhoto) -> NDArray[np.uint8]:
    return photo.read() if isinstance(photo, WebPhoto) else read_photo(photo)
