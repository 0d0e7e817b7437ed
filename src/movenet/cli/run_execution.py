"""`movenet run` carried out: photos, then videos, with all poses in one file of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from movenet.calibration import curve_of
from movenet.cli.output import (
    print_error,
    print_line,
    print_poses,
    print_status,
    progress,
    write_record,
)
from movenet.cli.run_models import ModelOptions
from movenet.cli.run_plan import RunPlan
from movenet.drawing import draw
from movenet.errors import MoveNetError
from movenet.estimator import Estimator
from movenet.estimator.photos import PhotoPoses, estimate_photos
from movenet.machine import threads_for_video, usable_cores
from movenet.media import write_photo
from movenet.models import ModelCard
from movenet.records import Record, RecordWriter, open_records, to_json

if TYPE_CHECKING:
    from movenet.analysis import Angle

T = TypeVar("T")


def execute(plan: RunPlan, models: ModelOptions) -> bool:
    """Run on every input and return whether all succeeded.

    The records of an input that fails midway are kept up to there, unless no input succeeded.

    Raises:
        MoveNetError: The model cannot be opened, or the records cannot be written.
        OutputError: stdout or the records cannot be written to any more.
    """
    if not (plan.photos or plan.videos):
        return False
    estimators = open_estimators(plan, models)
    if plan.probabilities:
        curve_of(estimators[0].engine.card)
    with ExitStack() as stack:
        recorder = stack.enter_context(open_records(plan.records)) if plan.records else None
        done = run_photos(plan, estimators, recorder) if plan.photos else 0
        if one_by_one := plan.one_by_one:
            from movenet.cli.run_videos import run_videos

            done += run_videos(one_by_one, plan, estimators, recorder)
        if plan.streams:
            from movenet.cli.run_streams import run_streams

            done += run_streams(plan.streams, plan, estimators[0], recorder)
        if recorder and not done:
            recorder.discard()
    if plan.records and done:
        print_status(f"records → {plan.records}")
    return plan.all_found and done == len(plan.photos) + len(plan.videos)


def open_estimators(plan: RunPlan, models: ModelOptions) -> list[Estimator]:
    """Open the estimators that work side by side, each with its share of the cores."""
    open_estimator = partial(models.open, for_videos=bool(plan.videos))
    if plan.workers == 1:
        return [open_estimator(threads_for_video() if plan.videos else None)]
    return open_side_by_side(open_estimator, plan.workers)


def open_side_by_side(open_one: Callable[[int | None], T], workers: int) -> list[T]:
    """Open something with models once for each worker, each with its share of the cores."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(open_one, [max(usable_cores() // workers, 1)] * workers))


def run_photos(plan: RunPlan, estimators: Sequence[Estimator], recorder: RecordWriter | None) -> int:
    """Estimate, draw, record and print every photo; return how many succeeded. Failures are reported on stderr.

    Raises:
        OutputError: stdout or the records cannot be written to any more.
    """
    done = 0
    for found in progress(estimate_photos(plan.photos, estimators), "estimating", len(plan.photos)):
        try:
            record = _draw_photo(found, plan, estimators[0].engine.card)
        except MoveNetError as error:
            print_error(error)
            continue
        write_record(recorder, record)
        if plan.json:
            print_line(to_json(record))
        else:
            print_poses(record, plan.photos[found.path], found.estimate_s)
        done += 1
    return done


def _draw_photo(found: PhotoPoses, plan: RunPlan, model: ModelCard) -> Record:
    if found.error is not None:
        raise found.error
    target, poses = plan.photos[found.path], plan.calibrate(found.poses, model)
    angles = _measure_angles(found, model) if plan.overlays.angles else ()
    if target is not None:
        drawn = draw(found.image, poses, plan.style)
        if angles:
            from movenet.overlays import draw_angles

            draw_angles(drawn, poses, angles, plan.style)
        write_photo(target, drawn)
    height, width = found.image.shape[:2]
    return Record(str(found.path), 0, 0.0, width, height, poses, angles)


def _measure_angles(found: PhotoPoses, model: ModelCard) -> tuple[dict[str, Angle], ...]:
    from movenet.analysis import measure_angles

    return tuple(measure_angles(pose, model) for pose in found.poses)
