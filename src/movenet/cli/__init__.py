"""The command line `movenet`: a module per command, imported only when the command is named or listed."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

from movenet._version import __version__
from movenet.cli.examples import epilog
from movenet.cli.output import OutputError, close_stdout, escape_unencodable, print_error
from movenet.cli.panels import PanelCommand
from movenet.errors import MoveNetError

COMMANDS: Final[Mapping[str, str]] = {
    "run": "run",
    "analyze": "analyze",
    "eval": "evaluate",
    "eval-video": "evaluate_video",
    "bench": "bench",
    "explain": "explain",
    "export": "export",
    "live": "live",
    "send": "send",
    "train": "train",
    "classes": "classes",
    "dataset": "dataset",
    "hub": "hub",
    "models": "models",
    "doctor": "doctor",
}
"""Name of each command → its module in this package, which has a function of the same name, or an `app` of several."""


class Commands(TyperGroup):
    """The commands, each built when it is asked for: building all takes as long as importing NumPy."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read `movenet help COMMAND` as `movenet COMMAND --help`."""
        arguments = [*args[1:], "--help"] if args[:1] == ["help"] else args
        parsed: list[str] = super().parse_args(ctx, arguments)
        return parsed

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name, or None."""
        if cmd_name in COMMANDS:
            return _build(cmd_name)
        self.commands.update({name: _build(name) for name in COMMANDS})  # those suggested for a misspelt one
        return None


def _build(name: str) -> Any:
    """Return the command of a name in `COMMANDS`."""
    module = import_module(f"movenet.cli.{COMMANDS[name]}")
    commands: typer.Typer | None = getattr(module, "app", None)
    if commands is None:
        commands = typer.Typer(rich_markup_mode=None, add_completion=False)
        commands.command(name, cls=PanelCommand)(getattr(module, COMMANDS[name]))
    command: Any = typer.main.get_command(commands)
    command.name, command.epilog = name, epilog(name)
    for part, inner in getattr(command, "commands", {}).items():
        inner.epilog = epilog(f"{name} {part}")
    return command


app = typer.Typer(
    name="movenet",
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=epilog(""),
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: typer's own needs Markdown and Pygments, which take as long as NumPy
    help="17 keypoints of a body from photos, videos and live cameras, in real time on an ordinary CPU.",
)


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
    # Matrices are small here: NumPy's other threads would only spin, for a fifth of the core time of a photo.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        try:
            app()
        finally:
            close_stdout()
            gc.freeze()  # the collections of garbage at exit take a tenth of the time of a photo
    except (MoveNetError, OutputError) as error:
        print_error(error)
        sys.exit(1)
    except OSError as problem:
        # Any print can fail: the reader of a pipe has closed it, or the disk is full.
        if problem.errno not in (errno.ENOSPC, errno.EPIPE):
            raise
        print_error(OutputError(f"cannot write the output: {problem.strerror}"))
        sys.exit(1)
