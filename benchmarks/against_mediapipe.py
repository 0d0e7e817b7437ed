"""MoveNet at its defaults against MediaPipe Pose: accuracy and time on the same pictures, in one run.

    python benchmarks/against_mediapipe.py SHARED MEDIAPIPE_PYTHON [--models lightning thunder] [--variant full]

SHARED holds data/coco-val-dev; MEDIAPIPE_PYTHON is the Python of an environment with mediapipe 0.10.21 (see
mediapipe_pose.py). They take turns, a block of pictures each, so that a change of the machine's speed meets all alike.
The milliseconds are medians over the pictures, from the picture in memory to the pose; the ratio is the median of the
pictures' ratios, with its middle half.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from movenet import Estimator, read_photo
from movenet.annotations import to_results
from movenet.bench import Table, this_machine
from movenet.evaluation import read_truth, score, to_estimates

BLOCK = 27
"""Pictures in a turn."""
HERE = Path(__file__).parent
Ask = Callable[[slice], list[float]]


@contextmanager
def mediapipe(python: str, annotations: Path, images: Path, results: Path, variant: str) -> Iterator[Ask]:
    """Start MediaPipe and yield how to ask it for a block: the milliseconds of its pictures."""
    script = [python, str(HERE / "mediapipe_pose.py"), str(annotations), str(images), str(results), variant]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*script, "--turns"], text=True, **pipes) as peer:

        def ask(block: slice) -> list[float]:
            peer.stdin.write(f"{block.start} {block.stop}\n")
            peer.stdin.flush()
            return json.loads(peer.stdout.readline())

        yield ask
        peer.stdin.close()


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


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("mediapipe", help="the Python of an environment with mediapipe")
    parser.add_argument("--models", nargs="+", default=["lightning", "lightning-int8", "thunder"])
    parser.add_argument("--variant", default="full", choices=("lite", "full", "heavy"))
    arguments = parser.parse_args()
    data = arguments.shared / "data" / "coco-val-dev"
    lists = data / "single.json", data / "images"
    truth = read_truth(lists[0])
    pictures = list(truth.images(lists[1]))
    found: dict[str, list] = {model: [] for model in arguments.models}
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        with mediapipe(arguments.mediapipe, *lists, results, arguments.variant) as peer:
            players = {m: ours(Estimator(m), pictures, found[m]) for m in arguments.models} | {"": peer}
            times = take_turns(players, len(pictures))
        found[""] = json.loads(results.read_text())
    rows = []
    for name, results in found.items():
        ap = score(truth, to_estimates(results, truth))["AP"]
        low, middle, high = np.quantile(times[name] / times[""], (0.25, 0.5, 0.75))
        ratio = f"{middle:.2f} ({low:.2f} … {high:.2f})"
        rows.append(
            (
                name or f"MediaPipe Pose {arguments.variant}",
                f"{ap:.3f}",
                f"{np.median(times[name]):.1f}",
                ratio,
            )
        )
    print(Table(("", "AP", "ms", "of MediaPipe's time"), tuple(rows), 1).markdown(), flush=True)
    print(this_machine(), file=sys.stderr)


def take_turns(players: dict[str, Ask], pictures: int) -> dict[str, np.ndarray]:
    """Time every program on every block, each after an idle turn; return milliseconds by picture."""
    for ask in players.values():
        ask(slice(0, 0))
    blocks = [slice(start, min(start + BLOCK, pictures)) for start in range(0, pictures, BLOCK)]
    times: dict[str, list[float]] = {name: [] for name in players}
    for turn, block in enumerate(blocks):
        for name in list(players)[:: -1 if turn % 2 else 1]:
            times[name] += players[name](block)
    return {name: np.array(values) for name, values in times.items()}


if __name__ == "__main__":
    main()
