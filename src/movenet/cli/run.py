"""`movenet run`: poses on photos, drawn and printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.options import (
    EngineName,
    EngineOption,
    LooksOption,
    ModelOption,
    PrecisionName,
    PrecisionOption,
    ThreadsOption,
)


def run(
    inputs: Annotated[
        list[str], typer.Argument(help="Photos, folders of photos or globs.", show_default=False)
    ],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File or folder for the annotated pictures.")
    ] = None,
    model: ModelOption = "lightning",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")
    ] = False,
    looks: LooksOption = 2,
    min_score: Annotated[float | None, typer.Option(min=0, max=1, help="Least score of a pose.")] = None,
    engine: EngineOption = EngineName.openvino,
    precision: PrecisionOption = PrecisionName.auto,
    threads: ThreadsOption = None,
) -> None:
    """Find the person of each photo, draw the skeleton and print the result.

    Without -o the annotated pictures go to the current folder as NAME.pose.jpg; with --json only where -o says.
    """
