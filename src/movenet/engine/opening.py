"""From the name of a model and a runtime to an open engine, tried where the model is the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from movenet.decode.families import DECODERS
from movenet.engine.arithmetic import choose_version
from movenet.engine.interface import Engine, Runtime
from movenet.engine.onnxruntime_engine import OnnxRuntimeEngine
from movenet.engine.openvino_engine import OpenVinoEngine
from movenet.engine.torch_engine import TorchEngine
from movenet.errors import EngineError, ModelError
from movenet.machine import has_int8_dot_products
from movenet.models import ModelCard, find_model

ENGINES: Final[Mapping[str, Callable[[ModelCard | Path, Runtime], Engine]]] = {
    "openvino": OpenVinoEngine,
    "onnxruntime": OnnxRuntimeEngine,
    "torch": TorchEngine,
}


def open_engine(model: str | Path, runtime: Runtime | None = None) -> Engine:
    """Load a model, from the table by name or from an ONNX file of the user's own, which is tried once.

    Raises:
        ModelError: if the model is unknown or damaged, or its graph is not what it says of itself.
        EngineError: if the runtime is unknown, missing or cannot do what is asked, or if this processor would
            compute the int8 model wrongly.
    """
    runtime = runtime or Runtime()
    if runtime.engine not in ENGINES:
        raise EngineError(f"expected an engine out of {', '.join(ENGINES)}, got '{runtime.engine}'")
    if runtime.threads is not None and runtime.threads < 1:
        raise EngineError(f"expected at least one thread, got {runtime.threads}")
    found = find_model(model)
    if isinstance(found, ModelCard):
        found = choose_version(found, runtime)
        found.check()
    engine = ENGINES[runtime.engine](found, runtime)
    if runtime.precision == "int8" and not engine.card.is_int8:
        raise EngineError(
            f"{engine.card.path} is no int8 model: make one with  movenet export MODEL --precision int8"
        )
    if not sums_are_exact(engine.card):
        raise EngineError(
            f"{engine.card.path}: its int8 sums overflow on this processor, which has no integer dot products: "
            "export the model again with  movenet export MODEL --precision int8"
        )
    if not isinstance(found, ModelCard):
        _try(engine)
    return engine


def sums_are_exact(card: ModelCard) -> bool:
    """Tell whether this processor computes a model's sums exactly: float models, int8 ones made for it, or all."""
    return not card.is_int8 or card.int8_sums == "exact" or has_int8_dot_products()


def _try(engine: Engine) -> None:
    """Run a model on a black square and decode the heads, so that what does not fit is found at once."""
    card = engine.card
    heads = engine(np.zeros((1, card.side, card.side, 3), np.uint8))
    decoder = DECODERS[card.family]
    try:
        found = decoder.decode_one(heads, None, 0)
        if card.is_multi_person:
            decoder.decode_many(heads, 0.5)
    except EngineError as error:
        raise ModelError(f"{card.path} is not the network it says it is: {error}") from None
    if found.shape[1] != card.keypoints:
        raise ModelError(f"{card.path}: expected heads of {card.keypoints} keypoints, got {found.shape[1]}")
