"""Fuzz the engines with seeded damaged ONNX files.

    python tools/fuzz_models.py --count 1000

Each case must be refused with a MoveNetError or run, whichever engine opens it; what runs must answer finite poses.
Prints how many did, and every fault with its seed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import warnings
from pathlib import Path

import numpy as np

from fuzzing import mutate_bytes, run_campaign
from movenet.engine import Runtime, open_engine
from movenet.estimator import Estimator
from movenet.models import MODELS

ENGINES = ("openvino", "onnxruntime")
NAMES = ("lightning", "posenet", "lightning-int8")


def damaged_model_case(seed: int) -> str:
    """Open a damaged copy of a model in one of the engines, and estimate the poses of a picture if that succeeds."""
    chance = random.Random(seed)
    original = MODELS[chance.choice(NAMES)].path.read_bytes()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        path = Path(name) / "damaged.onnx"
        path.write_bytes(_damaged(original, chance))
        engine = open_engine(path, Runtime(chance.choice(ENGINES), "fp32"))
        estimator = Estimator(engine, method="whole", min_score=0.0)
        (pose,) = estimator(np.random.default_rng(seed).integers(0, 256, (90, 120, 3), dtype=np.uint8))
    if not (np.isfinite(pose.keypoints).all() and np.isfinite(pose.scores).all()):
        raise AssertionError(f"expected a finite pose, got {pose}")
    return "run"


def _damaged(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes damaged anywhere, or only in the last part, which holds the graph's nodes and properties."""
    if chance.random() < 0.5:
        return mutate_bytes(data, chance)
    start = max(len(data) - 2000, 0) if chance.random() < 0.5 else 0
    end = len(data) if start else 40_000
    return data[:start] + mutate_bytes(data[start:end], chance) + data[end:]


def main() -> None:
    """Run the campaign of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed")
    arguments = parser.parse_args()
    print(run_campaign(damaged_model_case, range(arguments.seed, arguments.seed + arguments.count)))


if __name__ == "__main__":
    main()
