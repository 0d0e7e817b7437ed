"""`movenet hub`: trained models to and from the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from movenet.cli.output import print_line, print_status
from movenet.cli.output_folders import make_folders
from movenet.cli.panels import PanelCommand

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Trained models to and from the Hugging Face Hub: push, pull.",
)

RepositoryArgument = Annotated[
    str, typer.Argument(metavar="ACCOUNT/NAME", help="Repository on the hub.", show_default=False)
]


@app.command(cls=PanelCommand)
def push(
    model: Annotated[Path, typer.Argument(help="ONNX file of movenet train.", show_default=False)],
    repository: RepositoryArgument,
    *,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see a new repository.")] = False,
    note: Annotated[
        str, typer.Option(help="What it was trained for and on, for the model card (Markdown).")
    ] = "",
) -> None:
    """Upload a model and its card. Sign in first with  hf auth login."""
    from movenet.integrations import push_model

    print_line(push_model(model, repository, private=not public, note=note))
    print_status(f"next: movenet hub pull {repository} -o model.onnx")


@app.command(cls=PanelCommand)
def pull(
    repository: RepositoryArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Copy the model to this file; default: leave it in the cache."),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit; a commit is the same model for ever.")
    ] = None,
) -> None:
    """Download a model and print its path, for --model."""
    import shutil

    from movenet.atomic import atomic_write
    from movenet.integrations import pull_model

    make_folders([out])
    path = pull_model(repository, revision)
    if out is not None:
        with atomic_write(out) as part:
            shutil.copyfile(path, part)
    print_line(str(out or path))
    print_status(f"next: movenet run photo.jpg --model {out or path}")
