"""Store what each model of the package answers to the photo of the package, for `movenet doctor`.

    python tools/known_answers.py

writes src/movenet/data/known_answers.json. The answers are ONNX Runtime's with graph optimisation off: then int8 models
compute in dequantised floats, which is exact on every processor. To be run whenever a model file changes.
"""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from movenet.atomic import atomic_write
from movenet.decode import Heads
from movenet.doctor import KNOWN_ANSWERS, answer
from movenet.engine import Engine, ScriptedEngine
from movenet.models import MODELS, ModelCard


def plain_engine(card: ModelCard) -> Engine:
    """Return an engine that computes each operation of a model's graph by itself, in float32."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(card.path, options, providers=["CPUExecutionProvider"])

    def run(squares: NDArray[np.uint8]) -> Heads:
        heads = session.run(list(card.heads), {"images": np.ascontiguousarray(squares)})
        return dict(zip(card.heads, heads, strict=True))

    return ScriptedEngine(card, run)


def main() -> None:
    """Write the answers of every model of the table."""
    answers = {
        name: np.round(answer(plain_engine(card)).astype(float), 3).tolist() for name, card in MODELS.items()
    }
    with atomic_write(KNOWN_ANSWERS) as path:
        path.write_text(json.dumps(answers) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
