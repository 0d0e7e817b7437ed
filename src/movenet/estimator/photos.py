"""Many photos: read ahead while the model works, and lose nothing when one of them is bad."""

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
"""Photos decoded before their turn: enough to hide the decoding, few enough to hold in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoPoses:
    """What came of one photo: the picture and its poses, or the error that stood in the way."""

    path: Path | WebPhoto
    image: NDArray[np.uint8]
    """(H, W, 3) uint8 RGB; of no pixels if the photo could not be read."""
    poses: tuple[Pose, ...] = ()
    error: MoveNetError | None = None
    estimate_s: float = 0.0
    """Time taken to find the poses, without reading the file."""


def estimate_photos(paths: Iterable[Path | WebPhoto], estimator: Estimator) -> Iterator[PhotoPoses]:
    """Find the poses of each photo, in order; a photo that cannot be read gives its error and the rest go on."""
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
    """Yield each photo's path and its picture to come, (H, W, 3) uint8 RGB, while the next are being read.

    The picture's `result` raises MediaError if the photo cannot be read.
    """
    remaining = iter(paths)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="movenet-photos") as readers:
        waiting = deque((path, readers.submit(_read, path)) for path in islice(remaining, READ_AHEAD))
        while waiting:
            yield waiting.popleft()
            waiting.extend((path, readers.submit(_read, path)) for path in islice(remaining, 1))


def _read(photo: Path | WebPhoto) -> NDArray[np.uint8]:
    return photo.read() if isinstance(photo, WebPhoto) else read_photo(photo)
