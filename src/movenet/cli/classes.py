"""`movenet classes`: train, test and use a classifier of poses from folders of photos."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from movenet.cli.options import (
    EngineName,
    EngineOption,
    ModelIfNamedOption,
    PrecisionName,
    PrecisionOption,
    ThreadsOption,
)
from movenet.cli.panels import PanelCommand

if TYPE_CHECKING:
    from movenet.analysis.class_training import Confusion
    from movenet.estimator import Estimator
    from movenet.pose import Pose

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Classes of poses, such as yoga: train, test and predict.",
)


class ClassifierName(str, Enum):
    """Values of --method: `movenet.analysis.classes.Method`."""

    knn = "knn"
    logistic = "logistic"


FolderArgument = Annotated[
    Path, typer.Argument(help="Folder with a folder of photos for each class.", show_default=False)
]
ClassesArgument = Annotated[Path, typer.Argument(help="Classifier: .npz.", show_default=False)]


@app.command(cls=PanelCommand)
def train(
    folder: FolderArgument,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The classifier to write: .npz.")],
    method: Annotated[ClassifierName, typer.Option(help="Kind of classifier.")] = ClassifierName.knn,
    mirror: Annotated[bool, typer.Option(help="Also learn from the mirrored poses.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of the choice of the photos held out.")] = 0,
    model: ModelIfNamedOption = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Train on folders of photos, such as yoga/tree/*.jpg. A quarter is held out, for a confusion matrix."""
    from movenet.analysis.class_training import train_classes
    from movenet.cli.output import print_line, print_status
    from movenet.cli.output_folders import make_folders
    from movenet.errors import DataError

    if out.suffix.lower() != ".npz":
        raise DataError(f"expected a name ending in .npz for the classes, got {out}")
    make_folders([out])
    poses, labels = _read(folder, _open(model, engine, precision, threads))
    classes, confusion = train_classes(poses, labels, method.value, mirror=mirror, seed=seed)
    classes.save(out)
    print_line(f"{len(poses)} poses of {len(classes.names)} classes → {out}")
    print_line(f"held out: {int(confusion.counts.sum())} poses, accuracy {confusion.accuracy:.3f}")
    _print_confusion(confusion)
    print_status(f"next: movenet classes predict {out} photo.jpg")


@app.command("test", cls=PanelCommand)
def evaluate(
    classes: ClassesArgument,
    folder: FolderArgument,
    *,
    model: ModelIfNamedOption = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Print accuracy and confusion matrix on photos of the same classes."""
    from movenet.analysis.class_training import confuse
    from movenet.analysis.classes import load_classes
    from movenet.cli.output import print_line

    loaded = load_classes(classes)
    poses, labels = _read(folder, _open(model, engine, precision, threads))
    confusion = confuse(loaded, poses, labels)
    print_line(f"{len(poses)} poses, accuracy {confusion.accuracy:.3f}")
    _print_confusion(confusion)


@app.command(cls=PanelCommand)
def predict(
    classes: ClassesArgument,
    inputs: Annotated[list[Path], typer.Argument(help="Photos and videos.", show_default=False)],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    model: ModelIfNamedOption = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Print the class of the person in photos and videos. Of videos each frame is printed in which it changes."""
    from movenet.analysis.classes import load_classes
    from movenet.cli.output import print_line

    loaded = load_classes(classes)
    estimator = _open(model, engine, precision, threads)
    for path in inputs:
        before = None
        for time_s, pose in _poses(path, estimator):
            name, probability = loaded.predict(pose) if pose is not None else (None, None)
            if json:
                plain = {"source": str(path), "time_s": time_s, "class": name, "probability": probability}
                print_line(json_text.dumps(plain))
            elif name != before or not time_s:
                shown = "no person" if probability is None else f"{name} ({probability:.2f})"
                print_line(f"{path}  {time_s:.2f} s  {shown}")
            before = name


def _open(model: str | None, engine: EngineName, precision: PrecisionName, threads: int | None) -> Estimator:
    from movenet.engine import Runtime
    from movenet.estimator import Estimator

    return Estimator(model, runtime=Runtime(engine.value, precision.value, threads))


def _read(folder: Path, estimator: Estimator) -> tuple[list[Pose], list[str]]:
    """Return the pose in each photo and the name of its folder; photos without a person are told and left out.

    Raises:
        FileError: The folder has no folders of photos.
    """
    from movenet.cli.output import print_error, print_status, progress
    from movenet.errors import FileError
    from movenet.estimator.photos import estimate_photos
    from movenet.media.listing import PHOTO_SUFFIXES

    photos = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in PHOTO_SUFFIXES)
    if not photos:
        raise FileError(f"expected a folder of photos for each class in {folder}, got none")
    poses, labels = [], []
    for found in progress(estimate_photos(photos, [estimator]), "estimating", len(photos)):
        if found.error is not None:
            print_error(found.error)
        elif not found.poses:
            print_status(f"{found.path}: no person, left out")
        else:
            poses.append(found.poses[0])
            labels.append(Path(str(found.path)).parent.name)
    return poses, labels


def _poses(path: Path, estimator: Estimator) -> Iterator[tuple[float, Pose | None]]:
    from movenet.media import read_photo
    from movenet.media.file_type import FileType, file_type
    from movenet.video import VideoEstimator, watch

    if file_type(path) is FileType.PHOTO:
        yield 0.0, next(iter(estimator(read_photo(path))), None)
        return
    for frame, poses in watch(path, VideoEstimator(estimator)):
        yield frame.time_s, next(iter(poses), None)


def _print_confusion(confusion: Confusion) -> None:
    from movenet.cli.output import print_table

    rows = [
        (name, *map(str, row)) for name, row in zip(confusion.names, confusion.counts.tolist(), strict=True)
    ]
    print_table(("true \\ predicted", *confusion.names), rows, text_columns=1)
