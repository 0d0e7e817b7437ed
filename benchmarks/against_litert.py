"""One thread, one 720p picture in memory → pose with method "whole": this package against LiteRT with Google's graph.

    pip install ai-edge-litert
    python benchmarks/against_litert.py [--peers FOLDER] [--pictures 300]

Both cut the same square with the same code; LiteRT runs the official graph (fp16 weights, computed in float32 by
XNNPACK, decode inside), this package its default engine and numpy decode. The two take turns, a block of pictures
each, so that a change of the machine's speed meets both. Prints the medians of the blocks' medians and of their ratios.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet import Crop, Estimator, Runtime, read_photo
from movenet.machine import processor_name
from movenet.models import DATA

BLOCK = 20
"""Pictures in a row before the other one's turn: each meets its own data in the caches, as in real use."""
PEERS = Path(__file__).parents[2] / "shared" / "peers"


def litert(graph: Path, side: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return a function from a picture to keypoints (17, 2) in its pixels and scores, by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(graph), num_threads=1)
    interpreter.allocate_tensors()
    put, got = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        crop = Crop.whole(image.shape[1], image.shape[0], side)
        interpreter.set_tensor(put["index"], crop.cut(image)[None].astype(put["dtype"]))
        interpreter.invoke()
        keypoints, _ = crop.decoded_to_image(interpreter.get_tensor(got["index"])[0, 0])
        return keypoints

    return run


def main() -> None:
    """Race both models and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of movenet-*.fp16.tflite")
    parser.add_argument("--pictures", type=int, default=300)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    image = cv2.resize(read_photo(DATA / "astronaut.jpg"), (1280, 720))
    print(f"{processor_name()}, 1280 × 720, one thread, {arguments.pictures} pictures each, {BLOCK} in turn")
    for model in ("lightning", "thunder"):
        ours = Estimator(model, method="whole", min_score=0.0, runtime=Runtime(threads=1))
        theirs = litert(arguments.peers / f"movenet-{model}.fp16.tflite", ours.engine.card.side)
        times = race(partial(ours, image), partial(theirs, image), arguments.pictures)
        ratios = [b / a for a, b in times]
        print(
            f"{model:10s} movenet {ours.engine.precision} {median(a for a, _ in times):6.2f} ms   "
            f"LiteRT fp32 {median(b for _, b in times):6.2f} ms   "
            f"LiteRT / movenet: median {median(ratios):.2f}, middle half {np.quantile(ratios, 0.25):.2f}"
            f" … {np.quantile(ratios, 0.75):.2f}"
        )


def race(one: Callable[[], object], other: Callable[[], object], pictures: int) -> list[tuple[float, float]]:
    """Return the median milliseconds of each block of both, in turn; the first pair is a warm-up."""
    return [(_block(one), _block(other)) for _ in range(1 + pictures // BLOCK)][1:]


def _block(call: Callable[[], object]) -> float:
    return median(_timed(call) for _ in range(BLOCK))


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
