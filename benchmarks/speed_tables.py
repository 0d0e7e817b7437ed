"""Write the tables of docs/speed.md anew: what `movenet bench` and the scripts beside this one print.

    python benchmarks/tables.py speed [--quick] [--only engines stages …]

A part that cannot be measured, because a peer is not installed, say, is named and keeps its old table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pages
from movenet.bench import EngineTimes, StageTimes, Table, VideoInfo, stage_table, this_machine
from movenet.engine import ENGINES
from movenet.models import MODELS

HERE = Path(__file__).parent
BENCH = ("-c", "from movenet.cli import main; main()", "bench", "--json")


class NotMeasuredError(Exception):
    """A script failed."""


def run(*arguments: str) -> str:
    """Run a Python of our own and return what it prints."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasuredError((done.stderr.strip() or "no reason given").splitlines()[-1])
    return done.stdout.strip()


def bench(*flags: str) -> list[EngineTimes]:
    """Return what `movenet bench` measures."""
    return [EngineTimes(**times) for times in json.loads(run(*BENCH, *flags))["times"]]


def several(flag: str, values: Sequence[object]) -> list[str]:
    """Return a flag given several times."""
    return [text for value in values for text in (flag, str(value))]


def engines(quick: bool) -> str:  # noqa: FBT001 (a table's length, not a mode)
    """Return every model in every engine and precision on one and two threads."""
    names = ("openvino", "onnxruntime") if quick else tuple(ENGINES)
    flags = [*several("--model", [*MODELS]), *several("--engine", names), *several("--threads", (1, 2))]
    found = bench(*flags, "--seconds", "0" if quick else "120")
    lines: dict[tuple[str, ...], dict[int | None, EngineTimes]] = {}
    for times in found:
        size = f"{times.width} × {times.height}"
        lines.setdefault((times.model, times.engine, times.precision, size), {})[times.threads] = times
    rows = tuple((*name, *_one_and_two(of)) for name, of in lines.items())
    heads = ("model", "engine", "precision", "input", "1 thread", "p90", "2 threads", "p90", "first call")
    return Table(heads, rows, 4).markdown()


def _one_and_two(times: dict[int | None, EngineTimes]) -> list[str]:
    pairs = [f"{ms:.2f}" for threads in (1, 2) for ms in (times[threads].p50_ms, times[threads].p90_ms)]
    return [*pairs, f"{times[1].first_ms:.0f}"]


def batches(quick: bool) -> str:  # noqa: FBT001
    """Return pictures per second by the number of pictures in a call."""
    sizes = (1, 4, 16)
    flags = [
        *several("--batch", sizes),
        *several("--model", ("lightning", "thunder")),
        "--engine",
        "openvino",
    ]
    found = bench(*flags, "--precision", "auto", "--threads", "2", "--seconds", "0" if quick else "20")
    rows = tuple(
        (model, times[0].precision, *(f"{one.pictures_per_s:.0f}" for one in times))
        for model in dict.fromkeys(one.model for one in found)
        if (times := [one for one in found if one.model == model])
    )
    return Table(("model", "precision", *(f"{size} a call" for size in sizes)), rows, 2).markdown()


def inputs(quick: bool) -> str:  # noqa: FBT001
    """Return the time of the many-person model by the size of its input."""
    sizes = ("256x160", "256x256", "384x224", "512x288", "768x448")
    flags = [*several("--size", sizes), "--model", "multipose", "--engine", "openvino", "--precision", "auto"]
    found = bench(*flags, *several("--threads", (1, 2)), "--seconds", "0" if quick else "20")
    rows = tuple(
        (
            size.replace("x", " × "),
            *(f"{one.p50_ms:.2f}" for one in found if f"{one.width}x{one.height}" == size),
        )
        for size in sizes
    )
    return Table(("input, width × height", "1 thread", "2 threads"), rows, 1).markdown()


def stages(quick: bool) -> str:  # noqa: FBT001
    """Return where the time of the sample video goes, with either model."""
    tables = []
    for model in ("lightning", "thunder"):
        found = json.loads(run(*BENCH, "--stages", "-m", model, "--seconds", "0" if quick else "20"))
        times = [StageTimes(**one) for one in found["times"]]
        tables.append(f"**{model}**\n\n{stage_table(VideoInfo(**found['video']), times).markdown()}")
    return "\n\n".join(tables)


def script(name: str) -> Callable[[bool], str]:
    """Return a part that one of the scripts prints."""

    def part(quick: bool) -> str:  # noqa: FBT001
        length = ("--turns", "2", "--seconds", "3") if quick else ("--turns", "5", "--seconds", "8")
        return run(str(HERE / name), *length)

    return part


def litert(quick: bool) -> str:  # noqa: FBT001
    """Return the race against LiteRT as it prints it."""
    printed = run(str(HERE / "against_litert.py"), "--pictures", "40" if quick else "600")
    return f"```text\n{printed}\n```"


PARTS: dict[str, Callable[[bool], str]] = {
    "stamp": lambda quick: f"{this_machine()}".replace("\n", ". ") + ".",
    "engines": engines,
    "batches": batches,
    "inputs": inputs,
    "stages": stages,
    "planes": script("planes.py"),
    "encoding": script("encoding.py"),
    "transcode": script("transcode.py"),
    "records": script("records.py"),
    "tutorial": script("against_tutorial.py"),
    "litert": litert,
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="as short as can be: to see that all runs")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    failed = False
    for name in arguments.only:
        try:
            text = PARTS[name](arguments.quick)
        except NotMeasuredError as problem:
            failed = True
            print(f"{name} keeps its old table: {problem}", flush=True)
            continue
        pages.put("speed", name, text)
    sys.exit(failed)


if __name__ == "__main__":
    main()
