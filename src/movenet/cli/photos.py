"""What `movenet run` does with photos: estimate, draw, print; a bad photo is named and the rest go on."""

from __future__ import annotations

from movenet.cli.job import Job
from movenet.cli.output import complain, print_poses, progress, say, write_record
from movenet.drawing import draw
from movenet.errors import MoveNetError
from movenet.estimator import Estimator
from movenet.estimator.photos import PhotoPoses, estimate_photos
from movenet.media import write_photo
from movenet.records import Record, RecordWriter, to_json


def run_photos(job: Job, estimator: Estimator, recorder: RecordWriter | None) -> int:
    """Run on every photo and return how many went well.

    Raises:
        OutputError: stdout or the records take no more.
    """
    done = 0
    for found in progress(estimate_photos(job.photos, estimator), "estimating", len(job.photos)):
        try:
            record = _draw(found, job)
        except MoveNetError as error:
            complain(error)
            continue
        write_record(recorder, record)
        if job.json:
            say(to_json(record))
        else:
            print_poses(record, job.photos[found.path], found.estimate_s)
        done += 1
    return done


def _draw(found: PhotoPoses, job: Job) -> Record:
    if found.error is not None:
        raise found.error
    target = job.photos[found.path]
    if target is not None:
        write_photo(target, draw(found.image, found.poses, job.style))
    height, width = found.image.shape[:2]
    return Record(str(found.path), 0, 0.0, width, height, found.poses)
