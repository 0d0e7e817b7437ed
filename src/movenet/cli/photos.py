"""What `movenet run` does with photos: estimate, draw, print; a bad photo is named and the rest go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from movenet.batch import PhotoPoses, estimate_photos
from movenet.cli.inputs import name_photos
from movenet.cli.output import complain, print_poses, progress
from movenet.drawing import Style, draw
from movenet.errors import MoveNetError
from movenet.estimator import Estimator
from movenet.media import write_photo
from movenet.records import Record, to_json


def run_photos(
    paths: Sequence[Path], estimator: Estimator, out: Path | None, *, style: Style, json: bool
) -> bool:
    """Run on every photo and return whether all went well."""
    silent = json and out is None
    targets: Sequence[Path | None] = [None] * len(paths) if silent else name_photos(paths, out)
    failed = False
    photos = progress(estimate_photos(paths, estimator), "estimating", len(paths))
    for photo, target in zip(photos, targets, strict=True):
        try:
            _finish(photo, target, style, json=json)
        except MoveNetError as error:
            failed = True
            complain(error)
    return not failed


def _finish(photo: PhotoPoses, target: Path | None, style: Style, *, json: bool) -> None:
    if photo.error is not None:
        raise photo.error
    if target is not None:
        write_photo(target, draw(photo.image, photo.poses, style))
    height, width = photo.image.shape[:2]
    record = Record(str(photo.path), 0, 0.0, width, height, photo.poses)
    if json:
        print(to_json(record), flush=True)
    else:
        print_poses(record, target, photo.estimate_s)
