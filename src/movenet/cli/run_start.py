"""Which kind of run `movenet run` is: some inputs, or a job of many files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import typer

from movenet.cli.job_options import JobOptions
from movenet.cli.run_models import ModelOptions
from movenet.cli.run_plan import RunOptions


@dataclass(frozen=True, slots=True)
class RunInputs:
    """The inputs as the command line names them."""

    names: tuple[str, ...]
    list_name: str | None
    """A list with more names (`movenet.scale.read_list`)."""

    def read(self) -> Iterator[str]:
        """Yield the names, a folder or a glob as one."""
        from movenet.scale.listing import read_list

        yield from self.names
        if self.list_name is not None:
            yield from read_list(self.list_name)

    def files(self) -> Iterator[str]:
        """Yield the names of all files; those in the list are taken as they are."""
        from movenet.scale.listing import list_names, read_list

        yield from list_names(self.names)
        if self.list_name is not None:
            yield from read_list(self.list_name)

    @property
    def can_be_counted(self) -> bool:
        """Whether the names can be read twice."""
        return self.list_name != "-"


def start_run(inputs: RunInputs, options: RunOptions, models: ModelOptions, job: JobOptions) -> bool:
    """Carry out the run; return whether all inputs succeeded.

    Raises:
        MoveNetError: An option does not apply, the model cannot be opened, or the records cannot be written.
        OutputError: stdout or the records cannot be written to any more.
    """
    if not inputs.names and inputs.list_name is None:
        raise typer.BadParameter("expected INPUTS or --from-list")
    if "-" in inputs.names and inputs.list_name == "-":
        raise typer.BadParameter("the standard input holds either a picture (-) or a list (--from-list -)")
    if options.probabilities and models.method != "top-down":
        raise typer.BadParameter(f"--probabilities needs --method top-down, got {models.method}")
    if job.folder is not None:
        from movenet.cli.run_job import run_files

        return run_files(inputs, options, models, job, job.folder)
    from movenet.cli.run_execution import execute
    from movenet.cli.run_plan import plan_run

    job.check_unused()
    one_person = models.people == "one"
    return execute(plan_run(list(inputs.read()), options, one_person=one_person), models)
