"""The command line `movenet`: a module per command; each imports engines, codecs and servers only when it runs."""

from __future__ import annotations

import errno
import sys

import typer

from movenet._version import __version__
from movenet.cli import (
    analyze,
    bench,
    dataset,
    doctor,
    evaluate,
    evaluate_video,
    explain,
    export,
    live,
    models,
    run,
    train,
)
from movenet.cli.output import OutputError, close_stdout, escape_unencodable, print_error
from movenet.errors import MoveNetError

app = typer.Typer(
    name="movenet",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: typer's own needs Markdown and Pygments, which take as long as NumPy
    help="17 keypoints of a body from photos, videos and live cameras, in real time on an ordinary CPU.",
)
app.command("run")(run.run)
app.command("analyze")(analyze.analyze)
app.command("eval")(evaluate.evaluate)
app.command("eval-video")(evaluate_video.evaluate_video)
app.command("bench")(bench.bench)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("live")(live.live)
app.command("train")(train.train)
app.add_typer(dataset.app, name="dataset")
app.command("models")(models.models)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def version(
    *, show: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True)
) -> None:
    """17 keypoints of a body from photos, videos and live cameras, in real time on an ordinary CPU."""
    if show:
        typer.echo(f"movenet {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line: a `MoveNetError` is printed as one line with exit code 1; a bug keeps its traceback."""
    escape_unencodable()
    try:
        try:
            app()
        finally:
            close_stdout()
    except (MoveNetError, OutputError) as error:
        print_error(error)
        sys.exit(1)
    except OSError as problem:
        # Any print can fail: the reader of a pipe has closed it, or the disk is full.
        if problem.errno not in (errno.ENOSPC, errno.EPIPE):
            raise
        print_error(OutputError(f"cannot write the output: {problem.strerror}"))
        sys.exit(1)
