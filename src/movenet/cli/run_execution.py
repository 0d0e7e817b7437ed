"""`movenet run` carried out: photos, then videos, with all poses in one file of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from movenet.calibration import curve_of
from movenet.cli.csv_printer import CsvPrinter
from movenet.cli.output import (
    Recorder,
    print_error,
    print_line,
    print_poses,
    print_status,
    progress,
    write_record,
)
from movenet.cli.output_names import stem_of
from movenet.cli.run_annotation import Annotation
from movenet.cli.run_models import ModelOptions
from movenet.cli.run_plan import RunPlan
from movenet.cli.run_tally import Tally
from movenet.cli.window import Window, WindowClosedError
from movenet.errors import MoveNetError
from movenet.estimator import Estimator
from movenet.estimator.photos import PhotoPoses, estimate_photos
from movenet.machine import threads_for_video, usable_cores
from movenet.media import write_photo
from movenet.media.picture_like import as_rgb
from movenet.records import Record, open_records, to_json

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
        recorder = _open_recorder(plan, stack)
        window = stack.enter_context(Window()) if plan.show else None
        try:
            done = run_photos(plan, estimators, recorder, window) if plan.photos else 0
            if one_by_one := plan.one_by_one:
                from movenet.cli.run_videos import run_videos

                done += run_videos(one_by_one, plan, estimators, recorder, window)
            if plan.streams:
                from movenet.cli.run_streams import run_streams

                done += run_streams(plan.streams, plan, estimators[0], recorder)
            if window is not None and not plan.videos:
                window.wait()
        except WindowClosedError:
            return plan.all_found
        if recorder and not done:
            recorder.discard()
    if plan.crops and done:
        print_status(f"crops → {plan.crops}")
    if plan.records and not plan.prints_csv and done:
        print_status(f"records → {plan.records}")
    return plan.all_found and done == len(plan.photos) + len(plan.videos)


def _open_recorder(plan: RunPlan, stack: ExitStack) -> Recorder | None:
    if plan.prints_csv:
        return stack.enter_context(CsvPrinter())
    return stack.enter_context(open_records(plan.records)) if plan.records else None


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


def run_photos(
    plan: RunPlan, estimators: Sequence[Estimator], recorder: Recorder | None, window: Window | None = None
) -> int:
    """Estimate, draw, record and print every photo; return how many succeeded. Failures are reported on stderr.

    Raises:
        OutputError: stdout or the records cannot be written to any more.
    """
    tally = Tally("photo")
    annotation = Annotation(plan.overlays, estimators[0].engine.card, plan.style)
    for found in progress(estimate_photos(plan.photos, estimators), "estimating", len(plan.photos)):
        try:
            record = _draw_photo(found, plan, annotation, window)
        except MoveNetError as error:
            print_error(error)
            continue
        write_record(recorder, record)
        if plan.json:
            print_line(to_json(record))
        elif not plan.prints_csv:
            print_poses(record, plan.photos[found.path], found.estimate_s)
        tally.add(record.poses)
    if len(plan.photos) > 1:
        failed = len(plan.photos) - tally.frames
        print_status(f"{tally}{f', {failed} could not be read or written' if failed else ''}")
    return tally.frames


def _draw_photo(found: PhotoPoses, plan: RunPlan, annotation: Annotation, window: Window | None) -> Record:
    if found.error is not None:
        raise found.error
    target, poses = plan.photos[found.path], plan.calibrate(found.poses, annotation.model)
    angles = annotation.measure(found.poses)
    if plan.crops is not None:
        annotation.write_crops(plan.crops, stem_of(found.path), found.image, poses)
    if target is not None or window is not None:
        drawn = as_rgb(annotation.draw(found.image, poses, angles))
        if target is not None:
            write_photo(target, drawn)
        if window is not None:
            window.show(drawn)
    height, width = found.image.shape[:2]
    return Record(str(found.path), 0, 0.0, width, height, poses, angles)
