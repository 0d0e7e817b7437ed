"""`movenet train`: train or fine-tune a model as a TOML file says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

ConfigArgument = Annotated[
    Path, typer.Argument(help="The settings (TOML), see docs/training.md.", show_default=False)
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="One setting, over the file's: training.rate=1e-4. May be given often."),
]


def train(
    config: ConfigArgument,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run; CONFIG's name if not given.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps to take: training.steps.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Samples in a step: training.batch.")] = None,
    rate: Annotated[float | None, typer.Option(help="Highest learning rate: training.rate.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps or auto: training.device.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that read: training.workers.")] = None,
    settings: SetOption = None,
) -> None:
    """Train a model; ends with an ONNX file for --model.

    A run that was cut off goes on where it was when the same command is given again.
    """
    from movenet.cli.output import progress, say, tell
    from movenet.errors import MissingExtraError

    try:
        from movenet.training import finalize, loop
        from movenet.training.settings import read_settings
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train", "training") from None

    flags = {"steps": steps, "batch": batch, "rate": rate, "device": device, "workers": workers}
    overrides = [f"training.{name}={value}" for name, value in flags.items() if value is not None]
    if out is not None:
        overrides.append(f"out={out.resolve()}")
    asked = read_settings(config, [*(settings or ()), *overrides])
    for step in progress(loop.train(asked), "training", asked.training.steps):
        if step.figures:
            tell(_line(step.step, step.figures))
    say(str(asked.out / finalize.MODEL))


def _line(step: int, figures: Mapping[str, float]) -> str:
    return f"{step:>7}  " + "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
