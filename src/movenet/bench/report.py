"""Reports of timings: tables and JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from movenet.bench.engines import EngineTimes, Skipped
from movenet.bench.stages import TOGETHER, StageTimes, VideoInfo
from movenet.machine import Machine


@dataclass(frozen=True, slots=True)
class Table:
    """Texts in rows and columns; the first `names` columns are labels, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int
    notes: tuple[str, ...] = ()
    """Notes below the table."""

    def markdown(self) -> str:
        """Return the table as Markdown; notes follow as paragraphs."""
        rule = ["---"] * self.names + ["---:"] * (len(self.heads) - self.names)
        lines = ["| " + " | ".join(row) + " |" for row in (self.heads, tuple(rule), *self.rows)]
        return "\n".join(lines) + "".join(f"\n\n{note}" for note in self.notes)


_NAMES: Final[Mapping[str, Callable[[EngineTimes], str]]] = {
    "model": lambda times: times.model,
    "engine": lambda times: times.engine,
    "precision": lambda times: times.precision,
    "device": lambda times: times.device,
    "threads": lambda times: str(times.threads or "auto"),
    "batch": lambda times: str(times.batch),
    "input": lambda times: f"{times.width}×{times.height}",
}
_FIGURES: Final[Mapping[str, Callable[[EngineTimes], str]]] = {
    "load ms": lambda times: f"{times.load_ms:.0f}",
    "first ms": lambda times: f"{times.first_ms:.0f}",
    "p50 ms": lambda times: _three_digits(times.p50_ms),
    "p90 ms": lambda times: _three_digits(times.p90_ms),
    "pictures per s": lambda times: f"{times.pictures_per_s:.0f}",
}


def engine_table(times: Sequence[EngineTimes], skipped: Sequence[Skipped] = ()) -> Table:
    """Return a row for each variant; the columns of device and batch are left out if all are "cpu" or 1."""
    left_out = {"device"} if all(one.device == "cpu" for one in times) else set()
    left_out |= {"batch"} if all(one.batch == 1 for one in times) else set()
    names = {head: text for head, text in _NAMES.items() if head not in left_out}
    columns = {**names, **_FIGURES}
    rows = tuple(tuple(text(one) for text in columns.values()) for one in times)
    reasons = dict.fromkeys(f"{one.variant.runtime.engine} is skipped: {one.reason}" for one in skipped)
    return Table(tuple(columns), rows, len(names), tuple(reasons))


def stage_table(video: VideoInfo, times: Sequence[StageTimes]) -> Table:
    """Return a row for each stage with its share of the sum, then the sum, then the whole pipeline."""
    stages = [one for one in times if one.stage != TOGETHER]
    total_ms = sum(one.p50_ms for one in stages)
    rows = [(*_row(one), f"{one.p50_ms / total_ms:.0%}") for one in stages]
    rows.append(("one after the other", _three_digits(total_ms), "", f"{1000 / total_ms:.0f}", "100%"))
    rows += [(*_row(one), f"{one.p50_ms / total_ms:.0%}") for one in times if one.stage == TOGETHER]
    length = "1 frame" if video.frames == 1 else f"{video.frames} frames"
    note = f"{video.name}, {video.width} × {video.height}, {length}."
    return Table(("stage", "p50 ms", "p90 ms", "frames/s", "share"), tuple(rows), 1, (note,))


def _row(times: StageTimes) -> tuple[str, ...]:
    return times.stage, _three_digits(times.p50_ms), _three_digits(times.p90_ms), f"{times.frames_per_s:.0f}"


def _three_digits(number: float) -> str:
    """Return a number with three significant digits, as 1.23, 12.3 or 123."""
    return f"{number:.{max(0, 2 - len(str(int(number))) + 1)}f}"


def figures(machine: Machine, times: Sequence[EngineTimes | StageTimes], **more: Any) -> dict[str, Any]:
    """Return the report for JSON: the machine, the dataclasses in `more` by name, and the times."""
    described = {name: asdict(what) for name, what in more.items()}
    rows = [{k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(one).items()} for one in times]
    return {"machine": asdict(machine), **described, "times": rows}
