"""`movenet run` with a folder of records: a job of many files that a later run can resume."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Protocol

from movenet.cli.job_options import JobOptions
from movenet.cli.job_progress import JobProgress
from movenet.cli.output import OutputError, print_status
from movenet.cli.run_execution import open_side_by_side
from movenet.cli.run_models import ModelOptions
from movenet.cli.run_plan import MAX_WORKERS, RunOptions
from movenet.cli.selection import PersonLock
from movenet.errors import FileError, MoveNetError
from movenet.machine import usable_cores
from movenet.scale import FileSettings, JobCounts, RecordsFolder, run_in_threads, run_job
from movenet.scale.files import FileEstimator, smoothing
from movenet.scale.job import Executor


class Listing(Protocol):
    """The inputs of a job."""

    @property
    def can_be_counted(self) -> bool:
        """Whether the files can be listed twice."""

    def files(self) -> Iterator[str]:
        """Yield the names of all files."""


def run_files(
    inputs: Listing, options: RunOptions, models: ModelOptions, job: JobOptions, place: str
) -> bool:
    """Run on every file that is not done yet; return whether all succeeded.

    Args:
        inputs: the files.
        options: the options of the command line.
        models: the models.
        job: the options of a job.
        place: the folder of records, a path or an address in a cloud.

    Raises:
        MoveNetError: An option does not apply, or the model cannot be opened.
        OutputError: The records cannot be written any more.
    """
    _check_options(options)
    if job.address is not None and job.executor != "ray":
        raise MoveNetError("--address is for a Ray cluster: expected --executor ray")
    settings = FileSettings(models.open, smoothing(options.smooth), options.probabilities)
    made_with = {"format": job.format or "jsonl", **models.for_json(), **settings.for_json()}
    counts = JobCounts()
    with RecordsFolder(place, made_with, resume=job.resume) as folder:
        execute = _open_executor(settings, options, models, job, folder)
        with JobProgress(counts, inputs.files if inputs.can_be_counted else None) as progress:
            results = run_job(inputs.files(), execute, folder, counts)
            try:
                for poses in results:
                    if poses.error is not None:
                        named = "" if poses.source in poses.error else f"{poses.source}: "
                        print_status(f"movenet: {named}{poses.error}")
                    progress.update()
            except FileError as error:
                raise OutputError(f"{error}; --resume does what is left") from error
        folder.write_text("metrics.prom", counts.prometheus_text())
    print_status(f"records → {folder.storage}")
    return not counts.failed


def _open_executor(
    settings: FileSettings, options: RunOptions, models: ModelOptions, job: JobOptions, folder: RecordsFolder
) -> Executor:
    """Return what estimates the files; the folder gets the names of the keypoints."""
    if job.executor == "ray":
        from movenet.scale.ray_executor import run_on_ray

        folder.keypoints = models.keypoints()
        return partial(
            run_on_ray,
            settings=settings,
            address=job.address,
            actors=options.workers,
            threads=models.runtime.threads or 1,
        )
    estimators = _open_estimators(settings, options.workers)
    folder.keypoints = estimators[0].keypoints
    return partial(run_in_threads, estimators=estimators)


def _open_estimators(settings: FileSettings, workers: int | None) -> list[FileEstimator]:
    workers = workers or min(usable_cores(), MAX_WORKERS)
    if workers == 1:
        return [FileEstimator(settings)]
    return open_side_by_side(partial(FileEstimator, settings), workers)


def _check_options(options: RunOptions) -> None:
    """Refuse the options that a job does not have.

    Raises:
        MoveNetError: One was given.
    """
    given = {
        "-o": options.out is not None,
        "--json": options.json,
        "--crops": options.crops is not None,
        "--show": options.show,
        **options.overlays.given(),
        **options.style.given(),
        **options.frames.given(),
        "--lock": options.person != PersonLock(),
    }
    for option, is_given in given.items():
        if is_given:
            raise MoveNetError(
                f"{option} is not for a folder of records, a job of whole files: expected --records FILE"
            )
