"""Poses of many photos: the next photos are decoded while the model runs; a bad photo does not stop the others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movenet.errors import MoveNetError
from movenet.estimator import Estimator
from movenet.media import read_photo
from movenet.media.sources.web_photo import WebPhoto
from movenet.pose import Pose

READ_AHEAD: Final = 4
"""Photos decoded in advance: enough to hide the decoding time, few enough for memory."""


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


def estimate_photos(paths: Iterable[Path | WebPhoto], estimator: Estimator) -> Iterator[PhotoPoses]:
    """Yield the poses of each photo, in order. A photo that cannot be read yields its error."""
    for path, read in read_ahead(paths):
        try:
            image = read.result()
        except MoveNetError as error:
            yield PhotoPoses(path, np.zeros((0, 0, 3), np.uint8), error=error)
            continue
        start = time.perf_counter()
        poses = tuple(estimator(image))
        yield PhotoPoses(path, image, poses, estimate_s=time.perf_counter() - start)


def read_ahead(
    paths: Iterable[Path | WebPhoto],
) -> Iterator[tuple[Path | WebPhoto, Future[NDArray[np.uint8]]]]:
    """Yield each photo's path and the future of its picture, (H, W, 3) uint8 RGB, while the next ones are decoded.

    `Future.result` raises MediaError if the photo cannot be read.
    """
    remaining = iter(paths)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="movenet-photos") as readers:
        waiting = deque((path, readers.submit(_read, path)) for path in islice(remaining, READ_AHEAD))
        while waiting:
            yield waiting.popleft()
            waiting.extend((path, readers.submit(_read, path)) for path in islice(remaining, 1))


def _read(photo: Path | WebPhoto) -> NDArray[np.uint8]:
    return photo.read() if isinstance(photo, WebPhoto) else read_photo(photo)
