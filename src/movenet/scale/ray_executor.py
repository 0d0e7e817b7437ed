"""Files estimated by Ray: a class for Ray Data pipelines, and the executor of a job that uses it.

One row in is one file, opened inside the actor, so that only names travel there and only keypoints back.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

import cv2

from movenet.errors import EngineError, MissingExtraError, MoveNetError
from movenet.records.table import from_wide, wide_columns, wide_rows
from movenet.records.writing import arrow_schema, arrow_table
from movenet.scale.files import FileEstimator, FilePoses, FileSettings, Photo, failed, read_file, source_of

if TYPE_CHECKING:
    from pyarrow import Table

BLOCK: Final = 64
"""Files in one task of an actor: enough that Ray's own work per task does not count."""
BLOCKS_PER_ACTOR: Final = 8
"""Minimum number of tasks per actor, so that few long videos are spread evenly."""
CHUNK: Final = 200_000
"""Files in one Ray dataset; between two datasets the models are opened again. It bounds the driver's memory."""
OBJECT_STORE_BYTES: Final = 128 * 2**20
"""Shared memory of a Ray that is started here; rows are small."""


class PoseMapper:
    """A class for `ray.data.Dataset.map_batches`: file names or pictures in, a row per person out.

    It opens the models once per actor. Its output has the columns of a Parquet file of records (`open_records`) and
    `error`: a file that cannot be read is one row with its source and the error. A picture without people is one row
    without a person.
    """

    def __init__(self, settings: FileSettings, threads: int = 1) -> None:
        """Open the models.

        Args:
            settings: how the poses are estimated.
            threads: threads of inference and of OpenCV; give Ray the same number as `num_cpus`.

        Raises:
            MoveNetError: A model cannot be opened.
        """
        cv2.setNumThreads(threads)
        self._estimator = FileEstimator(settings, threads)

    def __call__(self, batch: dict[str, Any]) -> Table:
        """Return the table of a batch.

        Args:
            batch: NumPy columns: "path" with paths or addresses of photos and videos; or "image" with pictures,
                (H, W, 3) uint8 RGB each, and optionally "path" with their names.
        """
        import pyarrow as pa

        keypoints = self._estimator.keypoints
        results = [self._estimate(name, image) for name, image in _inputs(batch)]
        rows = [[*row, poses.error] for poses in results for row in _rows(poses, keypoints)]
        return arrow_table(rows, arrow_schema(keypoints).append(pa.field("error", pa.string())))

    def _estimate(self, name: str, image: Any) -> FilePoses:
        try:
            file = read_file(name) if image is None else Photo(name, image)
            return FilePoses(source_of(name), self._estimator.records(file))
        except MoveNetError as error:
            return failed(name, error)


def _inputs(batch: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    names, images = batch.get("path"), batch.get("image")
    for at in range(len(next(iter(batch.values())))):
        yield ("" if names is None else str(names[at])), (None if images is None else images[at])


def _rows(poses: FilePoses, keypoints: Sequence[str]) -> list[list[Any]]:
    if poses.error is not None:
        return [[poses.source, *[None] * (len(wide_columns(keypoints)) - 1)]]
    return [row for record in poses.records for row in wide_rows(record, keypoints)]


def to_file_poses(table: Table) -> Iterator[FilePoses]:
    """Yield the result of each file in a table of `PoseMapper`; the rows of a file are consecutive."""
    columns = [name for name in table.column_names if name != "error"]
    for source, group in groupby(table.to_pylist(), key=lambda row: row["source"]):
        rows = list(group)
        if rows[0]["error"] is not None:
            yield FilePoses(source, error=rows[0]["error"])
        else:
            yield FilePoses(source, tuple(from_wide(((source, row) for row in rows), columns)))


def run_on_ray(
    names: Iterable[str],
    settings: FileSettings,
    *,
    address: str | None = None,
    actors: int | None = None,
    threads: int = 1,
) -> Iterator[FilePoses]:
    """Yield the poses of each file, in any order; a bad file yields its error.

    Args:
        names: paths and addresses of photos and videos that every node of the cluster can open.
        settings: how the poses are estimated.
        address: a Ray cluster, such as "auto" or "ray://head:10001"; None starts Ray on this machine.
        actors: number of actors; None fills the cluster.
        threads: CPUs of an actor, and threads of its inference.

    Raises:
        EngineError: Ray cannot be reached, or the models cannot be opened.
        MissingExtraError: Ray is missing.
    """
    ray = _start(address)
    actors = actors or max(1, int(ray.cluster_resources().get("CPU", 1) // threads))
    remaining = iter(names)
    while chunk := list(islice(remaining, CHUNK)):
        paths = [name for name in chunk if _is_text(name)]
        yield from (FilePoses(name, error=f"{name!r} is not UTF-8") for name in chunk if not _is_text(name))
        blocks = min(len(paths), max(len(paths) // BLOCK, actors * BLOCKS_PER_ACTOR))
        if not paths:
            continue
        try:
            dataset = ray.data.from_items([{"path": path} for path in paths], override_num_blocks=blocks)
            mapped = dataset.map_batches(
                PoseMapper,
                batch_size=BLOCK,
                compute=ray.data.ActorPoolStrategy(size=actors),
                num_cpus=threads,
                fn_constructor_kwargs={"settings": settings, "threads": threads},
            )
            for table in mapped.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=1):
                yield from to_file_poses(table)
        except ray.exceptions.RayError as error:
            raise EngineError(f"Ray: {str(error).strip().splitlines()[-1]}") from error


def _is_text(name: str) -> bool:
    return name.isascii() or name == name.encode("utf-8", "replace").decode()


def _start(address: str | None) -> Any:
    """Return the module `ray`, connected to a cluster; a connection that the caller has made is kept."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # telemetry; read when Ray starts
    try:
        import ray
        import ray.data
    except ImportError as problem:
        raise MissingExtraError("ray", "ray", "the executor ray") from problem
    if not ray.is_initialized():
        new: dict[str, Any] = {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
        try:
            ray.init(address or "local", log_to_driver=False, **(new if address is None else {}))
        except (ConnectionError, ValueError, RuntimeError) as problem:
            raise EngineError(f"cannot reach Ray at {address or 'this machine'}: {problem}") from problem
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.target_max_block_size = None  # the rows of a file stay together
    return ray
