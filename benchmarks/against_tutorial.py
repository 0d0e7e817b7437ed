"""A video annotated as the tutorials do it, against `movenet run` on the same video in the same run.

    pip install ai-edge-litert
    python benchmarks/against_tutorial.py [--media FOLDER] [--peers FOLDER] [--turns 5] [--seconds 10] [--cores 2]

The tutorial: read a frame with OpenCV, pad it to a square, run Google's graph in LiteRT (float32), draw the keypoints
and bones with OpenCV, write with OpenCV (mp4v), one frame after the other. It shows every whole frame to the model.
`movenet run` follows the person, smooths, and writes H.264; so it does more. The models are loaded before.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import footage
import laps
from movenet.bench import Table
from movenet.engine import Runtime
from movenet.estimator import Estimator
from movenet.machine import threads_for_video
from movenet.media.writers.base import WriterSettings
from movenet.pose import BONES
from movenet.video import VideoEstimator
from transcode import annotate

PEERS = Path(__file__).parents[1].parent / "shared" / "peers"
MODELS = ("lightning", "thunder")
SIDES = {"lightning": 192, "thunder": 256}

Detector = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def litert(graph: Path, side: int, threads: int | None) -> Detector:
    """Return a function from a BGR picture to keypoints (17, 3): x, y in its pixels, score."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(graph), num_threads=threads)
    interpreter.allocate_tensors()
    put, got = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = bgr.shape[:2]
        edge = max(height, width)
        top, left = (edge - height) // 2, (edge - width) // 2
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        padded = cv2.copyMakeBorder(
            rgb, top, edge - height - top, left, edge - width - left, cv2.BORDER_CONSTANT
        )
        square = cv2.resize(padded, (side, side))
        interpreter.set_tensor(put["index"], square[None].astype(put["dtype"]))
        interpreter.invoke()
        y, x, score = interpreter.get_tensor(got["index"])[0, 0].T
        return np.stack([x * edge - left, y * edge - top, score], axis=1)

    return run


def tutorial(path: Path, out: Path, detect: Detector) -> None:
    """Read, detect, draw and write one frame after the other."""
    video = cv2.VideoCapture(str(path))
    size = (int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    copy = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), video.get(cv2.CAP_PROP_FPS), size)
    while True:
        there, frame = video.read()
        if not there:
            break
        keypoints = detect(frame)
        points, seen = keypoints[:, :2].astype(int).tolist(), keypoints[:, 2] > 0.3
        for a, b in BONES:
            if seen[a] and seen[b]:
                cv2.line(frame, points[a], points[b], (255, 255, 0), 2)
        for point, there in zip(points, seen, strict=True):
            if there:
                cv2.circle(frame, point, 4, (0, 0, 255), -1)
        copy.write(frame)
    copy.release()
    video.release()


def as_it_comes(path: Path, out: Path, detect: Detector) -> None:
    """Run the tutorial with OpenCV as it is out of the box: `movenet run` gives it one thread."""
    cv2.setNumThreads(-1)
    tutorial(path, out, detect)


def ours(path: Path, out: Path, video_estimator: VideoEstimator) -> None:
    """Make the annotated video as `movenet run` does."""
    cv2.setNumThreads(1)
    annotate(path, out, WriterSettings(), video_estimator)


def rows(model: str, clip: footage.Clip, path: Path, peers: Path, turns: int) -> list[tuple[str, ...]]:
    """Let the tutorial, with two numbers of threads, and ours take turns; return lines of the table."""
    graph, out = peers / f"movenet-{model}.fp16.tflite", path.with_name("out.mp4")
    video_estimator = VideoEstimator(Estimator(model, runtime=Runtime(threads=threads_for_video())))
    theirs = {
        threads: partial(as_it_comes, path, out, litert(graph, SIDES[model], number))
        for threads, number in (("LiteRT's own number", None), ("2", 2))
    }
    found = laps.take_turns({**theirs, "ours": partial(ours, path, out, video_estimator)}, clip.frames, turns)
    lines = []
    for threads in theirs:
        figures = (f"{laps.wall_ms(found[threads]):.2f}", f"{laps.wall_ms(found['ours']):.2f}")
        lines.append((clip.name, model, threads, *figures, laps.times(found[threads], of=found["ours"])))
    return lines


def main() -> None:
    """Measure and print."""
    found = laps.arguments(__doc__, turns=5)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in (footage.WALKER_720, footage.BALANCE_720):
            wanted = replace(clip, seconds=found.seconds)
            path = wanted.make(found.media, Path(folder))
            for model in MODELS:
                lines += rows(model, wanted, path, PEERS, found.turns)
    heads = (
        "clip",
        "model",
        "tutorial's threads",
        "tutorial, ms per frame",
        "ours, ms per frame",
        "times as fast",
    )
    note = f"{found.cores} cores. Ratios are medians of {found.turns} turns, with their middle half."
    laps.show(Table(heads, tuple(lines), 3, (note,)))


if __name__ == "__main__":
    main()
