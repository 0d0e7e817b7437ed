"""`movenet train`: train or fine-tune a model with the settings of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

ConfigArgument = Annotated[
    Path, typer.Argument(help="Settings (TOML), see docs/training.md.", show_default=False)
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="One setting that replaces the file's: training.learning_rate=1e-4. Repeatable."
    ),
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
) -> None:
    """Train a model and write it as an ONNX file for --model.

    The same command continues an interrupted run from its last checkpoint.
    """
    from movenet.cli.output import print_line, print_status, progress
    from movenet.errors import MissingExtraError

    try:
        from movenet.training import finalize, loop
        from movenet.training.settings import read_settings
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train", "training") from None

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
    print_line(str(run_settings.out / finalize.MODEL_FILE))


def _line(step: int, metrics: Mapping[str, float]) -> str:
    return f"{step:>7}  " + "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
