"""`movenet analyze` carried out: the analysis of one recording, and its outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movenet.analysis import (
    Exercise,
    compare_sequences,
    find_exercise,
    metres_per_pixel,
    mirrored,
    repair_swaps,
)
from movenet.analysis.report import Compared, Report, differing_pairs, peak_times, write_report
from movenet.analysis.summary import (
    PersonSummary,
    comparison_to_plain,
    summarize,
    to_plain,
    write_angles,
)
from movenet.analysis.track import Track, make_tracks
from movenet.cli.analyze_export import check_lab, export_lab
from movenet.cli.analyze_input import Reader, Recording
from movenet.cli.output import print_line, print_status
from movenet.cli.output_folders import make_folders
from movenet.errors import DataError, MoveNetError


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the results go."""

    report: Path | None
    csv: Path | None
    export: Path | None
    """A laboratory's format."""
    json: bool


@dataclass(frozen=True, slots=True)
class AnalyzeOptions:
    """The options of the command line; None where an option was not given."""

    source: str
    exercise: str | None
    compare: str | None
    height_m: float | None
    outputs: Outputs


def execute(options: AnalyzeOptions, reader: Reader) -> None:
    """Read, analyse and write.

    Raises:
        MoveNetError: An input cannot be read, an option does not apply, or an output cannot be written.
    """
    exercise = find_exercise(options.exercise) if options.exercise is not None else None
    _check_outputs(options)
    recording = reader.read(options.source)
    people = summarize(recording.records, exercise, reader.model)
    compared, reference = None, None
    if options.compare is not None:
        reference = reader.read(options.compare)
        compared = _compare(people, reference, reader)
    scales = [_scale(person.track, options.height_m) for person in people]
    if options.outputs.csv is not None:
        write_angles(options.outputs.csv, people)
    if options.outputs.export is not None:
        export_lab(options.outputs.export, recording.records, people, scales)
    if options.outputs.report is not None:
        _write_report(options.outputs.report, (recording, reference), people, exercise, compared)
    if options.outputs.json:
        print_line(json.dumps(_plain(recording, people, exercise, compared, scales)))
    else:
        _print_people(people, exercise, compared, scales)
        for path in (options.outputs.report, options.outputs.csv, options.outputs.export):
            if path is not None:
                print_status(f"→ {path}")


def _check_outputs(options: AnalyzeOptions) -> None:
    if options.outputs.export is not None:
        check_lab(options.outputs.export, has_scale=options.height_m is not None)
    for path, suffix in ((options.outputs.report, ".html"), (options.outputs.csv, ".csv")):
        if path is not None and path.suffix.lower() != suffix:
            raise MoveNetError(f"expected a name ending in {suffix}, got {path}")
        if path is not None and path in (Path(options.source), Path(options.compare or "")):
            raise MoveNetError(f"{path} is an input itself: choose another output")
    make_folders((options.outputs.report, options.outputs.csv, options.outputs.export))


def _compare(people: list[PersonSummary], reference: Recording, reader: Reader) -> Compared:
    """Compare those who are seen longest.

    Raises:
        DataError: Nobody is found in one of the recordings.
    """
    others = make_tracks(reference.records, reader.model)
    if not people or not others:
        raise DataError("expected a person in both recordings to compare, got none in one of them")
    mine = max((person.track for person in people), key=lambda track: track.found.sum())
    other = repair_swaps(max(others, key=lambda track: track.found.sum())).track
    found = compare_sequences(mine, other)
    return Compared(found, reference.source, mirrored(mine) if found.mirrored else mine, other)


def _scale(track: Track, height_m: float | None) -> float | None:
    return None if height_m is None else metres_per_pixel(track, height_m)


def _write_report(
    path: Path,
    recordings: tuple[Recording, Recording | None],
    people: list[PersonSummary],
    exercise: Exercise | None,
    compared: Compared | None,
) -> None:
    recording, reference = recordings
    times_s = [time_s for person in people for time_s in peak_times(person)]
    if compared is not None and reference is not None:
        pairs = compared.found.path_s[differing_pairs(compared.found)]
        times_s += pairs[:, 0].tolist()
        compared = Compared(
            compared.found,
            compared.name,
            compared.track,
            compared.reference,
            reference.pictures(pairs[:, 1].tolist()),
        )
    write_report(path, Report(recording.source, people, exercise, compared, recording.pictures(times_s)))


def _plain(
    recording: Recording,
    people: list[PersonSummary],
    exercise: Exercise | None,
    compared: Compared | None,
    scales: list[float | None],
) -> dict[str, Any]:
    persons = to_plain(people)
    for person, scale in zip(persons, scales, strict=True):
        if scale is not None:
            person["metres_per_pixel"] = scale
    plain: dict[str, Any] = {
        "source": recording.source,
        "frames": len(recording.records),
        "exercise": exercise.name if exercise else None,
        "people": persons,
    }
    if compared is not None:
        plain["comparison"] = {"reference": compared.name} | comparison_to_plain(compared.found)
    return plain


def _print_people(
    people: list[PersonSummary],
    exercise: Exercise | None,
    compared: Compared | None,
    scales: list[float | None],
) -> None:
    if not people:
        print_line("nobody found")
    for person, scale in zip(people, scales, strict=True):
        name = "the person" if len(people) == 1 else f"person {person.track.id}"
        start_s, end_s = person.track.times_s[[0, -1]].tolist()
        print_line(
            f"{name}: {start_s:.1f} s to {end_s:.1f} s" + (f", {scale:.5f} m a pixel" if scale else "")
        )
        if exercise is not None:
            times = ", ".join(f"{one.peak_s:.1f} s" for one in person.repetitions)
            print_line(
                f"  {exercise.name}: {len(person.repetitions)} repetitions"
                + (f" at {times}" if times else "")
            )
        for event in person.events:
            print_line(f"  {event.kind}: {event.start_s:.1f} s to {event.end_s:.1f} s")
    if compared is not None:
        found = compared.found
        turned = ", as in a mirror" if found.mirrored else ""
        print_line(
            f"similarity with {compared.name}: {found.similarity:.2f}{turned}, offset {found.offset_s:+.2f} s"
        )
