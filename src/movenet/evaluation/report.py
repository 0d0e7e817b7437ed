"""The report: one self-contained HTML file with plots and pictures."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Final

from movenet.atomic import atomic_write
from movenet.errors import MissingExtraError
from movenet.evaluation import report_text
from movenet.evaluation.assessment import Assessment
from movenet.evaluation.calibration import Calibration
from movenet.evaluation.worst import Worst
from movenet.pose import KEYPOINTS

STYLE: Final = Path(__file__).with_name("report.css")
TILES: Final = {
    "AP": "AP",
    "AP50": "AP50",
    "AP75": "AP75",
    "APM": "AP medium",
    "APL": "AP large",
    "AR": "AR",
}


def write_report(
    path: Path,
    title: str,
    assessment: Assessment,
    protocol: Mapping[str, str],
    worst: Sequence[tuple[Worst, bytes]] = (),
) -> None:
    """Write all metrics as one HTML page, atomically.

    Args:
        path: The file.
        title: Title of the page.
        assessment: The metrics.
        protocol: Names and texts that describe the measurement, in their order on the page.
        worst: Pictures of lowest OKS, each with its drawing as the bytes of a JPEG file.

    Raises:
        MissingExtraError: if matplotlib is missing.
        FileError: if the file cannot be written.
    """
    sections = [
        _head(title, assessment, protocol),
        _costs(assessment),
        _keypoints(assessment),
        _groups(assessment),
        _calibration(assessment),
        _false_positives(assessment),
        _worst(worst),
    ]
    page = _page(title, "\n".join(sections))
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _page(title: str, body: str) -> str:
    style = STYLE.read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(title: str, a: Assessment, protocol: Mapping[str, str]) -> str:
    scores = {label: a.scores[name] for name, label in TILES.items()}
    scores["PCK@0.2"] = a.pck.mean
    if a.calibration is not None:
        scores["ECE"] = a.calibration[0].before.ece
    tiles = "".join(f"<div><dt>{name}</dt><dd>{_number(value)}</dd></div>" for name, value in scores.items())
    counts = {
        "list": f"{a.truth.name}: {len(a.truth.files)} pictures, {a.truth.counted()} people",
        "estimates": f"{len(a.estimates)} poses",
    }
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in {**counts, **protocol}.items()
    )
    return (
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(report_text.lead(a, protocol))}</p>\n'
        f'<dl class="tiles">{tiles}</dl>\n<h2>How it was measured</h2>\n<dl class="facts">{facts}</dl>\n'
        f'<p class="note">{report_text.SCORES}</p>'
    )


def _costs(a: Assessment) -> str:
    plots = _plots()
    return _section(
        "Kinds of error, and the AP they cost",
        f"<p>{report_text.COSTS}</p>",
        _figure(plots.plot_costs(a.costs), "AP, and the AP gained by each correction, one after the other"),
        _table(
            ("error corrected", "share of keypoints", "AP gained, cumulative", "AP gained, alone"),
            (
                (report_text.COST_LABELS[name], _number(share), _number(gain), _number(alone))
                for name, share, gain, alone in report_text.cost_rows(a)
            ),
        ),
        f'<p class="note">{report_text.CLASSES}</p>',
    )


def _keypoints(a: Assessment) -> str:
    labelled = a.truth.people.labelled[~a.truth.people.ignored].sum(axis=0).tolist()
    columns = zip(KEYPOINTS, labelled, a.keypoint_ap, a.pck.by_keypoint, strict=True)
    rows = (
        (name.replace("_", " "), str(count), _bar(float(ap)), _bar(float(share)))
        for name, count, ap, share in columns
    )
    return _section(
        "By keypoint",
        '<div class="side">',
        _table(("keypoint", "labelled", "AP", "PCK@0.2"), rows),
        _figure(
            _plots().plot_classes(a.diagnosis), "Error classes of the labelled keypoints of people found"
        ),
        "</div>",
        f'<p class="note">{report_text.keypoints(a)}</p>',
    )


def _groups(a: Assessment) -> str:
    sizes = ((name, str(people), _bar(ap), _number(ar)) for name, (people, ap, ar) in a.by_size().items())
    groups = ((group.name, str(group.people), _bar(group.ap)) for group in a.groups)
    return _section(
        "By size, and by number of labelled keypoints",
        '<div class="side">',
        _table(("size", "people", "AP", "AR"), sizes),
        _table(("labelled keypoints", "people", "AP"), groups),
        "</div>",
        f'<p class="note">{report_text.GROUPS}</p>',
    )


def _calibration(a: Assessment) -> str:
    if a.calibration is None:
        return _section("Calibration of keypoint scores", f"<p>{report_text.NO_CALIBRATION}</p>")
    every, labelled = a.calibration
    return _section(
        "Calibration of keypoint scores",
        f"<p>{report_text.CALIBRATION}</p>",
        '<div class="side">',
        _reliability(every, "all keypoints"),
        _reliability(labelled, "labelled keypoints"),
        "</div>",
        f'<p class="note">{report_text.CALIBRATED}</p>',
    )


def _reliability(calibration: Calibration, name: str) -> str:
    plot = _plots().plot_reliability(calibration, name)
    return _figure(plot, report_text.reliability(calibration, name))


def _false_positives(a: Assessment) -> str:
    if a.false_positives is None:
        return _section("False positives", f"<p>{report_text.NO_PERSON_FREE}</p>")
    rows = ((f"{least:g}", _number(rate)) for least, rate in a.false_positives.items())
    table = _table(("score at least", "poses per picture"), rows)
    return _section("False positives", f"<p>{report_text.person_free(a)}</p>", table)


def _worst(worst: Sequence[tuple[Worst, bytes]]) -> str:
    if not worst:
        return ""
    figures = "".join(
        f'<figure><img src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" '
        f'alt="picture {entry.image_id}"><figcaption>{report_text.worst(entry)}</figcaption></figure>'
        for entry, jpeg in worst
    )
    return _section(
        "Pictures of lowest OKS", f"<p>{report_text.WORST}</p>", f'<div class="worst">{figures}</div>'
    )


def _section(title: str, *parts: str) -> str:
    return "\n".join([f"<section>\n<h2>{title}</h2>", *parts, "</section>"])


def _figure(svg: str, caption: str) -> str:
    return f'<figure role="img" aria-label="{caption}">{svg}<figcaption>{caption}</figcaption></figure>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell that begins with `<td` is taken as it is."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _cells(row: Sequence[str]) -> Iterator[str]:
    for cell in row:
        yield cell if cell.startswith("<td") else f"<td>{cell}</td>"


def _bar(value: float) -> str:
    """Return a cell with a number, and a bar of that length in the background."""
    share = f"{100 * value:.1f}%" if math.isfinite(value) else "0%"
    return f'<td class="bar" style="--share: {share}">{_number(value)}</td>'


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _plots() -> ModuleType:
    try:
        from movenet.evaluation import plots
    except ImportError:
        raise MissingExtraError("matplotlib", "eval", "a report") from None
    return plots
