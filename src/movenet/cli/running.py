"""What `movenet run` does once everything is named: photos, then videos, all into one file of records."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from movenet.cli.job import Job
from movenet.cli.output import tell
from movenet.cli.photos import run_photos
from movenet.cli.videos import run_videos
from movenet.estimator import Estimator
from movenet.records import open_records


def carry_out(job: Job, open_estimator: Callable[[], Estimator]) -> bool:
    """Run on every input and return whether all went well.

    The records of an input that fails on the way are kept up to there, unless nothing else went well.

    Raises:
        MoveNetError: The model cannot be opened, or the records cannot be written.
        OutputError: stdout or the records take no more.
    """
    if not (job.photos or job.films):
        return False
    estimator = open_estimator()
    with ExitStack() as stack:
        recorder = stack.enter_context(open_records(job.records)) if job.records else None
        done = run_photos(job, estimator, recorder) if job.photos else 0
        done += run_videos(job, estimator, recorder) if job.films else 0
        if recorder and not done:
            recorder.discard()
    if job.records and done:
        tell(f"records → {job.records}")
    return job.all_found and done == len(job.photos) + len(job.films)
