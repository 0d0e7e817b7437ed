"""The report of an analysis: one self-contained HTML page, for phones, screens and paper."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from movenet.analysis.charts import SIDE_COLOURS, Curve, Mark, chart, skeleton
from movenet.analysis.definitions import JOINT_ANGLES
from movenet.analysis.exercises import Exercise
from movenet.analysis.repetitions import exercise_signals
from movenet.analysis.signals import JOINTS
from movenet.analysis.summary import PersonSummary
from movenet.analysis.track import Track, mean_of_known
from movenet.analysis.warping import SequenceComparison
from movenet.atomic import atomic_write

STYLE: Final = Path(__file__).with_name("report.css")
MAX_PICTURES: Final = 8
"""Pictures of the peaks of one person."""
MOMENTS: Final = 4
"""Moments at which two sequences are shown side by side."""

Pictures = Callable[[float], "tuple[bytes, int, int] | None"]
"""Takes a time in seconds; returns the picture as a JPEG file with its size in the keypoints' pixels, or None."""


def no_pictures(_: float) -> None:
    """Return no picture: the skeletons are shown alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A comparison with its two people and their pictures."""

    found: SequenceComparison
    name: str
    """Name of the reference."""
    track: Track
    """As compared: mirrored if `found` says so."""
    reference: Track
    reference_pictures: Pictures = no_pictures


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a page shows."""

    source: str
    people: Sequence[PersonSummary]
    exercise: Exercise | None = None
    compared: Compared | None = None
    pictures: Pictures = no_pictures


def peak_times(person: PersonSummary) -> list[float]:
    """Return the times in seconds at which a person is shown: the peaks of the first repetitions."""
    return [one.peak_s for one in person.repetitions[:MAX_PICTURES]]


def differing_pairs(found: SequenceComparison) -> list[int]:
    """Return the indices of the path at which two people are shown: the least alike of each part of the video."""
    parts = np.array_split(np.arange(len(found.path_s)), MOMENTS)
    known = [part[np.isfinite(found.path_similarity[part])] for part in parts]
    return [int(part[found.path_similarity[part].argmin()]) for part in known if len(part)]


def write_report(path: Path, report: Report) -> None:
    """Write the page, whole or not at all.

    Raises:
        FileError: the file cannot be written.
    """
    page = make_page(report)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def make_page(report: Report) -> str:
    """Return the page as HTML."""
    title = f"Movement of {Path(report.source).name}"
    sections = [_head(title, report)]
    if report.compared is not None:
        sections.append(_comparison(report.compared, report.pictures))
    sections += [_person(person, report) for person in report.people]
    sections.append(_notes())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def _head(title: str, report: Report) -> str:
    count = len(report.people)
    who = {0: "Nobody was found.", 1: "One person."}.get(count, f"{count} people.")
    seconds = max((float(person.track.times_s[-1]) for person in report.people), default=0.0)
    return f'<h1>{escape(title)}</h1>\n<p class="lead">{who} {seconds:.1f} s. Angles are measured in the picture.</p>'


def _person(person: PersonSummary, report: Report) -> str:
    name = "The person" if len(report.people) == 1 else f"Person {person.track.id}"
    parts = [f"<h2>{name}</h2>"]
    if report.exercise is not None:
        parts += _repetitions(person, report.exercise)
        parts.append(_peaks(person, report.pictures))
    parts += ["<h3>Angles over time</h3>", _angle_charts(person), "<h3>Range of motion</h3>", _ranges(person)]
    parts += [_events(person), _gait(person)]
    return f'<section class="person">{"".join(parts)}</section>'


def _repetitions(person: PersonSummary, exercise: Exercise) -> list[str]:
    found = person.repetitions
    tiles = {"repetitions": str(len(found))}
    if found:
        tiles |= {
            "mean duration": f"{np.mean([one.duration_s for one in found]):.1f} s",
            f"{exercise.joint} at the peak": _degrees(_mean([one.angle_deg for one in found])),
            "left − right": _degrees(_mean([one.left_right_deg for one in found]), sign="+"),
        }
    boxes = "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd></div>" for k, v in tiles.items())
    unit = "°" if exercise.signal in (*JOINTS, "trunk_lean") else ""
    curves = [
        Curve(side, values, SIDE_COLOURS[side])
        for side, values in exercise_signals(person.track, exercise).items()
    ]
    label = exercise.signal.replace("_", " ") if isinstance(exercise.signal, str) else exercise.name
    marks = [Mark(one.start_s, one.end_s, one.peak_s) for one in found]
    rows = [
        (
            str(at),
            f"{one.start_s:.1f} s",
            f"{one.peak_s:.1f} s",
            f"{one.end_s:.1f} s",
            f"{one.to_peak_s:.1f} s",
            f"{one.end_s - one.peak_s:.1f} s",
            _degrees(one.angle_deg),
            _degrees(one.left_right_deg, sign="+"),
        )
        for at, one in enumerate(found, start=1)
    ]
    heads = ("", "start", "peak", "end", "to the peak", "back", exercise.joint, "left − right")
    figure = f"<figure>{chart(person.track.times_s, curves, marks, unit)}"
    caption = f"<figcaption>{escape(exercise.name)}: {escape(label)}{'' if unit else ' in torso lengths'}"
    return [
        f'<dl class="tiles">{boxes}</dl>',
        f"{figure}{caption}; repetitions shaded, their peaks marked.</figcaption></figure>",
        _table(heads, rows) if rows else "",
    ]


def _peaks(person: PersonSummary, pictures: Pictures) -> str:
    figures = []
    for at, time_s in enumerate(peak_times(person), start=1):
        drawn = _still(person.track, time_s, pictures)
        figures.append(f"<figure>{drawn}<figcaption>{at} · {time_s:.1f} s</figcaption></figure>")
    return f'<h3>At the peaks</h3><div class="stills">{"".join(figures)}</div>' if figures else ""


def _still(track: Track, time_s: float, pictures: Pictures) -> str:
    frame = int(np.abs(track.times_s - time_s).argmin())
    return skeleton(track.keypoints[frame], track.right[frame], pictures(float(track.times_s[frame])))


def _angle_charts(person: PersonSummary) -> str:
    joints = dict.fromkeys(name.partition("_")[2] for name in JOINT_ANGLES)
    marks = [Mark(one.start_s, one.end_s) for one in person.repetitions]
    figures = []
    for joint in joints:
        curves = [
            Curve(side, person.track.angle(f"{side}_{joint}"), SIDE_COLOURS[side])
            for side in ("left", "right")
        ]
        drawn = chart(person.track.times_s, curves, marks)
        figures.append(f"<figure>{drawn}<figcaption>{joint.capitalize()} {_LEGEND}</figcaption></figure>")
    return f'<div class="charts">{"".join(figures)}</div>'


_LEGEND: Final = '<span class="left">left</span> <span class="right">right</span>'


def _ranges(person: PersonSummary) -> str:
    rows = [
        (
            name.replace("_", " "),
            _degrees(one.min_deg),
            _degrees(one.max_deg),
            _degrees(one.max_deg - one.min_deg),
            _degrees(one.mean_deg),
            f"{100 * one.known:.0f} %",
        )
        for name, one in person.angles.items()
    ]
    return _table(("", "least", "most", "range", "mean", "known"), rows)


def _events(person: PersonSummary) -> str:
    rows = [(event.kind, f"{event.start_s:.1f} s", f"{event.end_s:.1f} s") for event in person.events]
    return "<h3>Events</h3>" + _table(("", "start", "end"), rows) if rows else ""


def _gait(person: PersonSummary) -> str:
    gait = person.gait
    if len(gait.steps_s) < 3:
        return ""
    view = "" if gait.side_view else " The legs hardly open in this view, so steps may be missing."
    return (
        f"<h3>Steps</h3><p>{len(gait.steps_s)} steps, {gait.cadence_per_min:.0f} a minute, {gait.step_time_s:.2f} s "
        f"from step to step (median). They depend on the view: film from the side.{view}</p>"
    )


def _comparison(compared: Compared, pictures: Pictures) -> str:
    found = compared.found
    tiles = {
        "similarity": f"{100 * found.similarity:.0f} %",
        "as in a mirror": "yes" if found.mirrored else "no",
        "offset": f"{found.offset_s:+.2f} s",
    }
    boxes = "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in tiles.items())
    times_s, first = np.unique(found.path_s[:, 0], return_index=True)
    alike = [mean_of_known(part, axis=0) for part in np.split(found.path_similarity, first[1:])]
    curve = Curve("similarity", 100 * np.array(alike), SIDE_COLOURS["both"])
    rows = sorted(found.difference_deg.items(), key=lambda item: -np.nan_to_num(item[1], nan=-1))
    return "".join(
        [
            f"<h2>Compared with {escape(Path(compared.name).name)}</h2>",
            f'<dl class="tiles">{boxes}</dl>',
            f"<figure class='wide'>{chart(times_s, [curve], unit=' %')}",
            "<figcaption>Similarity of the poses over time, aligned.</figcaption></figure>",
            _side_by_side(compared, pictures),
            "<h3>Mean difference of the joints</h3>",
            _table(("", "degrees"), [(name.replace("_", " "), _degrees(value)) for name, value in rows]),
        ]
    )


def _side_by_side(compared: Compared, pictures: Pictures) -> str:
    """Return the two people at the moment of least similarity in each part of the video."""
    found, blocks = compared.found, []
    mine = no_pictures if found.mirrored else pictures
    for at in differing_pairs(found):
        time_s, other_s = found.path_s[at].tolist()
        pair = _still(compared.track, time_s, mine) + _still(
            compared.reference, other_s, compared.reference_pictures
        )
        caption = f"{time_s:.1f} s · {other_s:.1f} s · {100 * found.path_similarity[at]:.0f} % alike"
        blocks.append(f'<figure class="pair"><div>{pair}</div><figcaption>{caption}</figcaption></figure>')
    return f'<h3>Where they differ most</h3><div class="pairs">{"".join(blocks)}</div>'


def _notes() -> str:
    return (
        '<h2>How to read this</h2><p class="note">Angles are two-dimensional: a limb that points at the camera shows '
        "less than it bends. An angle is known if all its keypoints are right with a probability of at least 0.5 "
        "together. Joints: 180° is straight. Segments: degrees to the horizontal, an upright trunk has 90°. Left and "
        "right are the person's own.</p>"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _degrees(value: float, sign: str = "") -> str:
    return "–" if math.isnan(value) else f"{value:{sign}.0f}°"


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
