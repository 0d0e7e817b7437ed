"""A job: the names that are not done yet, an executor, and the folder that takes the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from movenet.errors import DataError
from movenet.metrics import Counter, Histogram, prometheus_text
from movenet.scale.files import FilePoses, source_of
from movenet.scale.name_set import NameSet
from movenet.scale.shards import RecordsFolder

Executor = Callable[[Iterator[str]], Iterator[FilePoses]]
"""Takes the names of files and yields the poses of each, in any order."""


@dataclass(slots=True)
class JobCounts:
    """What a job has done so far, in this run."""

    listed: int = 0
    """Names, those that an earlier run did included."""
    skipped: int = 0
    """Names that an earlier run did, or that were listed twice."""
    files: int = 0
    """Files whose records were written."""
    failed: int = 0
    frames: int = 0
    """Photos, and frames of videos."""
    people: int = 0
    estimate_s: Histogram = field(
        default_factory=lambda: Histogram(
            "movenet_estimate_seconds", "Time of estimating the poses in a file."
        )
    )
    """Estimation times of the files, in seconds."""

    def add(self, poses: FilePoses) -> None:
        """Count the result of a file."""
        self.failed += poses.error is not None
        self.files += poses.error is None
        self.frames += len(poses.records)
        self.people += sum(len(record.poses) for record in poses.records)
        if poses.error is None:
            self.estimate_s.observe(poses.estimate_s)

    def prometheus_text(self) -> str:
        """Return the numbers in Prometheus' text format, those of `movenet live` by the same names."""
        counters = (
            Counter("movenet_files_total", "Files whose records were written.", self.files),
            Counter("movenet_skipped_files_total", "Files that were done already.", self.skipped),
            Counter("movenet_frames_total", "Pictures that were estimated.", self.frames),
            Counter("movenet_poses_total", "Poses that were found.", self.people),
            Counter("movenet_errors_total", "Files that could not be used.", self.failed),
        )
        return prometheus_text((*counters, self.estimate_s))


def run_job(
    names: Iterable[str], execute: Executor, folder: RecordsFolder, counts: JobCounts
) -> Iterator[FilePoses]:
    """Estimate the files that are not done yet, write their records, and yield each result after it is written.

    Args:
        names: paths and addresses; each is done once, also if it is listed twice.
        execute: estimates them.
        folder: takes the records.
        counts: is updated before each result is yielded.

    Raises:
        FileError: The system cannot write, for example because the disk is full.
    """
    for poses in execute(_remaining(names, folder.done, counts)):
        result = _written(poses, folder)
        counts.add(result)
        yield result


def _remaining(names: Iterable[str], done: NameSet, counts: JobCounts) -> Iterator[str]:
    for name in names:
        counts.listed += 1
        if done.add(source_of(name)):
            yield name
        else:
            counts.skipped += 1


def _written(poses: FilePoses, folder: RecordsFolder) -> FilePoses:
    """Write the records or the error of a file; return the result, with the error if its records cannot be written."""
    error = poses.error
    if error is None:
        try:
            folder.add(poses.records)
            return poses
        except DataError as problem:
            error = str(problem)
    folder.add_failed(poses.source, error)
    return FilePoses(poses.source, error=error)
