"""The steps of `movenet dataset`: build, apply or check, and tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Any, Final

from movenet.annotations import ERRORS, WARNINGS, Problem
from movenet.annotations.check import check
from movenet.cli.output import complain, frame_progress, progress, say, tell
from movenet.dataset.building import BuildSettings, Built, build
from movenet.dataset.labelling import Labeller, LabelSettings
from movenet.dataset.review import write_sheet
from movenet.dataset.selection import SelectionSettings
from movenet.dataset.sides import Sides
from movenet.dataset.store import assemble
from movenet.engine import Runtime
from movenet.errors import DataError, MoveNetError
from movenet.media import Frame

EXAMPLES: Final = 3
"""Places named for each kind of problem."""


def settings(every_s: float, val_share: float, min_score: float) -> BuildSettings:
    """Return what was asked for on the command line."""
    labels = LabelSettings(min_score=min_score)
    return BuildSettings(selection=SelectionSettings(every_s=every_s), labels=labels, val_share=val_share)


def build_and_tell(
    clips: Sequence[str], out: Path, asked: BuildSettings, runtime: Runtime, *, json: bool
) -> None:
    """Build, write the review sheet, tell.

    Raises:
        DataError: if not one clip could be read.
        KeyboardInterrupt: after all that, if Ctrl-C ended it early.
    """
    built = build(clips, out, Labeller(asked.labels, runtime=runtime), asked, _watch)
    for clip, why in built.failed.items():
        complain(MoveNetError(f"{clip}: {why}"))
    if len(built.failed) == len(clips) and not sum(built.counted.pictures.values()):
        raise DataError("not one of the clips could be read")
    if built.kept:
        raise DataError(f"no picture came of the clips: the data set in {out} stays as it was")
    sheet = write_sheet(out)
    _tell_built(built, sheet, json=json)
    if built.stopped:
        raise KeyboardInterrupt


def apply_and_tell(folder: Path, decisions: Path | None, *, json: bool) -> None:
    """Write the lists anew and tell what they hold."""
    counted = assemble(folder, decisions)
    if json:
        say(dumps(asdict(counted)))
        return
    for part, pictures in counted.pictures.items():
        say(f"{folder / part}.json  {pictures} pictures, {counted.people[part]} people")
    say(f"{counted.rejected} rejected")


def check_and_tell(labels: Sequence[Path], images: Path | None, *, sides: bool, json: bool) -> bool:
    """Print what is wrong and return whether nothing serious is."""
    problems = list(progress(check(labels, images, Sides() if sides else None), "checking", None))
    if json:
        say(dumps({"counts": Counter(p.kind for p in problems), "problems": [asdict(p) for p in problems]}))
    else:
        _tell_problems(problems)
    return not any(problem.serious for problem in problems)


def _watch(frames: Iterator[Frame], source: Any) -> Iterable[Frame]:
    return frame_progress(frames, source)


def _tell_built(built: Built, sheet: Path, *, json: bool) -> None:
    if json:
        say(dumps({**asdict(built.counted), "left_out": built.left_out, "failed": built.failed}))
        return
    if built.stopped:
        tell("stopped early: what was done is kept")
    for part, pictures in built.counted.pictures.items():
        say(f"{part}: {pictures} pictures, {built.counted.people[part]} people")
    say("left out: " + (", ".join(f"{n} × {why}" for why, n in sorted(built.left_out.items())) or "nobody"))
    say(f"look through it: {sheet}")


def _tell_problems(problems: Sequence[Problem]) -> None:
    if not problems:
        say("nothing is wrong")
        return
    for kinds, name in ((ERRORS, "error"), (WARNINGS, "warning")):
        for kind, meaning in kinds.items():
            found = [problem for problem in problems if problem.kind == kind]
            if found:
                say(f"{name:8} {len(found):5} × {kind}: {meaning}")
            for problem in found[:EXAMPLES]:
                say(f"{'':16} {problem.file}, {problem.place}: {problem.said}")
