"""Write the tables of docs/accuracy.md anew: every figure in one run, with date, versions and processor.

    python benchmarks/accuracy_tables.py SHARED [--mediapipe PYTHON] [--only NAME …]

SHARED holds data/coco-val-dev and peers. `--mediapipe` names the Python of an environment with mediapipe 0.10.21;
LiteRT (ai-edge-litert) is used if it is installed here. Each table stands between two markers in the page; the
sentences around it are written by hand.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import ablation
from movenet.checkup import processor_name

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
HERE = Path(__file__).parent


def evaluate(data: Path, name: str, *flags: str) -> dict:
    """Run `movenet eval` on one list and return its figures."""
    command = [sys.executable, "-c", "from movenet.cli import main; main()", "eval", "--json"]
    paths = ["--annotations", str(data / f"{name}.json"), "--images", str(data / "images")]
    return json.loads(subprocess.run([*command, *paths, *flags], check=True, stdout=subprocess.PIPE).stdout)


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
        for looks in ("1", "2"):
            for precision in ("f32", "bf16"):
                flags = ("--model", model, "--looks", looks, "--precision", precision)
                figures = evaluate(data, "single", *flags)
                name = f"{model}, {'one look' if looks == '1' else 'default'}, {precision}"
                lines.append(row(name, figures))
    for model in ("posenet", "lightning", "thunder"):
        figures = evaluate(data, "single", "--model", model, "--crop-to-box", "1.1")
        lines.append(row(f"{model}, given 1.1 × the annotated box", figures))
    return "\n".join(lines)


def many(data: Path) -> str:
    """Return the table of our models on pictures of many people."""
    lines = [HEAD]
    for model in ("lightning", "thunder"):
        figures = evaluate(data, "multi", "--model", model, "--people", "many")
        lines.append(row(f"top-down, {model}", figures))
    figures = evaluate(data, "multi", "--people", "many", "--looks", "1")
    lines.append(row("bottom-up, multipose at 384 px", figures))
    return "\n".join(lines)


def peers(data: Path, graphs: Path, mediapipe: str | None) -> str:
    """Return the table of other programs on the same pictures, with ours beside them, each at its defaults."""
    lines = [TIMED_HEAD]
    for model in ("lightning", "thunder"):
        figures = evaluate(data, "single", "--model", model)
        lines.append(row(f"movenet {model}, default", figures, f"{figures['ms_per_image']:.1f}"))
    rivals = [
        (f"LiteRT, {g.stem}", [sys.executable, "litert_pose.py", str(g)])
        for g in sorted(graphs.glob("*.tflite"))
    ]
    if mediapipe:
        rivals += [
            (f"MediaPipe Pose {kind}, 0.10.21", [mediapipe, "mediapipe_pose.py", kind]) for kind in ("full",)
        ]
    for name, (python, script, what) in rivals:
        with tempfile.TemporaryDirectory() as folder:
            results = str(Path(folder) / "results.json")
            lists = [str(data / "single.json"), str(data / "images"), results]
            order = [what, *lists] if script.startswith("litert") else [*lists, what]
            done = subprocess.run(
                [python, str(HERE / script), *order], check=True, capture_output=True, text=True
            )
            time_ms = json.loads(done.stdout.splitlines()[-1])["median_ms"]
            figures = evaluate(data, "single", "--score-results", results)
            lines.append(row(name, figures, f"{time_ms:.1f}"))
    return "\n".join(lines)


def ablations(data: Path) -> str:
    """Return the tables of what each step is worth."""
    sys.argv = ["ablation", "--annotations", str(data / "single.json"), "--images", str(data / "images")]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        ablation.main()
    return printed.getvalue().strip()


def stamp() -> str:
    """Return when and with what the tables were made."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("movenet", "openvino", "opencv-python-headless", "numpy")
    )
    return f"{datetime.datetime.now(tz=datetime.timezone.utc).date()}, {processor_name()}, two cores; {packages}."


def put(page: str, name: str, text: str) -> str:
    """Return the page with new text between the markers of a name."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no markers for {name}")
    return pattern.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--mediapipe", help="the Python of an environment with mediapipe")
    parser.add_argument("--only", nargs="+", help="tables to write: single, peers, many, ablation")
    arguments = parser.parse_args()
    data = arguments.shared / "data" / "coco-val-dev"
    parts = {
        "single": lambda: single(data),
        "peers": lambda: peers(data, arguments.shared / "peers", arguments.mediapipe),
        "many": lambda: many(data),
        "ablation": lambda: ablations(data),
    }
    chosen = arguments.only or list(parts)
    for name, measure in {**{name: parts[name] for name in chosen}, "stamp": stamp}.items():
        text = measure()
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")
        print(name, "written", flush=True)


if __name__ == "__main__":
    main()
