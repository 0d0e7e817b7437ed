"""Seeded mutations of bytes and JSON values, and a campaign that tries many of them in child processes.

A campaign measures CPU time and peak memory of each case, survives crashes, and reports what was neither a right answer
nor an error of the package. The same seeds give the same cases.
"""

from __future__ import annotations

import multiprocessing
import random
import re
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from movenet.errors import MoveNetError

NUMBERS: Final = (0, -1, 1, 255, 65535, 2**31 - 1, 2**32, 2**63, 10**40, 1e308, float("nan"), float("inf"))
"""Values that readers of numbers tend to get wrong."""
VALUES: Final = (
    *NUMBERS,
    None,
    True,
    "",
    "1",
    "\ud800",
    "\x1b[2J",
    [],
    [[]],
    {},
    {"a": 1},
    [None] * 3,
    "é" * 300,
)
"""Values that readers of JSON tend to get wrong."""

Case = Callable[[int], str]
"""Runs the case of a seed; returns "read" or another word for a right outcome, or raises."""


def mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one to eight changes: bits flipped, numbers set, parts cut, doubled, moved or zeroed."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(changed) + 1)
        end = min(len(changed), start + chance.choice((1, 2, 4, 16, 256, 4096)))
        match chance.randrange(7):
            case 0 if start < len(changed):
                changed[start] ^= 1 << chance.randrange(8)
            case 1 if start < end:
                size = end - start
                changed[start:end] = chance.choice((0, 1, 2 ** (8 * size) - 1)).to_bytes(size, "big")
            case 2:
                del changed[start:end]
            case 3:
                changed[start:start] = changed[start:end]
            case 4:
                changed[start:end] = chance.randbytes(end - start)
            case 5:
                to = chance.randrange(len(changed) + 1)
                changed[to:to] = changed[start:end]
            case _ if chance.random() < 0.2:
                del changed[start:]
    return bytes(changed)


def mutate_json(value: Any, chance: random.Random) -> Any:
    """Return a copy of a JSON value in which one to three of its parts are replaced, removed or nested deeply."""
    for _ in range(chance.randint(1, 3)):
        value = _mutate_part(value, chance)
    return value


def _mutate_part(value: Any, chance: random.Random) -> Any:
    if isinstance(value, (dict, list)) and value and chance.random() < 0.85:
        copy: Any = value.copy()
        key = chance.choice(list(copy) if isinstance(copy, dict) else range(len(copy)))
        if chance.random() < 0.15:
            del copy[key]
        else:
            copy[key] = _mutate_part(copy[key], chance)
        return copy
    if chance.random() < 0.03:
        for _ in range(chance.choice((3, 100))):
            value = [value]
        return value
    return chance.choice(VALUES)


@dataclass
class Report:
    """What a campaign found."""

    outcomes: dict[str, int] = field(default_factory=dict)
    """How often each outcome occurred: what a case returned, or "refused" for an error of the package."""
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Seed and description of every crash, uncaught exception, time-out and excess of CPU time or memory."""
    most_cpu_s: tuple[float, int] = (0.0, -1)
    """Largest CPU time of a case in seconds, and its seed."""
    most_memory_mb: tuple[float, int] = (0.0, -1)
    """Largest growth of the peak resident memory in a case in megabytes, and its seed."""

    def __str__(self) -> str:
        """Return the figures, one line each, faults last."""
        lines = [f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items())]
        lines += [f"most CPU time: {self.most_cpu_s[0]:.1f} s (seed {self.most_cpu_s[1]})"]
        lines += [f"most memory: {self.most_memory_mb[0]:.0f} MB (seed {self.most_memory_mb[1]})"]
        lines += [f"{len(self.faults)} faults", *(f"  seed {seed}: {what}" for seed, what in self.faults)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Limits:
    """What a case may take before it counts as a fault."""

    cpu_s: float = 10.0
    wall_s: float = 120.0
    memory_mb: float = 1000.0


def run_campaign(case: Case, seeds: Sequence[int], limits: Limits = Limits()) -> Report:
    """Run the case of every seed in a child process, a new one after each crash or time-out.

    `case` must be importable by the child: a function at the top of a module.
    """
    report, rest = Report(), list(seeds)
    context = multiprocessing.get_context("spawn")
    while rest:
        ours, theirs = context.Pipe()
        child = context.Process(target=_work, args=(case, rest, theirs), daemon=True)
        child.start()
        theirs.close()
        rest = rest[_collect(ours, child, rest, report, limits) :]
    return report


def _collect(answers: Connection, child: Any, seeds: Sequence[int], report: Report, limits: Limits) -> int:
    """Read the child's answers into the report; return how many seeds are done."""
    for done, seed in enumerate(seeds):
        try:
            answered = answers.poll(limits.wall_s)
            outcome, cpu_s, memory_mb = answers.recv() if answered else (None, 0.0, 0.0)
        except EOFError:
            child.join()
            report.faults.append((seed, f"crash, exit code {child.exitcode}"))
            return done + 1
        if outcome is None:
            child.kill()
            child.join()
            report.faults.append((seed, f"no answer within {limits.wall_s:.0f} s"))
            return done + 1
        _note(report, seed, outcome, (cpu_s, memory_mb), limits)
    child.join()
    return len(seeds)


def _note(report: Report, seed: int, outcome: str, cost: tuple[float, float], limits: Limits) -> None:
    cpu_s, memory_mb = cost
    name = "uncaught" if outcome.startswith("uncaught") else outcome
    report.outcomes[name] = report.outcomes.get(name, 0) + 1
    report.most_cpu_s = max(report.most_cpu_s, (cpu_s, seed))
    report.most_memory_mb = max(report.most_memory_mb, (memory_mb, seed))
    if name == "uncaught":
        report.faults.append((seed, outcome))
    if cpu_s > limits.cpu_s:
        report.faults.append((seed, f"{cpu_s:.1f} s of CPU time"))
    if memory_mb > limits.memory_mb:
        report.faults.append((seed, f"{memory_mb:.0f} MB of memory"))


def _work(case: Case, seeds: Sequence[int], answers: Connection) -> None:
    for seed in seeds:
        _forget_peak()
        before_mb, began_s = _peak_mb(), time.process_time()
        try:
            outcome = case(seed)
        except MoveNetError:
            outcome = "refused"
        except Exception:  # noqa: BLE001 (finding these is what a campaign is for)
            outcome = f"uncaught: {traceback.format_exc(limit=-3)}"
        answers.send((outcome, time.process_time() - began_s, _peak_mb() - before_mb))


def _forget_peak() -> None:
    """Start the peak of resident memory anew (Linux); elsewhere it is that of the process."""
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5", encoding="ascii")


def _peak_mb() -> float:
    """Return the peak of resident memory in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return int(found[1]) / 1024
    import resource  # absent on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
