"""`movenet train`: train or fine-tune a model with the settings of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from movenet.training.settings import Settings

ConfigArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET|CONFIG",
        help="Folder of a data set, as movenet dataset build makes it, or settings (.toml).",
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="One setting that replaces the file's: training.learning_rate=1e-4. Repeatable.",
    ),
]
InitOption = Annotated[
    bool, typer.Option("--init", help="Write train.toml into the data set, to adapt, and do not train yet.")
]


def train(
    config: ConfigArgument,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run; default: the name of CONFIG.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps to take: training.steps.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Samples in a step: training.batch_size.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Highest learning rate: training.learning_rate.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps or auto: training.device.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that load images: training.workers.")
    ] = None,
    settings: SetOption = None,
    init: InitOption = False,
) -> None:
    """Train a model and write it as an ONNX file for --model.

    A data set without train.toml gets one, whose defaults fine-tune Lightning. The same command continues an
    interrupted run from its last checkpoint. At the end report.html in the run's folder compares before and after.
    """
    from movenet.cli.output import print_line, print_status, progress
    from movenet.errors import MissingExtraError

    try:
        from movenet.training import default_settings, distributed, loop
        from movenet.training.settings import read_settings
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train", "training") from None

    config, is_new = default_settings.find_settings(config)
    if is_new:
        print_status(f"settings: {config}")
    if init:
        _check_initialised(config, is_new=is_new)
        print_line(str(config))
        print_status(f"next: movenet train {config.parent}")
        return
    flags = {
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "device": device,
        "workers": workers,
    }
    overrides = [f"training.{name}={value}" for name, value in flags.items() if value is not None]
    if out is not None:
        overrides.append(f"out={out.resolve()}")
    run_settings = read_settings(config, [*(settings or ()), *overrides])
    for step in progress(loop.train(run_settings), "training", run_settings.training.steps):
        if step.metrics:
            print_status(_line(step.step, step.metrics))
    if distributed.is_first_process():
        _report(run_settings)


def _report(run_settings: Settings) -> None:
    """Compare the model with the one before, and say where it is."""
    from movenet.cli.output import print_line, print_status
    from movenet.training import report
    from movenet.training.run_folder import MODEL_FILE

    compared, model = report.compare_models(run_settings), run_settings.out / MODEL_FILE
    for one in compared:
        what = f"{one.name} (trained on)" if one.is_training_data else one.name
        before, after = one.before, one.after
        print_status(f"{what}: AP {before.ap:.3f} → {after.ap:.3f}, PCK {before.pck:.3f} → {after.pck:.3f}")
    print_status(f"report: {report.write_report(run_settings, compared)}")
    print_line(str(model))
    print_status(f"next: movenet run photo.jpg --model {model}")


def _check_initialised(config: Path, *, is_new: bool) -> None:
    """Raise an error if --init did nothing."""
    from movenet.errors import DataError

    if not is_new:
        raise DataError(
            f"--init writes settings for the folder of a data set that has none: {config} is there already"
        )


def _line(step: int, metrics: Mapping[str, float]) -> str:
    return f"{step:>7}  " + "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
