"""The flags of `movenet run`, as the values that its parts take."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from movenet.cli.job_options import JobOptions, sort_records
from movenet.cli.output import IS_QUIET
from movenet.cli.run_models import ModelOptions
from movenet.cli.run_plan import RunOptions
from movenet.cli.run_start import RunInputs, start_run
from movenet.cli.run_style import Overlays, StyleOptions
from movenet.cli.selection import parse_lock, select_frames
from movenet.engine import Runtime
from movenet.estimator import MIN_SCORE

if TYPE_CHECKING:
    from movenet.cli.run import RunFlags


def carry_out(flags: RunFlags) -> bool:
    """Carry out the run; return whether all inputs succeeded.

    Raises:
        MoveNetError: An option does not apply, the model cannot be opened, or the records cannot be written.
        OutputError: stdout or the records cannot be written to any more.
    """
    IS_QUIET.set(flags.quiet)
    names = RunInputs(tuple(flags.inputs or ()), flags.from_list)
    folder, file = sort_records(flags.records)
    job = JobOptions(
        folder, _value(flags.records_format), flags.resume, _value(flags.executor), flags.address
    )
    return start_run(names, _run_options(flags, file), _model_options(flags), job)


def _run_options(flags: RunFlags, records: Path | None) -> RunOptions:
    return RunOptions(
        out=flags.out,
        records=records,
        json=flags.json,
        smooth=_value(flags.smooth),
        style=StyleOptions(
            flags.palette,
            flags.labels,
            flags.boxes or None,
            _value(flags.background),
            flags.line_width,
            flags.keypoint_threshold,
        ),
        overlays=Overlays(flags.angles, flags.trails, flags.exercise, flags.heat_map, _value(flags.blur)),
        frames=select_frames(flags.start_s, flags.end_s, flags.every),
        person=parse_lock(flags.lock),
        crops=flags.crops,
        show=flags.show,
        workers=flags.workers,
        probabilities=flags.probabilities,
    )


def _model_options(flags: RunFlags) -> ModelOptions:
    return ModelOptions(
        flags.model,
        _value(flags.people),
        _value(flags.method),
        _value(flags.preset),
        MIN_SCORE if flags.min_score is None else flags.min_score,
        Runtime(_value(flags.engine), _value(flags.precision), flags.threads, _value(flags.device)),
    )


def _value(choice: Enum | None) -> Any:
    return None if choice is None else choice.value
